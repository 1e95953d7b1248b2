"""What can be done with a task apart from the pipeline: try a judge, score stored rollouts, compare models, distil."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adjudge import __version__
from adjudge.domain import Judgement, Observer, Policy, Progress, Reward, Rollout, Sample
from adjudge.errors import ConfigError, DataError, MissingError
from adjudge.evaluation.report import StageLine, headline
from adjudge.evaluation.result import Evaluation
from adjudge.judges.load import load_rubric
from adjudge.pipeline import compare, publish
from adjudge.pipeline.compare import Contestant
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.judging import Bench, open_bench
from adjudge.pipeline.passport import STAGE
from adjudge.pipeline.policy import adapter_folder, local_reference
from adjudge.pipeline.records import Records
from adjudge.pipeline.responses import given_responses
from adjudge.pipeline.run import open_folder
from adjudge.pipeline.stop import tell
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.pipeline.validate import validate_judge
from adjudge.pipeline.work import Work
from adjudge.store.atomic import write_bytes, write_json
from adjudge.store.journal import Journal
from adjudge.store.jsonl import JsonlFile, seal
from adjudge.store.run import RunFolder
from adjudge.training.labelled import labelled_cases
from adjudge.validation.passport import Passport


@contextlib.asynccontextmanager
async def judge_room(task: LoadedTask, out: Path) -> AsyncIterator[Bench]:
    """The task's judge with a journal in `out`, so that equal questions are paid for once."""
    folder = RunFolder(out)
    with folder.locked(), Journal(folder.journal) as journal:
        async with open_bench(task, journal) as bench:
            yield bench


async def measure_judge(
    task: LoadedTask, out: Path, observer: Observer, rollouts: Sequence[Rollout] | None
) -> Passport:
    """Measure the task's judge; writes verdicts.jsonl, passport.json and passport.html to `out`.

    Raises:
        StoppedError: an observer asked to stop; what was paid for is in the journal there.
    """
    rows: list[dict[str, Any]] = []
    async with judge_room(task, out) as bench:
        found = await validate_judge(task, bench, observer, sink=rows.extend, rollouts=rollouts)
    folder = RunFolder(out)
    write_bytes(folder.verdicts, b"".join(seal({"stage": STAGE, "step": 0, **row}) for row in rows))
    write_json(folder.passport, found.model_dump(mode="json"))
    publish.write_passport_page(found, out / "passport.html")
    return found


async def try_judge(
    task: LoadedTask, bench: Bench, row: int, response: str | None
) -> tuple[Sample, Rollout, Judgement]:
    """Judge one response to the validation row number `row` (from 1): the given one, or the reference answer.

    Raises:
        ConfigError: there is no such row, or it has no reference answer and no response is given.
    """
    samples = split_samples(task, "validation")
    if not 1 <= row <= len(samples):
        raise ConfigError(
            f"There is no row {row}.",
            f"The validation split has the rows 1 to {len(samples)}.",
            f"Write for example --row {min(max(row, 1), len(samples))}.",
        )
    sample = samples[row - 1]
    text = sample.reference_text if response is None else response
    if text is None:
        raise ConfigError(
            f"Row {row} ('{sample.id}') has no reference_answer.",
            "Without one there is nothing to judge.",
            "Give a response: --response FILE",
        )
    rollout = Rollout(id=f"try/{sample.id}", sample_id=sample.id, policy=Policy(name="given"), response=text)
    return sample, rollout, await bench.judge().judge(sample, rollout)


def read_rollouts(path: Path) -> tuple[Rollout, ...]:
    """Rollouts of a JSONL file: ``{sample_id, response, id?}``, or rows of a run's ``rollouts.jsonl``.

    Raises:
        MissingError: the file is not there.
        DataError: a line is not a rollout, or two have the same id.
    """
    if not path.is_file():
        raise MissingError(
            f"The file {path} is not there.", "It should hold rollouts, one JSON object a line.", "Correct the path."
        )
    rollouts: dict[str, Rollout] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        rollout = _rollout(path, number, line)
        if rollout.id in rollouts:
            raise _bad_line(path, number, f"the id '{rollout.id}' was used before")
        rollouts[rollout.id] = rollout
    return tuple(rollouts.values())


def _rollout(path: Path, number: int, line: str) -> Rollout:
    try:
        row = json.loads(line)
        if not isinstance(row, dict):
            raise _bad_line(path, number, f"{type(row).__name__}, not an object")
        if isinstance(row.get("rollout"), dict):
            return Rollout.model_validate(row["rollout"])
        policy = {"name": "given"} if row.get("policy") is None else row["policy"]
        return Rollout.model_validate({"id": f"row-{number}", **row, "policy": policy})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "row"
        raise _bad_line(path, number, f"{where}: {first['msg']}") from error
    except json.JSONDecodeError as error:
        raise _bad_line(path, number, f"not JSON ({error})") from error


