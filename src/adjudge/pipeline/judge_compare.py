"""Several judges on the same labelled cases: each is asked, and what it answered and took is laid side by side."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adjudge.domain import Judge, JudgeFailure, Judgement, Observer, Progress, Rollout, Rubric, Sample, Usage
from adjudge.endpoints.prices import Prices
from adjudge.errors import AdjudgeError, ConfigError, DataError, MissingError
from adjudge.judges.choice import ChoiceJudge
from adjudge.judges.load import load_rubric
from adjudge.judges.rubric import RubricJudge
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.judge_config import JudgeConfig
from adjudge.pipeline.judging import Bench, open_bench
from adjudge.pipeline.labelled import as_rollout, held_out_cases, known_answer, sample_of
from adjudge.pipeline.stop import tell
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.store.atomic import write_bytes, write_json
from adjudge.store.journal import Journal, Row
from adjudge.store.jsonl import seal
from adjudge.store.run import RunFolder
from adjudge.store.verdicts import CallContext, verdict_rows
from adjudge.training.labelled import Case
from adjudge.validation.comparison import OK, Asked, Asking, JudgeComparison, Problem, compare

STAGE: Final = "compare"
_CHUNK: Final = 16
LABELS: Final = "expert findings of the validation and test rows; wrong cases made from them by construction"


@dataclass(frozen=True)
class Plan:
    """What every judge is asked.

    Attributes:
        task: names data and rubric.
        samples: the held-out rows.
        cases: made from them.
        repeats: how often each case is asked, from 1.
    """

    task: LoadedTask
    samples: Sequence[Sample]
    cases: Sequence[Case]
    repeats: int


class WitnessedJournal(Journal):
    """A journal that remembers which replies were asked for, stored ones too, so that their figures can be told."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._kept: dict[str, Row] = {}
        self._not_kept: list[Row] = []

    def begin(self) -> None:
        """Forget what was asked for so far."""
        self._kept, self._not_kept = {}, []

    def usages(self, prices: Prices | None) -> list[tuple[Usage, bool]]:
        """Usage of each distinct reply asked for since `begin`, and whether it was kept.

        Replies that were paid for before a price was known are priced by their tokens.
        """
        return [
            *((_priced(row["usage"], prices), True) for row in self._kept.values()),
            *((_priced(row["usage"], prices), False) for row in self._not_kept),
        ]

    async def get(self, key: str) -> Row | None:
        """As `Journal.get`."""
        reply = await super().get(key)
        if reply is not None:
            self._kept[key] = reply
        return reply

    async def put(self, key: str, endpoint: str, reply: Row) -> None:
        """As `Journal.put`."""
        await super().put(key, endpoint, reply)
        self._kept[key] = reply

    async def once(self, key: str, endpoint: str, pay: Callable[[], Awaitable[tuple[Row, bool]]]) -> tuple[Row, bool]:
        """As `Journal.once`."""
        reply, paid = await super().once(key, endpoint, pay)
        if paid and key not in self:
            self._not_kept.append(reply)
        return reply, paid


def make_plan(task: LoadedTask, *, cases: int | None = None, repeats: int = 1) -> Plan:
    """The cases of the task's held-out rows.

    Args:
        task: says how many where `cases` is None (``validate.cases``), and which (``validate.seed``).
        cases: most of them; evenly over the criteria.
        repeats: how often each is asked.

    Raises:
        ConfigError: the rows give no labelled case.
    """
    config = task.config.validation
    samples = (*split_samples(task, "validation"), *split_samples(task, "test"))
    rubric = load_rubric(task.path(task.config.judge.rubric))
    made = held_out_cases(samples, rubric, most=config.cases if cases is None else cases, seed=config.seed)
    if not made:
        raise ConfigError(
            f"{task.file}: the validation and test rows give no labelled case.",
            "Judges are compared by how well they agree with known answers: expert findings in the rows' metadata.",
            "Add expert_findings to the rows (format: contract-windows), or measure the judge with judge tests.",
        )
    return Plan(task, samples, made, repeats)


async def compare_judges(
    plan: Plan, models: Sequence[str], out: Path, observer: Observer, prices: Mapping[str, Prices] | None = None
) -> JudgeComparison:
    """Ask one judge after the other, all from one journal in `out`, and write comparison.json and verdicts.jsonl there.

    A judge that cannot be opened is told in the outcome. One whose first judgements all fail is asked no more.

    Args:
        plan: what is asked.
        models: ``provider:model``, each once; the first is what the others are compared to.
        out: folder; equal questions are never paid for twice in it.
        observer: is told of the progress.
        prices: model -> what its tokens cost, beside those of the task's own judge, which the task may know.

    Raises:
        ConfigError: a model is named twice, or a price is of none of them.
        StoppedError: an observer asked to stop; replies so far are in the journal.
    """
    known = dict(prices or {})
    _check(models, known)
    askings: list[Asking] = []
    problems: list[Problem] = []
    rows: list[Row] = []
    folder = RunFolder(out)
    with folder.locked(), WitnessedJournal(folder.journal) as journal:
        for model in models:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    task = with_judge(plan.task, model, known.get(model))
                    bench = await stack.enter_async_context(open_bench(task, journal))
                except (ConfigError, DataError, MissingError) as error:
                    problems.append(_problem(model, error))
                    continue
                asking, own = await _asked(plan, model, bench, journal, observer)
                askings.append(asking)
                rows += own
    found = compare(
        askings,
        [known_answer(case) for case in plan.cases],
        repeats=plan.repeats,
        problems=problems,
        labels=LABELS,
        seed=plan.task.config.validation.seed,
    )
    write_bytes(folder.verdicts, b"".join(seal(row) for row in rows))
    write_json(out / "comparison.json", found.model_dump(mode="json"))
    return found


