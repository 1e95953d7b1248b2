"""The synchronous door, and samples as other trainers carry them."""

import asyncio
import threading

import pytest

from adjudge import run_sync
from adjudge.domain import Message, Reward, RewardStatus, Sample
from adjudge.errors import ConfigError, DataError, RewardError
from adjudge.pipeline.trainers import reward_for
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.json_schema import JsonSchema
from adjudge.rewards.judged import Judged, JudgedConfig
from adjudge.serving.adapters.door import Door
from adjudge.serving.adapters.numbers import numbers
from adjudge.serving.adapters.rows import packed, sample_of, text_of, unpacked
from adjudge.testing.builders import make_sample


class Told:
    """A fake reward: the response says what it is; remembers its loop and its groups."""

    def __init__(self):
        self.loops, self.groups = set(), []

    async def score(self, sample, rollout):
        self.loops.add(asyncio.get_running_loop())
        if rollout.response == "raise":
            raise RewardError("It failed.", "It was told to.", "Tell it otherwise.")
        if rollout.response == "masked":
            return Reward(rollout_id=rollout.id, value=None, status=RewardStatus.MASKED)
        if rollout.response == "neutral":
            return Reward(rollout_id=rollout.id, value=0.5, status=RewardStatus.FALLBACK)
        return Reward(rollout_id=rollout.id, value=float(rollout.response), status=RewardStatus.SCORED)

    async def score_group(self, group):
        self.groups.append([rollout.response for rollout in group.rollouts])
        return tuple([await self.score(group.sample, rollout) for rollout in group.rollouts])


async def seven():
    await asyncio.sleep(0)
    return 7


def test_run_sync_works_with_and_without_a_running_loop():
    """A script and a notebook both get the result."""

    async def inside():
        return run_sync(seven())

    assert run_sync(seven()) == 7
    assert asyncio.run(inside()) == 7


def test_a_door_is_a_plain_callable():
    """A number; None where the judge failed, also where the task has a neutral value for others."""
    with Door.of(Told()) as door:
        assert [door(make_sample(), text) for text in ("0.25", "masked", "neutral")] == [0.25, None, None]


def test_cases_of_one_sample_are_one_group_and_come_back_in_their_places():
    """Siblings are scored together, wherever they stand; rewards are in the order of the cases."""
    told = Told()
    a, b = make_sample("a"), make_sample("b")
    with Door.of(told) as door:
        rewards = door.rewards([(a, "0.1"), (b, "0.2"), (a, "0.3")])
    assert [reward.value for reward in rewards] == [0.1, 0.2, 0.3]
    assert sorted(told.groups) == [["0.1", "0.3"], ["0.2"]]


