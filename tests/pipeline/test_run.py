"""The pipeline as a whole, on the random model and the scripted judge."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from adjudge.domain import Event, Note, Request, StageStarted, StepEnded
from adjudge.errors import ConfigError, GateError, RunError
from adjudge.evaluation.result import Evaluation
from adjudge.pipeline.run import run
from adjudge.pipeline.stop import StoppedError
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.release.export import verify_export
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder

MakeTask = Callable[..., LoadedTask]

# Told by a library to its developers while an adapter is put on.


class Listener:
    """Keeps events; asks for a stop when `stop_at` says so."""

    def __init__(self, stop_at: Callable[[Event], bool] = lambda event: False) -> None:
        self.events: list[Event] = []
        self._stop_at = stop_at

    def on_event(self, event: Event) -> Request:
        """Keep it, and answer."""
        self.events.append(event)
        return Request.STOP if self._stop_at(event) else Request.NONE

    @property
    def begun(self) -> list[str]:
        """Stages that were really run."""
        return [event.stage for event in self.events if isinstance(event, StageStarted)]


def numbers(out: Path) -> dict[str, Any]:
    """All that must not depend on interruptions: no times, no usage."""
    folder = RunFolder(out)
    metrics = [{k: v for k, v in row.items() if not k.endswith("_seconds")} for row in read_jsonl(folder.metrics)]
    rollouts = {
        row["rollout"]["id"]: (
            row["stage"],
            row["model"],
            row["step"],
            row["rollout"]["response"],
            row["reward"]["value"],
        )
        for row in read_jsonl(folder.rollouts)
    }
    verdicts = [(row["stage"], row["item"], row["criterion"], row["answer"]) for row in read_jsonl(folder.verdicts)]
    return {
        "evaluation": folder.evaluation.read_bytes(),
        "gate": folder.gate.read_bytes(),
        "passport": folder.passport.read_bytes(),
        "metrics": metrics,
        "rollouts": rollouts,
        "rollout_rows": len(read_jsonl(folder.rollouts)),
        "verdicts": sorted(verdicts),
    }


async def test_a_task_goes_through_all_stages(make_task: MakeTask, tmp_path: Path):
    """One call leaves baseline, passport, metrics, evaluation, report, gate and a released adapter."""
    out, listener = tmp_path / "run", Listener()
    outcome = await run(make_task(), out, observer=listener)
    assert [report.stage for report in outcome.stages] == ["baseline", "judge", "train", "evaluate", "release"]
    assert {report.outcome for report in outcome.stages} == {"done"}
    folder = RunFolder.open(out)
    assert list(Evaluation.read(folder.evaluation).models) == ["base", "sft", "rft"]
    assert verify_export(out / "release").facts["gate_passed"] is True
    assert folder.report.read_text(encoding="utf-8").startswith("<!doctype html>")
    steps = [(row["stage"], row["step"]) for row in read_jsonl(folder.metrics)]
    assert steps == [("sft", 1), ("sft", 2), ("train", 1), ("train", 2), ("train", 3), ("train", 4)]
    told = " ".join(event.text for event in listener.events if isinstance(event, Note))
    assert "Judge: scripted:judge.jsonl" in told


async def test_the_checkpoint_that_is_best_on_validation_rows_is_evaluated_and_released(
    make_task: MakeTask, tmp_path: Path
):
    """Its adapter, in half precision, is the one of the run; the summary names its step."""
    out = tmp_path / "run"
    changes = {"train.validation_steps": 1, "train.save_top_k": 9, "train.set_random_seed": 3}
    await run(make_task(changes), out, observer=Listener(), stage="train")
    folder = RunFolder.open(out)
    told = [row["validation_reward"] for row in read_jsonl(folder.metrics) if row["stage"] == "train"]
    best = max(range(4), key=lambda place: (told[place], place)) + 1
    assert best < 4, "the last step would be exported anyway"
    trained = load_file(folder.path / "adapters" / "rft" / "adapter_model.safetensors")
    kept = load_file(folder.checkpoints / f"step-{best}" / "adapter" / "adapter_model.safetensors")
    assert {name: weight.half() for name, weight in kept.items()}.keys() == trained.keys()
    assert all(torch.equal(weight.half(), trained[name]) for name, weight in kept.items())
    assert json.loads(folder.stage_file("train").read_text())["results"]["train"]["best_step"] == best


async def test_what_is_done_is_skipped(make_task: MakeTask, tmp_path: Path):
    """Going on with a finished run does nothing and changes nothing."""
    task, out = make_task(), tmp_path / "run"
    await run(task, out, observer=Listener())
    before, again = numbers(out), Listener()
    outcome = await run(task, out, observer=again, resume=True)
    assert again.begun == []
    assert {report.outcome for report in outcome.stages} == {"skipped"}
    assert numbers(out) == before


async def test_stages_can_be_run_one_after_the_other(make_task: MakeTask, tmp_path: Path):
    """`--stage S` runs up to S; the pieces give the numbers of the whole."""
    task = make_task()
    await run(task, tmp_path / "whole", observer=Listener())
    pieces = tmp_path / "pieces"
    for stage in ("baseline", "judge", "train", "evaluate", "release"):
        listener = Listener()
        await run(task, pieces, observer=listener, stage=stage, resume=True)
        assert listener.begun == [stage]
    assert numbers(pieces) == numbers(tmp_path / "whole")


@pytest.mark.parametrize(
    "stop_at",
    [
        lambda event: event.__class__.__name__ == "Progress" and event.stage == "baseline",
        lambda event: isinstance(event, StepEnded) and event.steps == 2 and event.step == 1,
        lambda event: isinstance(event, StepEnded) and event.steps == 4 and event.step == 3,
        lambda event: event.__class__.__name__ == "Progress" and event.stage == "evaluate",
    ],
    ids=["baseline", "warm start", "training", "evaluation"],
)
async def test_a_stopped_run_goes_on_to_the_same_numbers(
    make_task: MakeTask, tmp_path: Path, stop_at: Callable[[Event], bool]
):
    """A stop on request saves, says how to go on, and costs no number."""
    task = make_task()
    await run(task, tmp_path / "whole", observer=Listener())
    out = tmp_path / "stopped"
    with pytest.raises(StoppedError) as caught:
        await run(task, out, observer=Listener(stop_at))
    assert "--resume" in caught.value.fix
    await run(task, out, observer=Listener(), resume=True)
    assert numbers(out) == numbers(tmp_path / "whole")


async def test_a_folder_with_a_run_is_refused_without_resume(make_task: MakeTask, tmp_path: Path):
    """Numbers of an earlier run are not overwritten; the error says --resume."""
    task, out = make_task(), tmp_path / "run"
    await run(task, out, observer=Listener(), stage="baseline")
    with pytest.raises(RunError, match="--resume"):
        await run(task, out, observer=Listener())


async def test_another_configuration_is_refused(make_task: MakeTask, tmp_path: Path):
    """A run belongs to one configuration."""
    out = tmp_path / "run"
    await run(make_task(), out, observer=Listener(), stage="baseline")
    with pytest.raises(RunError, match="another configuration"):
        await run(make_task({"train.learning_rate": 0.1}), out, observer=Listener(), resume=True)


async def test_changed_data_are_refused(make_task: MakeTask, tmp_path: Path):
    """A run belongs to one content of its files; the changed one is named."""
    task, out = make_task(), tmp_path / "run"
    await run(task, out, observer=Listener(), stage="baseline")
    data = task.path(task.config.data.test[0])
    data.write_bytes(data.read_bytes().replace(b"word", b"name"))
    with pytest.raises(RunError, match=r"data/test\.jsonl has changed"):
        await run(task, out, observer=Listener(), resume=True)


async def test_a_gate_that_says_no_stops_and_can_be_mended(make_task: MakeTask, tmp_path: Path):
    """No release without the gate; other rules are checked without training again."""
    out = tmp_path / "run"
    strict = {"release.rules": [{"metric": "reward", "model": "rft", "at_least": 0.99}]}
    with pytest.raises(GateError, match=r"reward of rft at least 0\.99"):
        await run(make_task(strict), out, observer=Listener())
    assert json.loads((out / "gate.json").read_text())["passed"] is False
    assert not (out / "release").exists()
    assert "FAIL" in (out / "report.html").read_text(encoding="utf-8")
    with pytest.raises(GateError):
        await run(make_task(strict), out, observer=Listener(), resume=True)
    mild = {"release.rules": [{"metric": "reward", "model": "rft", "at_least": 0.01, "bound": "estimate"}]}
    listener = Listener()
    await run(make_task(mild), out, observer=listener, resume=True)
    assert listener.begun == ["release"]
    assert (out / "release" / "README.md").is_file()


async def test_a_judge_that_fails_its_tests_trains_nothing(make_task: MakeTask, tmp_path: Path):
    """A judge that answers its tests wrong stops the run before training, every time."""
    task, out = make_task(), tmp_path / "run"
    tests = task.path("judge_tests.yaml")
    tests.write_text(tests.read_text().replace("{letters: six}", "{letters: none}"))
    for resume in (False, True):
        with pytest.raises(GateError, match="a-word"):
            await run(task, out, observer=Listener(), resume=resume)
    assert not (out / "checkpoints").exists()


async def test_an_unvalidated_judge_is_refused_by_default(make_task: MakeTask, tmp_path: Path):
    """Without labelled cases nothing is known about the judge, and the default does not train on it."""
    with pytest.raises(GateError, match="not validated"):
        await run(make_task({"validate.tests": None}), tmp_path / "run", observer=Listener(), stage="judge")


async def test_a_release_needs_rules(make_task: MakeTask, tmp_path: Path):
    """Without a release section the pipeline ends with the evaluation, and asking for the release is an error."""
    task = make_task({"release": None})
    with pytest.raises(ConfigError, match="release"):
        await run(task, tmp_path / "run", observer=Listener(), stage="release")
    outcome = await run(task, tmp_path / "run", observer=Listener())
    assert [report.stage for report in outcome.stages][-1] == "evaluate"


async def test_two_processes_do_not_share_a_folder(make_task: MakeTask, tmp_path: Path):
    """A folder in use is refused."""
    task, out = make_task(), tmp_path / "run"
    await run(task, out, observer=Listener(), stage="baseline")
    with RunFolder(out).locked(), pytest.raises(RunError, match="in use"):
        await run(task, out, observer=Listener(), resume=True)


async def test_a_warm_start_of_another_size_is_refused(make_task: MakeTask, tmp_path: Path):
    """An adapter whose rank is not that of policy.lora is told before training."""
    donor = tmp_path / "donor"
    await run(make_task(), donor, observer=Listener(), stage="train")
    warm = {"adapter": str(donor / "adapters" / "sft")}
    task = make_task({"policy.warm_start": warm, "policy.lora": {"rank": 4, "alpha": 32}}, name="second")
    with pytest.raises(ConfigError, match="rank 8"):
        await run(task, tmp_path / "run", observer=Listener(), stage="train")
