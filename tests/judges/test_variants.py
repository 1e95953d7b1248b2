import itertools
import re

import pytest

from adjudge.domain.rubric import Answer, Criterion, EdgeRule, EvidenceRule, Rubric, Scale
from adjudge.judges.choice import choice_parts
from adjudge.judges.prompt import rubric_form
from adjudge.judges.reply import read_reply
from adjudge.judges.variants import CONTROLS, FRAMES, MEANING_KEPT, Wordings, variants
from adjudge.testing.builders import make_rubric
from adjudge.testing.judges import reply_json

GRADED = Scale(answers=tuple(Answer(label=str(n), anchor=f"anchor {n}") for n in range(1, 6)))


def rubric_of(*criteria: Criterion, **more) -> Rubric:
    return Rubric(name="r", criteria=criteria, **more)


def graded() -> Rubric:
    return rubric_of(
        Criterion(
            id="clear", question="How clear is it?", choice_prompt="Clear, 1 to 5?", scale=GRADED, reads=("a", "b")
        ),
        Criterion(id="short", question="How short is it?", scale=GRADED, weight=-2.0),
        fields={"a": "A", "b": "B", "c": "C"},
    )


RUBRICS = {"boolean": make_rubric(), "graded": graded()}


@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=RUBRICS)
def test_variants_keep_ids_weights_and_scores(rubric: Rubric):
    """Answers to a variant stand beside those to the rubric: same ids, weights, number of answers and labels."""
    found = variants(rubric)
    assert {name.partition("/")[0] for name in found} <= {*MEANING_KEPT, *CONTROLS}
    for name, variant in found.items():
        assert sorted(c.id for c in variant.criteria) == sorted(c.id for c in rubric.criteria), name
        for criterion in variant.criteria:
            own = rubric.criterion(criterion.id)
            assert criterion.weight == own.weight
            assert sorted(criterion.scale.offered) == sorted(own.scale.offered)
            if name != "scale_reversed":
                assert criterion.scale.labels == own.scale.labels
        # What was copied is as valid as what is read from a file.
        assert Rubric.model_validate(variant.model_dump()) == variant


@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=RUBRICS)
def test_every_variant_changes_what_the_judge_reads(rubric: Rubric):
    """No variant is the rubric, or another variant, under another name."""
    told = [repr(variant) for variant in [rubric, *variants(rubric).values()]]
    assert all(one != other for one, other in itertools.combinations(told, 2))


def test_there_are_four_rewordings_that_hold_the_question():
    """Each re-wording holds the question as it is, in the prompt and in the prompt for choosing; answers stay."""
    rubric = graded()
    found = {name: variant for name, variant in variants(rubric).items() if name.startswith("reworded/")}
    assert len(found) == len(FRAMES) >= 4
    for variant in found.values():
        clear = variant.criterion("clear")
        assert "How clear is it?" in clear.question
        assert "Clear, 1 to 5?" in (clear.choice_prompt or "")
        assert clear.scale == GRADED
        assert variant.criterion("short").choice_prompt is None


def test_own_words_come_after_the_generated_ones():
    """A criterion without so many re-wordings is not asked in the later variants."""
    words = Wordings(rewordings={"clear": ["Is it clear?", "Could one follow?"], "short": ["Is it brief?"]})
    found = variants(graded(), words)
    first, second = found[f"reworded/{len(FRAMES) + 1}"], found[f"reworded/{len(FRAMES) + 2}"]
    assert [c.question for c in first.criteria] == ["Is it clear?", "Is it brief?"]
    assert [c.choice_prompt for c in first.criteria] == ["Is it clear?", None]
    assert [c.question for c in second.criteria] == ["Could one follow?"]


def test_words_for_nobody_are_an_error():
    """A misspelt criterion is not left out in silence."""
    with pytest.raises(KeyError, match="claer"):
        variants(graded(), Wordings(rewordings={"claer": ["Is it clear?"]}))


def test_orders_move_criteria_and_fields():
    """Reversed and with the second half first; two criteria have one other order, three fields have two."""
    found = variants(graded())
    assert [c.id for c in found["criteria_order/1"].criteria] == ["short", "clear"]
    assert "criteria_order/2" not in found
    assert list(found["field_order/1"].fields) == ["c", "b", "a"]
    assert list(found["field_order/2"].fields) == ["b", "c", "a"]
    assert found["field_order/1"].criterion("clear").reads == ("b", "a")


