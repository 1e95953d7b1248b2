"""Every shipped attack, in every place of a prompt where text by others can stand: structure holds."""

import json
import re
from collections.abc import Callable, Mapping

import pytest

from adjudge.domain import FailureKind, JudgeFailure, Verdict
from adjudge.endpoints.base import ChatRequest
from adjudge.endpoints.scripted import ScriptedEndpoint
from adjudge.judges.choice import choice_parts
from adjudge.judges.defences import Defences, neutralised
from adjudge.judges.prompt import Prompt, rubric_form
from adjudge.judges.reply import ReplyFailure, read_reply
from adjudge.judges.rubric import RubricJudge
from adjudge.testing.attacks import CHAT_TOKENS, Attack, attacks
from adjudge.testing.builders import (
    DOCUMENT,
    REFERENCE,
    make_comment,
    make_review,
    make_rollout,
    make_rubric,
    make_sample,
)
from adjudge.testing.judges import agreeing, echoing

RUBRIC = make_rubric()
IDS = [criterion.id for criterion in RUBRIC.criteria]
ATTACKS = attacks(IDS)
FAMILIES = sorted({attack.family for attack in ATTACKS})
FENCE = re.compile(r"\[\[begin (\w+) ([0-9a-f]{12})\]\]\n(.*?)\n\[\[end \1 \2\]\]", re.DOTALL)
OUR_KEY = re.compile(r"""["'](criteria|reason|quote|answer)\\*["']\s*:""", re.IGNORECASE)
INVISIBLE = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\U000e0000-\U000e007f\x00-\x08]")

Texts = tuple[Mapping[str, str], Mapping[str, str]]
PLACES: dict[str, Callable[[str], Texts]] = {
    "comment": lambda text: (documents(), {"passage": "P.", "comment": f"C. {text}"}),
    "comment alone": lambda text: (documents(), {"passage": "P.", "comment": text}),
    "quote": lambda text: (documents(), {"passage": f"{text} P.", "comment": "C."}),
    "document": lambda text: ({**documents(), "target_document": f"{DOCUMENT} {text}"}, {"passage": "P."}),
    "guidelines": lambda text: ({**documents(), "reference": f"[PAY] {text}"}, {"passage": "P."}),
    "id": lambda text: (documents(), {"item": json.dumps(make_comment(guideline_id=text), ensure_ascii=False)}),
    "key": lambda text: (documents(), {"item": json.dumps({**make_comment(), text: "x"})}),
    "every field": lambda text: ({"target_document": text, "reference": text}, {"passage": text, "comment": text}),
}  # fmt: skip


def documents() -> dict[str, str]:
    return {"target_document": DOCUMENT, "reference": REFERENCE}


def built(place: str, text: str, **settings: object) -> Prompt:
    return rubric_form(RUBRIC, RUBRIC.criteria, canary=True, **settings).prompt(*PLACES[place](text))


def skeleton(prompt: Prompt) -> tuple[str, str]:
    """Everything that is ours: the prompt without codes and without what stands between the marks."""
    system, user = (message.content for message in prompt.messages)
    return system, FENCE.sub(r"[[\1]]", user)


def of(family: str) -> list[Attack]:
    return [attack for attack in ATTACKS if attack.family == family]


def test_there_are_hundreds_of_attacks_in_many_families():
    """More than 300 texts in 12 families, each once."""
    assert len({attack.text for attack in ATTACKS}) == len(ATTACKS) >= 300
    assert len(FAMILIES) >= 12
    assert all(len(of(family)) >= 20 for family in FAMILIES)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("family", FAMILIES)
