"""Stage ``release``: the gate on the figures, then the adapter with its card; and the report of the run."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from adjudge import __version__
from adjudge.domain import Sample
from adjudge.errors import ConfigError, GateError
from adjudge.evaluation.report import MAIN_METRICS, Example, JudgeCard, ReportData, StageLine, render_report
from adjudge.evaluation.result import Evaluation
from adjudge.pipeline.config import STAGES, Split
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.pipeline.train import rft_adapter
from adjudge.release.card import CardData, DataUse, ResultRow, model_card
from adjudge.release.export import export_adapter
from adjudge.release.gate import GateResult, check_gate
from adjudge.store.atomic import read_json, write_bytes, write_json
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder
from adjudge.validation.page import passport_page, passport_section
from adjudge.validation.passport import Passport

STAGE: Final = "release"
TRAINING: Final = "train"

_EXAMPLES: Final = TypeAdapter(tuple[Example, ...])


def check(task: LoadedTask, run: RunFolder) -> GateResult:
    """Hold the run's evaluation against the task's rules; writes ``gate.json``.

    Raises:
        ConfigError: the task has no rules.
        RunError: there is no evaluation yet.
    """
    if task.config.release is None:
        raise ConfigError(
            f"{task.file} has no section 'release'.",
            "Without rules a gate would let anything pass.",
            "Add for example release: {rules: [{metric: schema_ok, at_least: 0.9}]}.",
        )
    result = check_gate(task.config.release.gate, Evaluation.read(run.evaluation))
    result = result.model_copy(update={"warnings": warnings(run)})
    write_json(run.gate, result.model_dump(mode="json"))
    return result


def warnings(run: RunFolder) -> tuple[str, ...]:
    """What every artefact of the run repeats."""
    return (run.unproven,) if run.unproven else ()


def require(result: GateResult, *, allow_unproven: bool = False) -> None:
    """Stop where the gate says no, or the model comes from a judge that is not proven.

    Raises:
        GateError: one of the two.
    """
    if result.warnings and not allow_unproven:
        raise GateError(
            result.warnings[0],
            "A release says that its reward could be trusted; for this one nobody has shown it.",
            "Train on a judge with a passport, or add --allow-unproven: everything in the release then says so.",
        )
    if not result.passed:
        raise GateError(
            result.sentence(),
            "The figures are in evaluation.json and gate.json of the run; nothing was exported.",
            "Train longer, mend data or reward, or change the rules in the task's section release.",
        )


def export(task: LoadedTask, run: RunFolder, result: GateResult, rows: dict[Split, Sequence[Sample]]) -> str:
    """Write adapter, card and manifest to ``release/`` in the run; returns the folder's name.

    Raises:
        MissingError: there is no trained adapter, or the disk refuses.
    """
    target = run.path / "release"
    # The stage is not marked as done, so whatever lies here was left by a process that was killed behind the export.
    shutil.rmtree(target, ignore_errors=True)
    passport = Passport.read(run.passport)
    card = model_card(_card(task, run, result, passport, rows))
    base = task.config.policy.model.removeprefix("local:")
    facts: dict[str, str | int | float | bool] = {
        "task": task.config.name,
        "judge": passport.judge,
        "judge_fingerprint": passport.fingerprint,
        # Another one than the passport's where weak criteria weigh nothing.
        "reward_judges": ", ".join(Evaluation.read(run.evaluation).judges),
        "gate_passed": result.passed,
        "judge_proven": not run.unproven,
        "adjudge_version": __version__,
    }
    export_adapter(rft_adapter(run), target, card, base_model=base, facts=facts)
    return target.name


def _card(
    task: LoadedTask, run: RunFolder, result: GateResult, passport: Passport, rows: dict[Split, Sequence[Sample]]
) -> CardData:
    config = task.config
    assert config.release is not None  # `check` has refused a task without rules
    found = Evaluation.read(run.evaluation)
    shown = [name for name in MAIN_METRICS if name in found.metrics()]
    train = config.train
    return CardData(
        name=f"{config.name}-rft",
        base_model=config.policy.model.removeprefix("local:"),
        licence=config.release.licence,
        task=config.name,
        summary=config.release.summary or f"Fine-tuned for the task {config.name}.",
        data=tuple(use for split, samples in rows.items() for use in _uses(split, samples)),
        training={
            "steps": train.max_steps,
            "rollouts a step": train.global_batch_size,
            "rollouts a row": train.number_generation,
            "learning rate": train.learning_rate,
            "LoRA rank": config.policy.lora.rank,
        },
        judge=passport.judge,
        judge_fingerprint=passport.fingerprint,
        passport=tuple(passport.lines()),
        weak_criteria=passport.weak_criteria,
        results=tuple(
            ResultRow(metric=name, figures={model: found.figure(model, name) for model in found.models})
            for name in shown
        ),
        gate=tuple(result.lines()),
        limits=warnings(run),
        adjudge_version=__version__,
    )


def _uses(split: Split, samples: Sequence[Sample]) -> list[DataUse]:
    """Rows by source and licence, as the rows themselves state them."""
    counts = Counter(
        (str(sample.metadata.get("source", "own")), str(sample.metadata.get("licence", "unknown")))
        for sample in samples
    )
    return [
        DataUse(split=split, rows=rows, source=source, licence=licence)
        for (source, licence), rows in sorted(counts.items())
    ]


def write_passport_page(passport: Passport, path: Path) -> None:
    """The passport as one HTML file."""
    page = passport_page(
        passport.judge,
        passport.fingerprint,
        passport.sentence(),
        passport.all_checks,
        accepted=passport.accepted,
        made=passport.made,
        labels=passport.labels,
    )
    write_bytes(path, page.encode("utf-8", "backslashreplace"))


def write_examples(run: RunFolder, examples: Sequence[Example]) -> None:
    """Keep the examples for the report."""
    write_json(run.path / "examples.json", _EXAMPLES.dump_python(tuple(examples), mode="json"))


def write_report(run: RunFolder, task_name: str, stages: Sequence[StageLine], judge: str) -> None:
    """Render ``report.html`` from whatever the run has come to.

    Raises:
        RunError: a file of the run is damaged.
    """
    passport = Passport.read(run.passport) if run.passport.is_file() else None
    gate = GateResult.model_validate(read_json(run.gate)) if run.gate.is_file() else None
    examples = run.path / "examples.json"
    data = ReportData(
        task=task_name,
        judge_name=judge,
        stages=tuple(stages),
        evaluation=Evaluation.read(run.evaluation) if run.evaluation.is_file() else None,
        passport=None if passport is None else JudgeCard.model_validate(passport.model_dump()),
        passport_html="" if passport is None else passport_section(passport.all_checks, accepted=passport.accepted),
        training=tuple(_training_rows(run)),
        gate=() if gate is None else tuple(gate.lines()),
        examples=_EXAMPLES.validate_json(examples.read_bytes()) if examples.is_file() else (),
        warnings=warnings(run),
    )
    if passport is not None:
        write_passport_page(passport, run.path / "passport.html")
    write_bytes(run.report, render_report(data).encode("utf-8", "backslashreplace"))


def report_again(run: RunFolder) -> None:
    """Render the report of a run from its folder alone.

    Raises:
        MissingError: a stage's mark cannot be read.
        RunError: a file of the run is damaged.
    """
    marks = [read_json(run.stage_file(stage)) for stage in STAGES if run.stage_file(stage).is_file()]
    lines = [
        StageLine(
            name=mark["stage"], outcome="done", detail=mark["results"]["detail"], seconds=mark["results"]["seconds"]
        )
        for mark in marks
    ]
    judge = Passport.read(run.passport).judge if run.passport.is_file() else "the task's judge"
    write_report(run, str(run.manifest["task"]), lines, judge)


def _training_rows(run: RunFolder) -> list[dict[str, Any]]:
    if not run.metrics.is_file():
        return []
    rows = [row for row in read_jsonl(run.metrics) if row["stage"] == TRAINING]
    return [{key: value for key, value in row.items() if key != "stage"} for row in rows]