def _bad_line(path: Path, number: int, problem: str) -> DataError:
    return DataError(
        f"{path}, line {number}: {problem}.",
        "A rollout is {sample_id, response, id?}; rewards are matched to rollouts by id.",
        "Correct or delete this line.",
    )


async def score_rollouts(task: LoadedTask, rollouts: Sequence[Rollout], out: Path, observer: Observer) -> list[Reward]:
    """A reward for each rollout, in order, appended to `out` as they come; those that are there are not scored again.

    Raises:
        DataError: a rollout answers a row that the task does not have.
        StoppedError: an observer asked to stop.
    """
    samples = {rollout.id: sample for sample, rollout in given_responses(task, rollouts)}
    with JsonlFile(out) as file, Journal(out.with_name(f"{out.name}.journal")) as journal:
        done = {row["rollout_id"]: Reward.model_validate(row) for row in file.rows_at_open}
        async with open_bench(task, journal) as bench:
            reward = bench.reward()
            places = asyncio.Semaphore(task.config.train.lambda_concurrency_limit)

            async def scored(rollout: Rollout) -> Reward:
                async with places:
                    return await reward.score(samples[rollout.id], rollout)

            under_way = [asyncio.create_task(scored(rollout)) for rollout in rollouts if rollout.id not in done]
            try:
                before = len(rollouts) - len(under_way)
                # In their order, so that equal rollouts make an equal file; what was paid for is in the journal anyway.
                for number, call in enumerate(under_way, before + 1):
                    made = await call
                    done[made.rollout_id] = made
                    file.append(made.model_dump(mode="json"))
                    tell(observer, Progress(stage="score", done=number, total=len(rollouts), detail="rollouts"))
            finally:
                for call in under_way:
                    call.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)
    return [done[rollout.id] for rollout in rollouts]


def contestant(task: LoadedTask, reference: str) -> Contestant:
    """What NAME=REF names: ``local:NAME`` or ``local:/folder`` for a base model, else the folder of an adapter.

    Raises:
        MissingError: there is no such adapter.
    """
    if reference.startswith("local:"):
        return Contestant(base=local_reference(task, reference))
    path = Path(reference)
    # Given on the command line, so relative to where the command is run.
    return Contestant(
        adapter=adapter_folder(task, reference if reference.startswith("embedded:") else str(path.resolve()))
    )


async def evaluate_models(
    task: LoadedTask, models: Mapping[str, str], out: Path, observer: Observer, *, resume: bool
) -> Evaluation:
    """Compare models by reference on the test rows; writes evaluation.json and report.html to `out`.

    Raises:
        RunError: `out` holds a run (without `resume`), or one of another task or of other models.
        StoppedError: an observer asked to stop.
    """
    chosen = {name: contestant(task, reference) for name, reference in models.items()}
    folder = open_folder(task, out, resume=resume, also=dict(models))
    with folder.locked(), Journal(folder.journal) as journal, Records(folder, steps={}) as records:
        async with open_bench(task, journal) as bench:
            work = Work(task, bench.reward(), bench.name, records, observer)
            samples = split_samples(task, "test", task.config.evaluate.limit)
            found, examples = await compare.run_evaluation(chosen, samples, work)
            publish.write_examples(folder, examples)
            write_json(folder.evaluation, found.model_dump(mode="json"))
            line = StageLine(name="evaluate", outcome="done", detail=headline(found))
            publish.write_report(folder, task.config.name, [line], bench.name)
    return found


def distill_judge(task: LoadedTask, base: str, out: Path, observer: Observer, *, tokens: int) -> dict[str, Any]:
    """Train a small local judge on cases from the training rows; writes a LoRA adapter to `out`.

    Args:
        task: data and rubric.
        base: ``local:NAME``, the model under the adapter.
        out: folder to make.
        observer: is told of every step.
        tokens: size of the training.

    Raises:
        ConfigError: the folder is not empty, there are no labelled cases, or a scale is not Boolean.
    """
    if out.is_dir() and any(out.iterdir()):
        raise ConfigError(
            f"{out} is there already and not empty.",
            "An adapter never mixes with what is in a folder.",
            "Choose another folder with --out, or delete this one.",
        )
    from adjudge.models.load import load  # noqa: PLC0415  (torch)
    from adjudge.training.distill import DistillConfig, distill  # noqa: PLC0415

    rubric = load_rubric(task.path(task.config.judge.rubric))
    seed = task.config.validation.seed
    cases = labelled_cases(split_samples(task, "train"), rubric, seed, held_out=False)
    config = DistillConfig(tokens=tokens, seed=seed)
    steps = distill(load(local_reference(task, base)), rubric, cases, out, observer=observer, config=config)
    return {"adapter": str(out), "base": base, "steps": steps, "cases": len(cases), "adjudge_version": __version__}
