"""How long a response is, and how long beside its siblings."""

import asyncio
import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import ComponentStatus
from adjudge.errors import MissingError
from adjudge.rewards.registry import RewardConfig, build_reward
from adjudge.testing.builders import make_comment, make_group, make_review, make_rollout, make_sample

BAND = {"type": "length_band", "low": 2, "high": 4, "soft": 2}
GROUP = {"type": "length_in_group"}


def values(part, responses, **more):
    config = RewardConfig.model_validate({"terms": [part, {"type": "minimum_content"}], **more})
    rewards = asyncio.run(build_reward(config, None, None).score_group(make_group(responses)))
    return [reward.component(part["type"]).value for reward in rewards]


@pytest.mark.parametrize(("items", "value"), [(0, 0.0), (1, 0.5), (2, 1.0), (4, 1.0), (5, 0.5), (9, 0.0)])
def test_items_are_counted_where_asked(ask, items, value):
    """The same band over the number of items; no list has no number of them."""
    part = {**BAND, "unit": "items"}
    assert ask(part, make_review([make_comment()] * items)).value == value
    assert ask(part, "no json").status is ComponentStatus.NOT_APPLICABLE


@pytest.mark.parametrize(("text", "value"), [("", 0.0), ("abcd", 0.5), ("abcdefgh", 1.0), ("é" * 10, 0.5)])
def test_tokens_are_bytes_through_four_where_no_tokenizer_is_named(ask, text, value):
    """The approximation is the stated one, and the detail says that it is one."""
    found = ask({**BAND, "unit": "tokens"}, text)
    assert found.value == value
    assert found.detail.startswith("about") == (value < 1)


def test_tokens_of_the_policy_are_those_that_were_kept(ask):
    """Exact where the sampler gave them, and nothing to say where it did not."""
    part = {**BAND, "unit": "tokens", "tokenizer": "policy"}
    assert ask(part, make_rollout().model_copy(update={"tokens": (1, 2, 3, 4, 5)})).value == 0.5
    assert ask(part, "text").status is ComponentStatus.NOT_APPLICABLE


def test_tokens_are_those_of_a_tokenizer_beside_the_task(tmp_path):
    """A tokenizer.json that makes one token of each word."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "?": 1}, unk_token="?"))  # noqa: S106 (a token of text)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    part = {**BAND, "unit": "tokens", "tokenizer": "tokenizer.json"}
    reward = build_reward(RewardConfig.model_validate({"terms": [part]}), None, tmp_path)
    assert asyncio.run(reward.score(make_sample(), make_rollout(response="a word a word \ud800"))).value == 0.5


def test_a_tokenizer_that_is_not_there_is_told(tmp_path):
    """By name, before any response is scored."""
    pytest.importorskip("tokenizers")
    (tmp_path / "tokenizer.json").write_text("{}")
    part = {**BAND, "unit": "tokens", "tokenizer": "tokenizer.json"}
    with pytest.raises(MissingError, match=r"tokenizer\.json"):
        build_reward(RewardConfig.model_validate({"terms": [part]}), None, tmp_path)


@pytest.mark.parametrize(
    "part",
    [
        {**BAND, "unit": "words", "tokenizer": "policy"},
        {**GROUP, "high": 0.5},
        {**GROUP, "low": 1.5},
        {**GROUP, "soft": 0.0},
        {**GROUP, "high": 1e300},
    ],
)
def test_a_size_that_makes_no_sense_is_refused(part):
    """A tokenizer for words; a band that does not hold the median."""
    with pytest.raises(ValidationError):
        RewardConfig.model_validate({"terms": [part]})


def test_a_response_is_measured_by_its_siblings():
    """Median 100: 120 is inside, 150 and 175 fall off as stated, 300 is worth nothing."""
    sizes = [100, 100, 100, 100, 120, 150, 175, 300, 20, 90]
    part = {**GROUP, "low": 0.5, "high": 1.25, "soft": 0.5}
    median = statistics.median(sizes)
    assert median == 100
    assert values(part, ["x" * size for size in sizes]) == pytest.approx([1, 1, 1, 1, 1, 0.5, 0, 0, 0.4, 1])


@given(st.lists(st.integers(0, 400), min_size=2, max_size=12), st.randoms())
def test_the_order_of_a_group_does_not_matter(sizes, dice):
    """Each response has its score by its size and the group's median alone, within [0, 1]."""
    before = dict(zip(sizes, values(GROUP, ["x" * size for size in sizes]), strict=True))
    dice.shuffle(sizes)
    assert values(GROUP, ["x" * size for size in sizes]) == [before[size] for size in sizes]
    assert all(0 <= value <= 1 for value in before.values())


def test_groups_do_not_mix():
    """Two groups scored side by side have their own medians, and the reward is as it was."""
    config = RewardConfig.model_validate({"terms": [GROUP, {"type": "minimum_content"}]})
    reward = build_reward(config, None, None)

    async def both():
        short, long = make_group(["x" * 10] * 3), make_group(["x" * 1000] * 3)
        return await asyncio.gather(reward.score_group(short), reward.score_group(long))

    for rewards in asyncio.run(both()):
        assert [given.value for given in rewards] == [1.0] * 3
    alone = asyncio.run(reward.score(make_sample(), make_rollout()))
    assert alone.component("length_in_group").detail == "no group to compare with"


def test_one_response_has_no_siblings():
    """A group of one, and one where no sibling has such a size: nothing to compare with."""
    assert values(GROUP, ["text"]) == [None]
    part = {**GROUP, "unit": "items"}
    assert values(part, [make_review([make_comment()]), "no json", "{}"]) == [None, None, None]


def test_a_reward_says_whether_it_needs_the_group():
    """Trainers that score one by one can refuse it, or wait."""
    for part, needed in ((GROUP, True), (BAND, False)):
        assert build_reward(RewardConfig.model_validate({"terms": [part]}), None, None).needs_group is needed


def test_a_group_gate_stops_what_sticks_out():
    """As a gate it stops every response that is not in the band."""
    config = RewardConfig.model_validate({"gates": [GROUP], "terms": [{"type": "minimum_content"}], "floor": 0.0})
    rewards = asyncio.run(build_reward(config, None, None).score_group(make_group(["x" * n for n in (9, 9, 9, 90)])))
    assert [reward.value for reward in rewards] == [1.0, 1.0, 1.0, 0.0]


@given(st.text())
def test_any_text_has_a_size(ask, response):
    """In every unit, also with half a surrogate in it."""
    for unit in ("characters", "words", "tokens"):
        assert 0 <= ask({**BAND, "unit": unit}, response).value <= 1
    found = ask({**BAND, "unit": "items"}, json.dumps({"comments": response}))
    assert found.status is ComponentStatus.NOT_APPLICABLE
