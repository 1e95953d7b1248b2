"""The pipeline: stages in order, each done once, each resumable. See `adjudge.pipeline` for what they are.

A run folder belongs to one task with one content of its files. What only decides whether to go on (the release rules,
``validate.accept`` and ``must_pass``, ``evaluate.baseline.enforce``) may change between two starts; all else is pinned.
"""

import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from adjudge import __version__
from adjudge.domain import Frozen, Note, Observer, Sample, StageEnded, StageStarted, digest
from adjudge.domain.base import Seconds
from adjudge.errors import ConfigError, RunError
from adjudge.evaluation.report import StageLine, headline
from adjudge.pipeline import anchors, baseline, compare, passport, publish, train, validate
from adjudge.pipeline.config import STAGES, Split, Stage
from adjudge.pipeline.data import file_fingerprints, split_samples
from adjudge.pipeline.judging import Bench, open_bench, task_rubric, without
from adjudge.pipeline.records import Records
from adjudge.pipeline.stop import tell
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.pipeline.work import Work
from adjudge.store.atomic import write_bytes, write_json
from adjudge.store.journal import Journal
from adjudge.store.run import RunFolder
from adjudge.training.checkpoint import newest_checkpoint
from adjudge.validation.passport import Passport


class StageReport(Frozen):
    """What became of one stage."""

    stage: str
    outcome: Literal["done", "skipped"]
    """skipped: it had been done before."""
    detail: str
    seconds: Seconds


class RunOutcome(Frozen):
    """Where a run stands when it ends."""

    folder: str
    stages: tuple[StageReport, ...]
    results: dict[str, Any]
    """Stage -> its results, as in the stage's mark."""


async def run(
    task: LoadedTask,
    out: Path,
    *,
    observer: Observer,
    stage: Stage | None = None,
    resume: bool = False,
    allow_unproven: bool = False,
) -> RunOutcome:
    """All stages up to `stage` (default: the last that the task has); those that are done are skipped.

    Args:
        task: what to do.
        out: the run folder.
        observer: is told the story; may ask for a stop.
        stage: the last stage to run.
        resume: go on in a folder that holds a run already.
        allow_unproven: train and release on a judge without a passport that says yes; the run is marked for good.

    Raises:
        RunError: the folder holds a run (without `resume`), one of another task, or is in use.
        GateError: a stage says no; the run is intact.
        StoppedError: an observer asked to stop; the run is intact.
        ConfigError, DataError, MissingError: before anything is spent.
    """
    wanted = stages_up_to(task, stage)
    folder = open_folder(task, out, resume=resume)
    with folder.locked():
        return await _Run(task, folder, observer, allow_unproven=allow_unproven).go(wanted)


def stages_up_to(task: LoadedTask, stage: Stage | None) -> tuple[Stage, ...]:
    """The stages to run.

    Raises:
        ConfigError: the task has no release rules and `stage` asks for the release.
    """
    if stage is None:
        return STAGES if task.config.release is not None else STAGES[:-1]
    if stage == "release" and task.config.release is None:
        raise ConfigError(
            f"{task.file} has no section 'release'.",
            "Without rules a gate would let anything pass.",
            "Add for example release: {rules: [{metric: schema_ok, at_least: 0.9}]}.",
        )
    return STAGES[: STAGES.index(stage) + 1]


def open_folder(task: LoadedTask, out: Path, *, resume: bool, also: Mapping[str, str] | None = None) -> RunFolder:
    """The run's folder, new or gone on with.

    Args:
        task: what the run is about.
        out: the folder.
        resume: go on in a folder that holds a run already.
        also: what else makes it this run and no other (the models that are compared).

    Raises:
        RunError: it holds a run (without `resume`), or one of another task or of other file contents.
    """
    files = file_fingerprints(task)
    manifest = {"task": task.config.name, "adjudge_version": __version__, "pinned": _pinned(task, also), "files": files}
    if not (resume and (out / "manifest.json").is_file()):
        return RunFolder.create(out, manifest=manifest, config=task.resolved())
    folder = RunFolder.open(out)
    found = folder.manifest
    if found.get("pinned") != manifest["pinned"]:
        raise RunError(
            f"{out} holds a run of another configuration.",
            f"The task was changed since: compare it with {folder.config_file}.",
            "Choose another folder with --out, or restore the task to go on with this run.",
        )
    before: dict[str, str] = found["files"]
    changed = sorted(name for name in files.keys() | before if files.get(name) != before.get(name))
    if changed:
        raise RunError(
            f"{changed[0]} has changed since {out} was begun.",
            "The numbers of a run belong to one content of its files.",
            "Choose another folder with --out, or restore the file to go on with this run.",
        )
    write_bytes(folder.config_file, task.resolved().encode())
    return folder


