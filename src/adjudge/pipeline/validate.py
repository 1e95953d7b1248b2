"""Measuring a judge: what is asked, in which order, and the passport that comes of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from adjudge import __version__
from adjudge.domain import Note, Observer, Rollout
from adjudge.errors import MissingError
from adjudge.judges.choice import ChoiceJudge
from adjudge.judges.rubric import batch_size
from adjudge.judges.suite.result import SuiteResult
from adjudge.judges.suite.run import run_suite
from adjudge.judges.variants import variants
from adjudge.pipeline.anchors import scoring_of
from adjudge.pipeline.data import file_fingerprints, split_samples
from adjudge.pipeline.judging import Bench
from adjudge.pipeline.labelled import known_answer
from adjudge.pipeline.measure import Measurement, Question, Response, Row, repeated, reworded, spread
from adjudge.pipeline.own import own_responses, seen_by_judge
from adjudge.pipeline.passport import STAGE
from adjudge.pipeline.probes import Probe, make_probes
from adjudge.pipeline.responses import given_responses, labelled_responses, people_responses, tested_responses
from adjudge.pipeline.stop import tell
from adjudge.pipeline.suite import task_suite
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.training.labelled import Case
from adjudge.validation.check import Material
from adjudge.validation.gold import Gold, gold_of, read_gold
from adjudge.validation.labelled import Threshold
from adjudge.validation.metric_table import read_metrics
from adjudge.validation.passport import Passport, make_passport
from adjudge.validation.registry import POLICY, run_checks
from adjudge.validation.scores import noise
from adjudge.validation.table import OK, table_of

LABELS = "expert findings of the validation and test rows; wrong cases made from them by construction"

Sink = Callable[[Sequence[Row]], None]


async def validate_judge(
    task: LoadedTask,
    bench: Bench,
    observer: Observer,
    *,
    sink: Sink | None = None,
    rollouts: Sequence[Rollout] | None = None,
) -> Passport:
    """Ask the task's judge what its section ``validate`` says, and compute the passport from the answers.

    Args:
        task: says how much is asked, and what must be reached.
        bench: gives the judge.
        observer: is told of the progress.
        sink: gets the rows of the verdict table as they come.
        rollouts: of the policy, for what group-relative training will see; None draws them here.

    Raises:
        StoppedError: an observer asked to stop; what was paid for is in the bench's journal.
        DataError: a rollout answers a row that the task does not have, or people's labels cannot be read.
    """
    measurement = Measurement(bench, STAGE, observer, sink)
    cases = labelled_responses(task, bench.rubric)
    suite = task_suite(task, bench.rubric)
    known = [response for _, response in cases] or list(tested_responses(suite) if suite else ())
    own = await _own(task, rollouts, observer)
    await measurement.ask([Question(response) for response in known], "known responses")
    await measurement.ask([Question(response) for response in own], "the policy's own responses")
    gold = gold_of(()) if task.config.validation.gold is None else read_gold(task.path(task.config.validation.gold))
    asked = {response.rollout.id for response in own}
    people = [response for response in people_responses(task, gold) if response.rollout.id not in asked]
    await measurement.ask([Question(response) for response in people], "what people labelled")
    result = None if suite is None else await run_suite(bench.judge(), suite)
    await _probe(task, bench, measurement, known or own, own)
    return _passport(task, bench, measurement.rows, [case for case, _ in cases], gold=gold, result=result)


async def _own(task: LoadedTask, rollouts: Sequence[Rollout] | None, observer: Observer) -> tuple[Response, ...]:
    """The policy's responses that its judge would see: given ones, or drawn here."""
    if rollouts is not None:
        return await seen_by_judge(task, given_responses(task, rollouts))
    rows = split_samples(task, "validation")[: task.config.validation.probes.groups]
    if not rows:
        return ()
    try:
        return await own_responses(task, rows)
    except MissingError as error:
        # The judge can be anywhere and its policy not here: the check then says what it lacks.
        tell(observer, Note(stage=STAGE, text=f"No responses of the policy: {error.what}", level="warning"))
        return ()


