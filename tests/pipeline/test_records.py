"""Rows of a run: each once, none of what a killed process left unfinished."""

from pathlib import Path

from adjudge.domain import ComponentScore, Reward, RewardStatus, Rollout, StepEnded
from adjudge.domain.verdict import CriterionVerdict, ItemVerdict, Verdict
from adjudge.pipeline.records import Records
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder
from adjudge.testing.builders import make_rollout


def folder(tmp_path: Path) -> RunFolder:
    """An empty run."""
    return RunFolder.create(tmp_path / "run", manifest={}, config="")


def scored(name: str, value: float = 0.5) -> tuple[Rollout, Reward]:
    """A rollout with a judged reward."""
    answer = CriterionVerdict(criterion="c", answer="yes", score=value)
    verdict = Verdict(
        judge="j", rollout_id=name, items=(ItemVerdict(item=0, criteria=(answer,), score=value),), score=value
    )
    part = ComponentScore(name="judged", value=value, judgement=verdict)
    reward = Reward(rollout_id=name, value=value, status=RewardStatus.SCORED, components=(part,))
    return make_rollout(name), reward


def ids(run: RunFolder) -> list[str]:
    """Rollouts in the file, in order."""
    return [row["rollout"]["id"] for row in read_jsonl(run.rollouts)]


def test_what_was_added_is_found_again_after_reopening(tmp_path: Path):
    """A chunk on disk comes back as the same rollouts and rewards."""
    run, pair = folder(tmp_path), scored("a")
    with Records(run, steps={}) as records:
        records.add("baseline", "base", 0, [pair], judge="j")
    with Records(run, steps={}) as records:
        assert records.stored("baseline", "base", 0) == {"a": pair}
        assert records.stored("baseline", "base", 1) == {}


def test_a_rollout_is_written_once(tmp_path: Path):
    """Adding what is there adds nothing, in this process and in the next."""
    run = folder(tmp_path)
    for _ in range(2):
        with Records(run, steps={}) as records:
            for _ in range(2):
                records.add("baseline", "base", 0, [scored("a"), scored("b")], judge="j")
    assert ids(run) == ["a", "b"]
    assert [row["candidate"] for row in read_jsonl(run.verdicts)] == ["a", "b"]


def test_rows_after_the_checkpoint_are_dropped(tmp_path: Path):
    """Steps that a killed run did not save are done again, so their rows must go; other stages keep theirs."""
    run = folder(tmp_path)
    with Records(run, steps={}) as records:
        records.add("evaluate", "base", 7, [scored("e")], judge="j")
        for step in (1, 2, 3):
            records.add("train", "rft", step, [scored(f"t{step}")], judge="j")
            records.metric("train", StepEnded(step=step, steps=9, metrics={"loss": 0.1}))
    with Records(run, steps={"train": 2}):
        pass
    assert ids(run) == ["e", "t1", "t2"]
    assert [row["step"] for row in read_jsonl(run.metrics)] == [1, 2]
    assert [row["candidate"] for row in read_jsonl(run.verdicts)] == ["e", "t1", "t2"]


def test_verdicts_of_an_unfinished_rollout_are_dropped(tmp_path: Path):
    """Verdicts come before their rollout; alone they are what a killed process left."""
    run = folder(tmp_path)
    with Records(run, steps={}) as records:
        rollout, reward = scored("a")
        judgement = reward.components[0].judgement
        assert judgement is not None
        records.verdict("baseline", 0, judgement, rollout, "j")
        records.verdict("judge", 0, judgement, rollout, "j")
    with Records(run, steps={}):
        pass
    assert [row["stage"] for row in read_jsonl(run.verdicts)] == ["judge"]
    with Records(run, steps={}, drop=["judge"]):
        pass
    assert read_jsonl(run.verdicts) == []


def test_a_file_that_keeps_all_its_rows_is_not_rewritten(tmp_path: Path):
    """Opening a healthy run changes no file."""
    run = folder(tmp_path)
    with Records(run, steps={}) as records:
        records.add("baseline", "base", 0, [scored("a")], judge="j")
    before = run.rollouts.stat().st_ino
    with Records(run, steps={"train": 0}):
        pass
    assert run.rollouts.stat().st_ino == before
