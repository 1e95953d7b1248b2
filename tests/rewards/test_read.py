"""Where the JSON of a response may stand."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import ComponentStatus, RewardStatus
from adjudge.rewards.base import answer_of
from adjudge.rewards.registry import RewardConfig, build_reward
from adjudge.testing.builders import make_comment, make_review, make_rollout, make_sample

REVIEW = make_review([make_comment()])
SCHEMA = {"type": "json_schema", "inline": {"type": "object", "required": ["comments"]}}
PLACES = {
    "bare": (REVIEW, "strict"),
    "space around": (f"\n {REVIEW} \n", "strict"),
    "fence": (f"```json\n{REVIEW}\n```", "fenced"),
    "fence without a word": (f"\n```\n{REVIEW}```\n", "fenced"),
    "fence around a fence": (f"```json\n{make_review([make_comment(comment='say ```x```')])}\n```", "fenced"),
    "prose": (f"Here it is: {REVIEW} Anything else?", "anywhere"),
    "prose and fence": (f"Here it is:\n```json\n{REVIEW}\n```\nDone.", "anywhere"),
    "braces in prose": (f"The {{placeholder}} is {REVIEW}", "anywhere"),
    "two answers": (f"{REVIEW}\n{make_review([])}", None),
    "two fences": (f"```json\n{REVIEW}\n```\n```json\n{REVIEW}\n```", None),
    "a key twice in prose": ('So: {"comments": [], "comments": []}', None),
    "half a surrogate in prose": ('So: {"comments": ["\\ud800"]}', None),
    "cut": (REVIEW[:-3], None),
    "nothing": ("", None),
}
STRICTNESS = ["strict", "fenced", "anywhere"]
LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), LEAVES, max_size=3)


@pytest.mark.parametrize("read", STRICTNESS)
@pytest.mark.parametrize(("response", "needs"), PLACES.values(), ids=PLACES.keys())
def test_a_response_is_read_where_its_policy_lets_it_stand(ask, response, needs, read):
    """What is looser takes what is stricter too; what no policy takes is never JSON."""
    taken = needs is not None and STRICTNESS.index(needs) <= STRICTNESS.index(read)
    assert ask(SCHEMA, response, read=read).value == float(taken)


@given(
    OBJECTS, st.sampled_from(STRICTNESS), st.text(st.characters(exclude_characters="{}`\\", exclude_categories=["Cs"]))
)
def test_what_is_read_is_what_was_written(value, read, prose):
    """The value is the same through a fence and through prose, and what stands around it is kept."""
    text = json.dumps(value)
    assert answer_of(make_rollout(response=text), read).value == value
    assert answer_of(make_rollout(response=f"```json\n{text}\n```"), "fenced").value == value
    found = answer_of(make_rollout(response=f"{prose}{text}{prose}"), "anywhere")
    assert found.value == value
    assert prose.strip() in found.rest or not prose.strip()


@given(st.text() | st.text('{}[]`\n":,jsona1\\'))
def test_reading_never_raises(response):
    """Any text has an answer or a reason, under every policy."""
    for read in STRICTNESS:
        found = answer_of(make_rollout(response=response), read)
        assert found.value is None or not found.problem
        assert found.problem or found.text


def test_all_components_read_as_the_reward_says():
    """One word in the reward; a component's own word comes first."""
    prose, sample = PLACES["prose"][0], make_sample(reference_answer={"comments": [make_comment()]})
    terms = [{"type": "set_match"}, {"type": "quote_in_document"}, {**SCHEMA, "read": "strict"}]
    reward = build_reward(RewardConfig.model_validate({"read": "anywhere", "terms": terms}), None, None)
    result = asyncio.run(reward.score(sample, make_rollout(response=prose)))
    assert [part.value for part in result.components] == [1.0, 1.0, 0.0]


class Showing:
    """A fake judge that keeps what it was shown, and gives no verdict."""

    name = fingerprint = "showing"

    def __init__(self):
        self.seen = []

    async def judge(self, sample, rollout):
        self.seen.append(rollout)
        raise RuntimeError("no verdict")


@pytest.mark.parametrize(("items", "shown"), [("comments", REVIEW), (None, PLACES["prose"][0])])
def test_a_judge_of_items_is_shown_the_json_alone(items, shown):
    """Its own reader is strict: with text around, it would fail on what the policy was allowed to write."""
    judge = Showing()
    config = {"read": "anywhere", "terms": [{"type": "judged", "items": items}]}
    reward = build_reward(RewardConfig.model_validate(config), judge, None)
    asyncio.run(reward.score(make_sample(), make_rollout(response=PLACES["prose"][0])))
    assert [(rollout.id, rollout.response) for rollout in judge.seen] == [("r1", shown)]


def test_two_answers_never_reach_a_judge():
    """Which of two objects counts is not for the policy to play with: the floor, and no call."""
    judge = Showing()
    config = {"read": "anywhere", "terms": [{"type": "judged", "items": "comments"}]}
    reward = build_reward(RewardConfig.model_validate(config), judge, None)
    result = asyncio.run(reward.score(make_sample(), make_rollout(response=PLACES["two answers"][0])))
    assert (result.status, judge.seen) == (RewardStatus.GATED, [])


def test_the_json_is_read_once_and_not_carried_into_copies():
    """All components share one reading; a changed copy of the rollout has its own."""
    rollout = make_rollout(response=REVIEW)
    assert rollout.answer is rollout.answer
    assert rollout.model_copy(update={"response": "[1]"}).answer.value == [1]
    assert "answer" not in rollout.model_dump()


def test_items_may_stand_deeper(ask):
    """A path leads to the items, through every element of a list where it says so."""
    nested = json.dumps(
        {"parts": [{"comments": [make_comment()]}, {"comments": [make_comment(text_excerpt="nowhere at all")]}]}
    )
    assert ask({"type": "quote_in_document", "items": "parts[*].comments[*]"}, nested).value == 0.5
    assert ask({"type": "quote_in_document", "items": "parts"}, "{}").status is ComponentStatus.NOT_APPLICABLE


def test_a_key_that_looks_like_a_path_does_not_stand_in_for_it(ask):
    """The judge follows the path; a key spelled like it must not show other items to the reward."""
    trick = json.dumps({"a.b": [make_comment()], "a": {"b": [make_comment(text_excerpt="words that are nowhere")]}})
    assert ask({"type": "quote_in_document", "items": "a.b"}, trick).value == 0.0


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a[x]"])
def test_what_is_no_path_is_refused(path):
    """At the task's loading, not at the first response."""
    with pytest.raises(ValidationError):
        RewardConfig.model_validate({"terms": [{"type": "duplicates", "items": path}]})