def test_numbers_turn_round_and_anchors_stay_with_their_score():
    """Reversed, 1 is the best answer: it has the score and the anchor that 5 had, and the question says so."""
    turned = variants(graded())["scale_reversed"].criterion("clear")
    assert turned.scale.score("1") == 1.0
    assert turned.scale.answers[-1] == Answer(label="1", anchor="anchor 5")
    assert re.search(r"1 is the best answer and 5 the worst", turned.question)
    assert "scale_reversed" not in variants(make_rubric())


def test_a_negated_yes_is_a_no():
    """A Boolean question is asked for its opposite, with the other answer's anchor and without a quote."""
    scale = Scale(answers=(Answer(label="no", anchor="It is not."), Answer(label="yes", anchor="It is.")))
    rubric = rubric_of(Criterion(id="good", question="Is it good?", scale=scale, evidence=EvidenceRule()))
    negated = variants(rubric)["negated"].criterion("good")
    assert negated.question == 'Is "no" the right answer to this question: Is it good?'
    assert negated.scale.answers[1] == Answer(label="yes", anchor="It is not.")
    assert negated.evidence is None
    own = variants(rubric, Wordings(negations={"good": "Is it bad?"}))["negated"].criterion("good")
    assert own.question == "Is it bad?"


def test_a_negated_grade_asks_for_the_other_end():
    """On a graded scale the question says which end is meant, and anchors are mirrored."""
    negated = variants(graded())["negated"].criterion("clear")
    assert '"5" where you would answer "1"' in negated.question
    assert negated.scale.answers[0] == Answer(label="1", anchor="anchor 5")


def test_criteria_swap_questions_with_all_that_belongs_to_them():
    """Question, choice prompt, anchors and texts of the next criterion with the same answers, under the old id."""
    one = Criterion(id="one", question="Is it one?", reads=("a",))
    word = Scale(answers=(Answer(label="bad"), Answer(label="good")))
    odd = Criterion(id="odd", question="Is it odd?", scale=word)
    two = Criterion(id="two", question="Is it two?", choice_prompt="Two?", reads=("b",))
    cases = (EdgeRule(when="item_missing", key="k", answer="lowest", criteria=("odd",)), "Told.")
    rubric = Rubric.model_validate({**rubric_of(one, odd, two, items={"path": "x"}).model_dump(), "edge_cases": cases})
    swapped = variants(rubric)["swapped_criterion"]
    assert [(c.id, c.question, c.reads) for c in swapped.criteria] == [
        ("one", "Is it two?", ("b",)),
        ("two", "Is it one?", ("a",)),
    ]
    assert swapped.criteria[0].choice_prompt == "Two?"
    assert swapped.edge_cases == ("Told.",)


def test_a_single_criterion_has_nothing_to_swap_or_to_order():
    """What cannot be done is left out, not done in name only."""
    found = variants(rubric_of(Criterion(id="good", question="Is it good?")))
    assert {name.partition("/")[0] for name in found} == {"reworded", "negated"}


@pytest.mark.parametrize("name", variants(make_rubric()))
def test_every_variant_can_be_put_to_both_kinds_of_judges(name: str):
    """The prompt of a writing judge and those of a choosing one hold the variant's words, and are not the rubric's."""
    rubric, variant = make_rubric(), variants(make_rubric())[name]
    texts = {
        "passage": "Pay in 90 days.",
        "guideline": "30 days.",
        "comment": "Too long.",
        "recommended_action": "Cut.",
    }
    documents = {"target_document": "Pay in 90 days.", "reference": "[PAY-1] 30 days."}

    def told(some: Rubric) -> list[str]:
        shown = {field: documents[field] for field in some.fields}
        item = {field: texts[field] for criterion in some.criteria for field in criterion.reads}
        asked = [choice_parts(criterion, texts) for criterion in some.criteria]
        return [message.content for message in rubric_form(some, some.criteria).prompt(shown, item).messages] + [
            "".join(parts) for parts in asked
        ]

    assert told(variant) != told(rubric)
    for criterion in variant.criteria:
        assert criterion.question in told(variant)[0]


def test_a_reply_is_read_by_the_variants_scale():
    """On a reversed scale the reply "1" is the best answer, and the id is the one that was asked."""
    turned = variants(graded())["scale_reversed"]
    found = read_reply(reply_json({"clear": "1", "short": "5"}), turned.criteria, [])
    scores = {one.criterion: turned.criterion(one.criterion).scale.score(one.answer) for one in found.answers}
    assert scores == {"clear": 1.0, "short": 0.0}