def with_judge(task: LoadedTask, model: str, prices: Prices | None = None) -> LoadedTask:
    """The task with another judge on its rubric.

    Settings that another kind of judge has no use for are left out, and so are the prices of the task's own judge. The
    task's budget is left out for all: it is for its runs, and a comparison ends by itself.
    """
    config = task.config.judge
    if model != config.model and model.startswith("local:"):
        judge = JudgeConfig(model=model, rubric=config.rubric)
        return LoadedTask(task.config.model_copy(update={"judge": judge}), task.file)
    limits: dict[str, float | None] = {"budget_usd": None, "budget_calls": None}
    if model != config.model or prices is not None:
        limits["prompt_usd"] = prices.prompt_usd if prices else None
        limits["completion_usd"] = prices.completion_usd if prices else None
    update: dict[str, object] = {"limits": config.limits.model_copy(update=limits)}
    if model != config.model:
        update |= {"model": model, "adapter": None}
    judge = config.model_copy(update=update)
    return LoadedTask(task.config.model_copy(update={"judge": judge}), task.file)


def _check(models: Sequence[str], prices: Mapping[str, Prices]) -> None:
    twice = next((model for model, number in Counter(models).items() if number > 1), None)
    if twice is not None:
        raise ConfigError(
            f"The judge '{twice}' is named twice.", "A judge is compared with others.", "Name each --model once."
        )
    stray = next((model for model in prices if model not in models), None)
    if stray is not None:
        raise ConfigError(
            f"There is a price for '{stray}', which is none of the judges.",
            "A price belongs to one judge, named as with --model.",
            f"Write it for one of: {', '.join(models)}.",
        )


def _priced(usage: Mapping[str, Any], prices: Prices | None) -> Usage:
    known = Usage.model_validate(usage)
    if prices is None or known.cost_usd is not None or not known.prompt_tokens + known.completion_tokens:
        return known
    return known.model_copy(update={"cost_usd": prices.cost(known)})


async def _asked(
    plan: Plan, model: str, bench: Bench, journal: WitnessedJournal, observer: Observer
) -> tuple[Asking, list[Row]]:
    """All that one judge answers, and its rows of the verdict table."""
    journal.begin()
    first = bench.judge()
    assert isinstance(first, RubricJudge | ChoiceJudge)  # the two kinds that a bench gives
    asked: list[Asked] = []
    rows: list[Row] = []
    gave_up = ""
    async for repeat, part in _rounds(plan, first):
        for case, rollout, judgement in part:
            asked.append(_answer(case, repeat, judgement))
            context = CallContext(judge_name=first.name, repeat=repeat)
            rows += [{"stage": STAGE, "step": 0, **row} for row in verdict_rows(judgement, rollout, context)]
        total = len(plan.cases) * plan.repeats
        tell(observer, Progress(stage=STAGE, done=len(asked), total=total, detail=first.name))
        gave_up = _hopeless(asked, total)
        if gave_up:
            break
    # Settings of a local judge have no prices; it says itself that it costs nothing.
    usages = journal.usages(bench.task.config.judge.limits.prices)
    return Asking(model, first.name, first.fingerprint, asked, usages, gave_up), rows


async def _rounds(
    plan: Plan, judge: RubricJudge | ChoiceJudge
) -> AsyncIterator[tuple[int, list[tuple[Case, Rollout, Judgement]]]]:
    for repeat in range(plan.repeats):
        async for part in ask_cases(judge.with_repeat(repeat), judge.rubric, plan.cases, plan.samples):
            yield repeat, part


async def ask_cases(
    judge: Judge, rubric: Rubric, cases: Sequence[Case], samples: Sequence[Sample]
) -> AsyncIterator[list[tuple[Case, Rollout, Judgement]]]:
    """Put every case to the judge, a few at a time and in order; what came of each few.

    Args:
        judge: of `rubric`.
        rubric: says how a case becomes a response.
        cases: with known answers.
        samples: the rows that they were made from.
    """
    for start in range(0, len(cases), _CHUNK):
        part = cases[start : start + _CHUNK]
        made = [as_rollout(case, rubric, sample_of(case, samples)) for case in part]
        judgements = await asyncio.gather(*(judge.judge(sample, rollout) for sample, rollout in made))
        rollouts = (rollout for _, rollout in made)
        yield list(zip(part, rollouts, judgements, strict=True))


def _probability(case: Case, judgement: Judgement) -> float | None:
    """How sure the judge is of the better answer; None where it failed."""
    if isinstance(judgement, JudgeFailure):
        return None
    return next(answer.score for answer in judgement.items[0].criteria if answer.criterion == case.criterion)


def _answer(case: Case, repeat: int, judgement: Judgement) -> Asked:
    known = known_answer(case)
    if isinstance(judgement, JudgeFailure):
        return Asked(known, repeat, judgement.kind.value)
    answer = next(part.answer for part in judgement.items[0].criteria if part.criterion == case.criterion)
    return Asked(known, repeat, OK, answer, _probability(case, judgement))


def _hopeless(asked: Sequence[Asked], total: int) -> str:
    """Why to ask no more; empty to go on. A wrong key would else be refused hundreds of times, each in its time."""
    kinds = Counter(one.status for one in asked)
    if kinds[OK] or len(asked) == total:
        return ""
    most = kinds.most_common(1)[0][0]
    return f"not asked further: the first {len(asked)} judgements all failed, most often with {most}."


def _problem(model: str, error: AdjudgeError) -> Problem:
    return Problem(model=model, what=error.what, why=error.why, fix=error.fix, exit_code=error.exit_code)
