"""Stage ``judge``: the judge is measured on known answers before it may train anything."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from adjudge.domain import Judge, JudgeFailure, Judgement, Observer, Progress, Rollout, Rubric, Sample
from adjudge.errors import GateError
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.judging import Bench
from adjudge.pipeline.labelled import as_rollout, held_out_cases, sample_of
from adjudge.pipeline.records import Records
from adjudge.pipeline.stop import tell
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.training.labelled import Case
from adjudge.validation.labelled import LabelledCase, Threshold
from adjudge.validation.passport import Passport, make_passport

STAGE = "judge"
_CHUNK = 16


async def validate_judge(task: LoadedTask, bench: Bench, records: Records | None, observer: Observer) -> Passport:
    """Measure the task's judge on labelled cases of the held-out rows.

    Args:
        task: says how many cases, and what must be reached.
        bench: gives the judge.
        records: where the verdicts are written; None writes none.
        observer: is told of the progress.

    Raises:
        StoppedError: an observer asked to stop.
    """
    config = task.config.validation
    samples = (*split_samples(task, "validation"), *split_samples(task, "test"))
    cases = held_out_cases(samples, bench.rubric, most=config.cases, seed=config.seed)
    judge = bench.judge()
    answers: dict[str, float | None] = {}
    async for asked in ask_cases(judge, bench.rubric, cases, samples):
        for case, rollout, judgement in asked:
            answers[case.id] = probability(case, judgement)
            if records is not None:
                records.verdict(STAGE, 0, judgement, rollout, judge.name)
        tell(observer, Progress(stage=STAGE, done=len(answers), total=len(cases), detail="labelled cases"))
    return make_passport(
        judge.name,
        judge.fingerprint,
        [known_answer(case) for case in cases],
        answers,
        criteria=[criterion.id for criterion in bench.rubric.criteria],
        threshold=Threshold(auc=config.auc, bound=config.bound, min_cases=config.min_cases),
        labels="expert findings of the validation and test rows; wrong cases made from them by construction",
        seed=config.seed,
    )


def settled(task: LoadedTask, passport: Passport) -> Passport:
    """The passport with what the task accepts and asks for today: that decides only whether to go on."""
    config = task.config.validation
    return passport.model_copy(update={"accepted": dict(config.accept), "must_pass": config.must_pass})


def objection(passport: Passport, fingerprint: str) -> str:
    """Why a judge may not train, in a sentence; empty where it may.

    Args:
        passport: of some judge.
        fingerprint: of the judge that is to train.
    """
    if passport.fingerprint != fingerprint:
        return (
            f"The passport is of {passport.judge} ({passport.fingerprint}), and the judge is another one "
            f"({fingerprint}): prompt, model, rubric or sampling has changed."
        )
    return "" if passport.usable else passport.sentence()


def require(passport: Passport, fingerprint: str) -> None:
    """Stop here where the judge may not train.

    Raises:
        GateError: it may not.
    """
    problem = objection(passport, fingerprint)
    if problem:
        raise GateError(
            problem,
            "A policy learns whatever its judge rewards, so a judge that cannot tell good from bad teaches noise.",
            "Use a better judge (judge.model), mend the rubric, or accept a failure with its reason "
            "(validate.accept); --allow-unproven goes on all the same and marks everything.",
        )


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


def known_answer(case: Case) -> LabelledCase:
    """What validation needs to know of a case."""
    return LabelledCase(
        id=case.id, criterion=case.criterion, source=case.source, cluster=case.cluster, label=case.label
    )


def probability(case: Case, judgement: Judgement) -> float | None:
    """How sure the judge is of the better answer; None where it failed."""
    if isinstance(judgement, JudgeFailure):
        return None
    return next(answer.score for answer in judgement.items[0].criteria if answer.criterion == case.criterion)