def test_all_callers_share_one_loop():
    """Threads and foreign loops come to the loop in which the judge's connections were opened."""
    told = Told()
    with Door.of(told) as door:
        door(make_sample(), "0.1")
        threads = [threading.Thread(target=door, args=(make_sample(), "0.2")) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _ in range(2):
            asyncio.run(door.rewards_async([(make_sample(), "0.3")]))
    assert len(told.loops) == 1


def test_the_reward_is_opened_once_and_closed_in_its_loop():
    """Opened at the first call, closed by `close`, opened anew by a call after it."""
    events = []

    class Opened:
        async def __aenter__(self):
            events.append("open")
            self.loop = asyncio.get_running_loop()
            return Told()

        async def __aexit__(self, kind, error, at):
            assert asyncio.get_running_loop() is self.loop
            events.append("close")

    door = Door(Opened)
    assert events == []
    for _ in range(2):
        door(make_sample(), "0.1")
    door.close()
    door(make_sample(), "0.1")
    door.close()
    assert events == ["open", "close", "open", "close"]


def test_a_reward_that_raises_does_so_after_the_others_were_scored():
    """The policy `raise` reaches the caller as the error it is."""
    told = Told()
    with Door.of(told) as door, pytest.raises(RewardError, match="It failed"):
        door.rewards([(make_sample("a"), "raise"), (make_sample("b"), "0.5")])
    assert len(told.groups) == 2


def test_what_cannot_be_opened_is_told_and_may_be_tried_again():
    """The error of the opening is the caller's."""

    def broken():
        raise ConfigError("No.", "Not yet.", "Mend it.")

    door = Door(broken)
    for _ in range(2):
        with pytest.raises(ConfigError, match="No"):
            door(make_sample(), "0.1")


def test_a_sample_survives_its_packing():
    """What the trainer carries is the sample; another text is refused with the field's name."""
    sample = make_sample(reference_answer={"a": [1, None]})
    assert unpacked(packed(sample), "label") == sample
    for wrong in ("", "{}", None, 3):
        with pytest.raises(DataError, match=r"extra_info.x"):
            unpacked(wrong, "extra_info.x")


def test_a_row_of_a_dataset_is_a_sample():
    """Own columns are fields; the others are metadata, beside the metadata column; None is absent."""
    row = {"id": 7, "metadata": {"a": "1", "gone": None}, "target_document": "text", "answer": 5, "none": None}
    sample = sample_of("Q?", row, "answer")
    assert sample == Sample(
        id="7",
        messages=(Message(role="user", content="Q?"),),
        reference_answer="5",
        metadata={"a": "1", "target_document": "text"},
    )


def test_rows_without_an_id_are_told_apart_by_their_contents():
    """Equal rows are one sample, so one group; another document makes another one."""
    prompt = [{"role": "system", "content": "Be."}, {"role": "user", "content": "Q?"}]
    one, same, other = (sample_of(prompt, {"document": text}) for text in ("a", "a", "b"))
    assert one.id == same.id != other.id


@pytest.mark.parametrize(
    "prompt", [None, [], [{"role": "robot", "content": "x"}], [{"role": "assistant", "content": "x"}]]
)
def test_a_row_that_is_no_sample_is_refused(prompt):
    """The error names the row and the place."""
    with pytest.raises(DataError, match=r"Row 'r'.*messages"):
        sample_of(prompt, {"id": "r"})


def test_a_completion_is_a_text_or_a_conversation():
    """The last message speaks; one without text says nothing; other things are refused."""
    assert text_of("a") == "a"
    assert text_of([{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]) == "b"
    assert text_of([{"role": "assistant", "content": None}]) == ""
    for wrong in (None, 3, [], [{"role": "assistant", "content": [{"type": "image"}]}]):
        with pytest.raises(DataError, match="not text"):
            text_of(wrong)


async def test_numbers_are_marked_and_have_the_same_keys_whatever_happened():
    """Scored, gated, masked: score, two marks and each term; no key is ever missing, none is NaN."""
    judge_fails = Judged(Broken(), JudgedConfig(), role="term")
    gate = JsonSchema({"type": "object"}, name="schema", role="gate", weight=1.0)
    reward = CompositeReward([gate, judge_fails, JsonSchema({"required": ["a"]}, name="a", role="term", weight=1.0)])
    with Door.of(reward) as door:
        masked, gated = await door.rewards_async([(make_sample(), "{}"), (make_sample(), "no")])
    assert numbers(masked, 0.5, ["a"]) == {"score": 0.5, "adjudge_unscored": 1.0, "adjudge_gated": 0.0, "a": 0.5}
    assert numbers(gated, 0.5, ["a"]) == {"score": 0.0, "adjudge_unscored": 0.0, "adjudge_gated": 1.0, "a": 0.0}


class Broken:
    """A fake judge that raises."""

    name = fingerprint = "broken"

    async def judge(self, sample, rollout):
        raise RuntimeError("no")


def test_a_task_is_a_callable_and_pays_once(tmp_path, task_folder):
    """The reward of a task file; with `keep`, a second process (here: a second door) finds its replies."""
    keep = tmp_path / "keep"
    sample = make_sample()
    with reward_for(task_folder, keep=keep) as door:
        assert door(sample, "a fine answer") == 1.0
    journal = keep / "worker-0" / "journal.jsonl"
    lines = journal.read_text().splitlines()
    with reward_for(task_folder, keep=keep) as door, reward_for(task_folder, keep=keep) as beside:
        assert door(sample, "a fine answer") == beside(sample, "a fine answer") == 1.0
    assert lines
    assert journal.read_text().splitlines() == lines
    assert (keep / "worker-1" / "journal.jsonl").is_file()