async def _probe(
    task: LoadedTask, bench: Bench, measurement: Measurement, bases: Sequence[Response], own: Sequence[Response]
) -> None:
    """The same again, in other words, and after changes that must not matter or must not help."""
    probes, seed = task.config.validation.probes, task.config.validation.seed
    again = spread(bases, probes.repeat_cases, seed)
    # A model that chooses gives equal answers by construction: its own responses tell no noise when asked again.
    noisy = () if isinstance(bench.judge(), ChoiceJudge) else own
    await measurement.ask(repeated([*again, *noisy], probes.repeats), "asked again")
    some = spread(bases, probes.wording_cases, seed)
    if some:
        await measurement.ask(reworded(some, variants(bench.rubric)), "in other words")
    await measurement.ask(_changed(task, bench, bases), "attacked, dressed up, padded")


def _changed(task: LoadedTask, bench: Bench, bases: Sequence[Response]) -> list[Question]:
    config, judge = task.config.validation, bench.judge()
    by_id = {base.rollout.id: base for base in bases}
    bad = {base.rollout.id for base in bases if base.label is False}
    chooses = isinstance(judge, ChoiceJudge)
    made = make_probes(
        bench.rubric,
        [(base.sample, base.rollout) for base in bases],
        config.probes,
        batch=1 if chooses else batch_size(len(bench.rubric.criteria), task.config.judge.calls),
        seed=config.seed,
        bad=bad or None,
    )
    return [question for probe in made if (question := _question(probe, by_id[probe.rollout.id])) is not None]


def _question(probe: Probe, base: Response) -> Question | None:
    """The probe as a question; None where it changes nothing that the base is about."""
    if base.criterion is not None and base.criterion not in probe.criteria:
        return None
    changed = replace(base, sample=probe.sample, rollout=probe.rollout)
    return Question(changed, probe.variant, probe.order, probe.repeat, criteria=probe.criteria)


def _passport(
    task: LoadedTask,
    bench: Bench,
    rows: Sequence[Row],
    cases: Sequence[Case],
    *,
    gold: Gold,
    result: SuiteResult | None,
) -> Passport:
    config, judge = task.config.validation, bench.judge()
    table = table_of(rows)
    metrics = None if config.metrics is None else read_metrics(task.path(config.metrics))
    scoring = scoring_of(bench.rubric)
    material = Material(table, table, gold, seed=config.seed)
    settings = config.checks.model_copy(
        update={
            "production": config.checks.production.model_copy(update={"success": config.success_criteria}),
            "repeats": config.checks.repeats.model_copy(update={"answers": config.probes.repeats}),
            "group": config.checks.group.model_copy(
                update={"scoring": scoring, "deterministic": isinstance(judge, ChoiceJudge)}
            ),
            "attacks": config.checks.attacks.model_copy(update={"vices": _vices(bench)}),
            "cost": config.checks.cost.model_copy(update=_training(task)),
        }
    )
    found = make_passport(
        judge.name,
        judge.fingerprint,
        [known_answer(case) for case in cases],
        _answers(rows, cases),
        criteria=[criterion.id for criterion in bench.rubric.criteria],
        threshold=Threshold(auc=config.auc, bound=config.bound, min_cases=config.min_cases),
        labels=LABELS if cases else "",
        seed=config.seed,
    )
    return found.model_copy(
        update={
            "made": datetime.now(UTC).date().isoformat(),
            "adjudge_version": __version__,
            "checks": run_checks(material, settings, suite_result=result, metrics=metrics),
            "accepted": dict(config.accept),
            "must_pass": config.must_pass,
            "data": file_fingerprints(task),
            # Labelled cases answer one criterion each: their scores are not those that training sees.
            "noise": noise(table.of(slice=POLICY), scoring),
        }
    )


def _answers(rows: Sequence[Row], cases: Sequence[Case]) -> dict[str, float | None]:
    """Case id -> how sure the judge is of the better answer at its first asking; None where it failed."""
    answers: dict[str, float | None] = {case.id: None for case in cases}
    for row in rows:
        case = str(row["candidate"]).removeprefix("case/")
        if row["variant"] == "base" and row["repeat"] == 0 and case in answers and row["status"] == OK:
            answers[case] = row["score"]
    return answers


def _training(task: LoadedTask) -> dict[str, int]:
    """How often the judge will be asked while training."""
    train = task.config.train
    return {"rollouts": train.max_steps * train.global_batch_size, "concurrency": train.lambda_concurrency_limit}


def _vices(bench: Bench) -> tuple[str, ...]:
    return tuple(criterion.id for criterion in bench.rubric.criteria if criterion.weight < 0)