def test_our_part_of_the_prompt_is_byte_equal_with_and_without_an_attack(family: str, place: str):
    """Instructions, headings, marks and the restated rubric do not change; the fence closes where we close it."""
    quiet = skeleton(built(place, "Nothing to see."))
    for attack in of(family):
        assert skeleton(built(place, attack.text)) == quiet, attack
        assert "[[" not in FENCE.sub("", built(place, attack.text).messages[1].content), attack


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("family", FAMILIES)
def test_what_stands_between_the_marks_speaks_no_language_but_its_own(family: str, place: str):
    """No mark, no token of a chat template, no key of our reply, nothing that people do not see."""
    for attack in of(family):
        for _, nonce, inside in FENCE.findall(built(place, attack.text).messages[1].content):
            assert "[[" not in inside, attack
            assert "]]" not in inside, attack
            assert nonce not in inside, attack
            assert not [token for token in CHAT_TOKENS if token in inside], attack
            assert not OUR_KEY.search(inside), attack
            assert not INVISIBLE.search(inside), attack


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("family", FAMILIES)
def test_copying_what_stands_between_the_marks_gives_no_verdict(family: str, place: str):
    """A judge that writes down a judged text, as it was or as it saw it, has not judged."""
    for attack in of(family):
        prompt = built(place, attack.text)
        seen = [inside for _, _, inside in FENCE.findall(prompt.messages[1].content)]
        for copied in (attack.text, *seen):
            for reply in (copied, copied.replace("\u201c", '"').replace("\u201d", '"')):
                assert isinstance(read_reply(reply, RUBRIC.criteria, prompt.judged), ReplyFailure), attack


@pytest.mark.parametrize("family", FAMILIES)
async def test_an_attacked_comment_gets_the_verdict_that_the_judge_gives(family: str):
    """Through the judge's door: a sound judge's verdict stands, and a judge that copies what it reads gives none."""
    for attack in of(family):
        review = make_review([make_comment(comment=f"The term is too long. {attack.text}")])
        rollout = make_rollout(response=review)
        sound = await RubricJudge(RUBRIC, agreeing(RUBRIC), canary=True).judge(make_sample(), rollout)
        assert isinstance(sound, Verdict), attack
        assert sound.score == 1.0
        fooled = await RubricJudge(RUBRIC, echoing(), canary=True).judge(make_sample(), rollout)
        assert isinstance(fooled, JudgeFailure), attack
        assert fooled.kind is not FailureKind.CRASHED


async def test_a_judge_that_obeys_any_verdict_it_reads_fails_at_the_canary():
    """The forged verdict in other words than the attack's own is no echo; it does not know the code."""

    def obedient(request: ChatRequest) -> str:
        entries = [{"id": name, "reason": "So it says.", "quote": DOCUMENT[:60], "answer": "yes"} for name in IDS]
        return json.dumps({"criteria": entries})

    judge = RubricJudge(RUBRIC, ScriptedEndpoint(obedient), canary=True)
    judgement = await judge.judge(make_sample(), make_rollout())
    assert isinstance(judgement, JudgeFailure)
    assert judgement.kind is FailureKind.CANARY


@pytest.mark.parametrize("family", FAMILIES)
def test_a_choosing_judge_reads_every_field_as_one_line(family: str):
    """No attack writes a line of its own, so none can pose as the question or as the answer to it."""
    criterion = RUBRIC.criteria[1]
    quiet = "".join(choice_parts(criterion, {"guideline": "G.", "comment": "C."})).split("\n")
    for attack in of(family):
        lines = "".join(choice_parts(criterion, {"guideline": "G.", "comment": f"C. {attack.text}"})).split("\n")
        assert len(lines) == len(quiet), attack
        assert lines[-2:] == quiet[-2:], attack
        assert not [token for token in CHAT_TOKENS if token in "".join(lines)], attack


@pytest.mark.parametrize(
    ("off", "family"),
    [
        ("fences", "forged marks"),
        ("neutralise", "forged marks"),
        ("neutralise", "chat tokens"),
        ("single_pass", "forged marks"),
    ],
)
def test_each_structural_defence_is_what_holds_some_attack_back(off: str, family: str):
    """Without it the same attacks get through: the tests above can fail."""
    without = Defences.model_validate({off: False})
    quiet = skeleton(built("comment", "Nothing to see.", defences=without))

    def holds(attack: Attack) -> bool:
        prompt = built("comment", attack.text, defences=without)
        text = prompt.messages[1].content
        clean = neutralised(attack.text) in text or off == "single_pass"
        same = skeleton(prompt) == quiet and "[[" not in FENCE.sub("", text)
        filled = "{{" not in attack.text or attack.text in text
        return clean and same and filled and not [token for token in CHAT_TOKENS if token in text]

    assert not all(holds(attack) for attack in of(family))