def _pinned(task: LoadedTask, also: Mapping[str, str] | None = None) -> str:
    """Fingerprint of everything in the task that changes a number."""
    data = {"also": dict(also or {}), **task.config.model_dump(mode="json", by_alias=True)}
    del data["release"], data["validate"]["accept"], data["validate"]["must_pass"]
    del data["evaluate"]["baseline"]["enforce"]
    # How an endpoint is called again and again changes no answer; a budget that is used up can be raised.
    del data["judge"]["limits"]
    # So is when a failing judge pauses the run.
    del data["reward"]["pause_over"]
    # Anchors stop a run and change no number of it: whoever knows why they alarmed may go on without them.
    del data["validate"]["anchors"]["every"]
    return digest(data)


class _Run:
    """One start of the pipeline in a locked folder."""

    def __init__(self, task: LoadedTask, folder: RunFolder, observer: Observer, *, allow_unproven: bool) -> None:
        self._task, self._folder, self._observer = task, folder, observer
        self._allow_unproven = allow_unproven
        self._inputs = digest({"pinned": _pinned(task), "files": file_fingerprints(task)})
        self._reports: list[StageReport] = []
        self._results: dict[str, Any] = {}
        self._resources = contextlib.AsyncExitStack()
        self._bench: Bench | None = None

    async def go(self, wanted: tuple[Stage, ...]) -> RunOutcome:
        work: Mapping[Stage, Callable[[], Awaitable[tuple[dict[str, Any], str]]]] = {
            "baseline": self._baseline,
            "judge": self._judge,
            "train": self._train,
            "evaluate": self._evaluate,
            "release": self._release,
        }
        async with self._resources:
            for stage in wanted:
                await self._stage(stage, work[stage])
        return RunOutcome(folder=str(self._folder.path), stages=tuple(self._reports), results=self._results)

    async def _stage(self, stage: Stage, work: Callable[[], Awaitable[tuple[dict[str, Any], str]]]) -> None:
        found = self._folder.stage_results(stage, self._stage_inputs(stage))
        if found is not None:
            self._done(stage, found, "skipped")
            tell(self._observer, Note(stage=stage, text=f"Done before. {found['detail']}"))
        else:
            tell(self._observer, StageStarted(stage=stage))
            began = time.perf_counter()
            results, detail = await work()
            seconds = time.perf_counter() - began
            found = {**results, "detail": detail, "seconds": seconds}
            self._folder.finish_stage(stage, self._stage_inputs(stage), found)
            self._done(stage, found, "done")
            tell(self._observer, StageEnded(stage=stage, detail=detail, seconds=seconds))
        await self._require(stage, found)
        if stage in {"evaluate", "release"}:
            self._report()

    def _done(self, stage: Stage, found: dict[str, Any], outcome: Literal["done", "skipped"]) -> None:
        self._results[stage] = {key: value for key, value in found.items() if key not in {"detail", "seconds"}}
        report = StageReport(stage=stage, outcome=outcome, detail=found["detail"], seconds=found["seconds"])
        self._reports.append(report)

    def _stage_inputs(self, stage: Stage) -> str:
        """Release rules may change between two starts: then only the last stage is due again."""
        if stage != "release" or self._task.config.release is None:
            return self._inputs
        return digest({"before": self._inputs, "release": self._task.config.release.model_dump(mode="json")})

    async def _require(self, stage: Stage, found: dict[str, Any]) -> None:
        """A stage that says no says it on every start, done before or not."""
        if stage == "baseline":
            baseline.require(self._task, baseline.Baseline.model_validate(found["baseline"]))
        elif stage == "judge":
            before = Passport.read(self._folder.passport)
            now = passport.settled(self._task, before)
            if now != before:
                write_json(self._folder.passport, now.model_dump(mode="json"))
            fingerprint = (await self._open_bench()).judge().fingerprint
            if not self._allow_unproven:
                passport.require(now, fingerprint)

    @cached_property
    def _journal(self) -> Journal:
        return self._resources.enter_context(Journal(self._folder.journal))

    @cached_property
    def _records(self) -> Records:
        newest = {
            train.SFT: newest_checkpoint(train.sft_checkpoints(self._folder)),
            train.STAGE: newest_checkpoint(self._folder.checkpoints),
        }
        steps = {stage: checkpoint.step if checkpoint else 0 for stage, checkpoint in newest.items()}
        begun = () if self._folder.stage_results("judge", self._inputs) is not None else (passport.STAGE,)
        return self._resources.enter_context(Records(self._folder, steps=steps, drop=begun))

    async def _open_bench(self) -> Bench:
        if self._bench is None:
            self._bench = await self._resources.enter_async_context(open_bench(self._task, self._journal))
            text = f"Judge: {self._bench.name}, rubric {self._bench.rubric.name}."
            tell(self._observer, Note(stage="judge", text=text))
        return self._bench

    async def _work(self, weak: tuple[str, ...] = ()) -> Work:
        bench = await self._open_bench()
        return Work(self._task, bench.reward(weak), bench.name, self._records, self._observer)

    def _samples(self, split: Split, limit: int | None = None) -> tuple[Sample, ...]:
        return split_samples(self._task, split, limit)

    def _weak(self) -> tuple[str, ...]:
        """Criteria that weigh nothing in training and evaluation."""
        found = Passport.read(self._folder.passport)
        rubric = task_rubric(self._task)
        if self._task.config.judge.grader or not self._task.config.judge.drop_weak or found.overall is None:
            return ()
        # Where all are weak, nothing is dropped: the task has asked to go on nevertheless.
        return found.weak_criteria if without(rubric, found.weak_criteria) is not rubric else ()

    def _anchoring(self, bench: Bench) -> anchors.Anchoring:
        samples = self._samples("validation")
        return anchors.Anchoring(self._task, self._folder, bench, self._records, samples, self._observer)

    async def _baseline(self) -> tuple[dict[str, Any], str]:
        rows = self._samples("validation")
        found = await baseline.run_baseline(rows, await self._work())
        return {"baseline": found.model_dump(mode="json")}, found.sentence()

    async def _judge(self) -> tuple[dict[str, Any], str]:
        bench = await self._open_bench()
        given = passport.given_passport(self._task)
        if given is not None:
            found = passport.settled(self._task, Passport.read(given))
        else:
            records = self._records
            found = await validate.validate_judge(
                self._task, bench, self._observer, sink=lambda rows: records.verdict_rows(passport.STAGE, 0, rows)
            )
            records.sync()
        # Anchors are responses of this run: those of a passport made before are of no use here.
        found = found.model_copy(update={"anchors": await anchors.record_anchors(self._anchoring(bench))})
        write_json(self._folder.passport, found.model_dump(mode="json"))
        for line in found.brief():
            tell(self._observer, Note(stage="judge", text=line))
        detail = found.sentence()
        weak = self._weak()
        if weak:
            detail += f" Their weight in the reward is 0: {', '.join(weak)}."
        return {"judge": found.judge, "status": found.status, "weak": list(weak)}, detail

    async def _train(self) -> tuple[dict[str, Any], str]:
        bench = await self._open_bench()
        problem = passport.objection(Passport.read(self._folder.passport), bench.judge().fingerprint)
        if problem:
            # Only who asked for it comes here; what is trained from now on says so.
            why = f"The judge is not proven (--allow-unproven): {problem}"
            self._folder.mark_unproven(why)
            tell(self._observer, Note(stage="train", text=why, level="warning"))
        rows = self._samples("train"), self._samples("validation")
        work = await self._work(self._weak())
        watch = anchors.open_watch(self._anchoring(bench), Passport.read(self._folder.passport))
        found = await train.run_train(self._folder, *rows, work, watch)
        warm = f"{found.sft_steps} supervised steps, then " if found.sft_steps else ""
        chosen = f" Step {found.best_step} is the best on the validation rows." if found.best_step < found.steps else ""
        return {"train": found.model_dump(mode="json")}, f"{warm}{found.steps} steps of reinforcement.{chosen}"

    async def _evaluate(self) -> tuple[dict[str, Any], str]:
        samples = self._samples("test", self._task.config.evaluate.limit)
        warm = train.sft_adapter(self._task, self._folder)
        models = {"base": compare.Contestant()}
        models |= {"sft": compare.Contestant(adapter=warm)} if warm else {}
        models |= {"rft": compare.Contestant(adapter=train.rft_adapter(self._folder))}
        found, examples = await compare.run_evaluation(models, samples, await self._work(self._weak()))
        publish.write_examples(self._folder, examples)
        found = found.model_copy(update={"warnings": (*found.warnings, *publish.warnings(self._folder))})
        write_json(self._folder.evaluation, found.model_dump(mode="json"))
        for line in found.lines(compare.shown(found)):
            tell(self._observer, Note(stage="evaluate", text=line))
        return {"models": list(models), "rows": len(samples)}, headline(found)

    async def _release(self) -> tuple[dict[str, Any], str]:
        result = publish.check(self._task, self._folder)
        for line in result.lines():
            tell(self._observer, Note(stage="release", text=line))
        # The report shows the gate's rows, above all when it says no.
        self._report()
        publish.require(result, allow_unproven=self._allow_unproven)
        rows: dict[Split, Any] = {split: self._samples(split) for split in get_args(Split)}
        where = publish.export(self._task, self._folder, result, rows)
        return {"folder": where}, f"{result.sentence()} Adapter and card are in {self._folder.path / where}."

    def _report(self) -> None:
        lines = [
            StageLine(name=report.stage, outcome="done", detail=report.detail, seconds=report.seconds)
            for report in self._reports
        ]
        judge = Passport.read(self._folder.passport).judge
        publish.write_report(self._folder, self._task.config.name, lines, judge)
