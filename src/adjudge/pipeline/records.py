"""What a run writes while it works: rollouts with rewards, verdicts, metrics. Append-only, each row once.

A killed process leaves rows behind that nobody has used yet: steps after the last checkpoint, verdicts of a rollout
that was not finished. `Records` drops them on opening, so that a resumed run ends with the rows of an undisturbed one.
Verdicts are written before their rollout: a rollout that is there has all of its verdicts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from adjudge.domain import ComponentScore, FailureKind, JudgeFailure, Observer, Reward, Rollout, Verdict
from adjudge.domain.events import Event, GroupScored, Note, Request, StepEnded
from adjudge.rewards.failure import PauseOver, UnscoredShare
from adjudge.store.atomic import write_bytes
from adjudge.store.jsonl import JsonlFile, read_jsonl, seal
from adjudge.store.run import RunFolder
from adjudge.store.verdicts import CallContext, verdict_rows

Row = dict[str, Any]
Scored = tuple[Rollout, Reward]

WALL_CLOCK: Final = "_seconds"
"""Metrics with this ending are times: they differ from run to run, everything else does not."""


class Records:
    """The append-only files of one run, open for writing. One writer at a time: hold the run's lock.

    Args:
        run: the folder.
        steps: stages that train -> steps of their newest checkpoint; rows after it are dropped.
        drop: stages whose rows are dropped, because they begin anew.
    """

    def __init__(self, run: RunFolder, *, steps: Mapping[str, int], drop: Iterable[str] = ()) -> None:
        gone = frozenset(drop)

        def current(row: Row) -> bool:
            return row["stage"] not in gone and int(row["step"]) <= steps.get(row["stage"], int(row["step"]))

        prune(run.rollouts, current)
        prune(run.metrics, current)
        self._rollouts = JsonlFile(run.rollouts)
        self._stored: dict[tuple[str, str, int], dict[str, Row]] = {}
        for row in self._rollouts.rows_at_open:
            self._stored.setdefault((row["stage"], row["model"], row["step"]), {})[row["rollout"]["id"]] = row
        known = {name for rows in self._stored.values() for name in rows}
        prune(run.verdicts, lambda row: current(row) and (row["candidate"] in known or row["stage"] == "judge"))
        self._verdicts = JsonlFile(run.verdicts)
        self._metrics = JsonlFile(run.metrics)

    def stored(self, stage: str, model: str, step: int) -> dict[str, Scored]:
        """Rollouts of this chunk or step that are on disk, with their rewards, by id."""
        rows = self._stored.get((stage, model, step), {})
        return {name: _scored(row) for name, row in rows.items()}

    def add(self, stage: str, model: str, step: int, scored: Sequence[Scored], *, judge: str) -> None:
        """Write rollouts that are not there yet, each after its verdicts.

        Args:
            stage: of the pipeline.
            model: base, sft, rft ...
            step: chunk of rows, or optimizer step.
            scored: rollouts with their rewards.
            judge: the judge's name, for the verdict table.
        """
        there = self._stored.setdefault((stage, model, step), {})
        for rollout, reward in scored:
            if rollout.id in there:
                continue
            for part in reward.components:
                self._judged(stage, step, part, rollout, judge)
            row = {
                "stage": stage,
                "model": model,
                "step": step,
                "rollout": slim(rollout).model_dump(mode="json"),
                "response_tokens": len(rollout.tokens or ()),
                "reward": reward.model_dump(mode="json"),
            }
            self._rollouts.append(row)
            there[rollout.id] = row
        self.sync()

    def verdict(
        self,
        stage: str,
        step: int,
        judgement: Verdict | JudgeFailure,
        rollout: Rollout,
        judge: str,
        *,
        variant: str = "base",
        repeat: int = 0,
    ) -> list[Row]:
        """Write the verdict rows of one judgement that belongs to no reward, and return them."""
        context = CallContext(judge_name=judge, variant=variant, repeat=repeat)
        rows = [{"stage": stage, "step": step, **row} for row in verdict_rows(judgement, rollout, context)]
        for row in rows:
            self._verdicts.append(row)
        return rows

    def verdicts(self, stage: str, variant: str) -> list[Row]:
        """The verdict rows of a stage and variant that were on disk when the files were opened."""
        return [row for row in self._verdicts.rows_at_open if (row["stage"], row["variant"]) == (stage, variant)]

    def verdict_rows(self, stage: str, step: int, rows: Iterable[Row]) -> None:
        """Write rows of the verdict table that belong to no reward."""
        for row in rows:
            self._verdicts.append({"stage": stage, "step": step, **row})

    def _judged(self, stage: str, step: int, part: ComponentScore, rollout: Rollout, judge: str) -> None:
        if part.judgement is not None:
            self.verdict(stage, step, part.judgement, rollout, judge)

    def metric(self, stage: str, event: StepEnded) -> None:
        """Write the metrics of an optimizer step."""
        self._metrics.append({"stage": stage, "step": event.step, **event.metrics})

    def sync(self) -> None:
        """Wait until everything written is on disk."""
        for file in (self._verdicts, self._rollouts, self._metrics):
            file.sync()

    def close(self) -> None:
        """Let go of the files."""
        for file in (self._verdicts, self._rollouts, self._metrics):
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Recorder:
    """An `Observer` for training: writes first, then tells the others. A disk that refuses ends the run.

    Args:
        records: where to write.
        stage: sft or train.
        judge: the judge's name.
        others: who else listens.
        pause_over: asks for a stop when too many rewards are unscored; None never does.
    """

    def __init__(
        self, records: Records, stage: str, judge: str, others: Observer, pause_over: PauseOver | None = None
    ) -> None:
        self._records, self._stage, self._judge, self._others = records, stage, judge, others
        self._pause_over = pause_over
        self._unscored = UnscoredShare(pause_over) if pause_over is not None else None
        self._is_told = False

    def on_event(self, event: Event) -> Request:
        """Write groups and steps; a used-up budget or too many unscored rewards ask for a stop, else the others."""
        spent, over = False, False
        if isinstance(event, GroupScored):
            scored = list(zip(event.group.rollouts, event.rewards, strict=True))
            self._records.add(self._stage, "rft", event.step, scored, judge=self._judge)
            spent = any(_is_spent(reward) for reward in event.rewards)
            over = self._unscored is not None and self._unscored.add(event.rewards)
        elif isinstance(event, StepEnded):
            self._records.metric(self._stage, event)
            self._records.sync()
        answer = self._others.on_event(event)
        if spent:
            self._tell("The judge's budget is used up. Raise judge.limits.budget_usd or budget_calls, and resume.")
        elif over:
            self._tell(self._over())
        return Request.STOP if spent or over else answer

    def _over(self) -> str:
        assert self._pause_over is not None, "only a limit can be passed"
        share, last = self._pause_over.share, self._pause_over.last
        return (
            f"More than {share:.0%} of the last {last} rewards are unscored: the judge fails. "
            "Mend it and resume, or raise reward.pause_over."
        )

    def _tell(self, text: str) -> None:
        """Once a start: the groups of one step say the same."""
        if not self._is_told:
            self._is_told = True
            self._others.on_event(Note(stage=self._stage, text=text, level="warning"))


def _is_spent(reward: Reward) -> bool:
    """The judge was not asked, because its budget is used up: going on would only lose more groups."""
    return any(
        isinstance(part.judgement, JudgeFailure) and part.judgement.kind is FailureKind.BUDGET
        for part in reward.components
    )


def slim(rollout: Rollout) -> Rollout:
    """The rollout without tokens and log-probabilities, as it is stored: nothing but training needs them."""
    return rollout.model_copy(update={"tokens": None, "logprobs": None})


def prune(path: Path, keep: Callable[[Row], bool]) -> None:
    """Rewrite a JSONL file without the rows that `keep` refuses; the file is left alone when it keeps all."""
    if not path.is_file():
        return
    rows = read_jsonl(path)
    kept = [row for row in rows if keep(row)]
    if len(kept) < len(rows):
        write_bytes(path, b"".join(seal(row) for row in kept))


def _scored(row: Row) -> Scored:
    return Rollout.model_validate(row["rollout"]), Reward.model_validate(row["reward"])
