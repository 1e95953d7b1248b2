"""Run a suite: everything is asked, as often as the suite says, and a majority of the repeats decides."""

from collections.abc import Sequence
from statistics import fmean

from adjudge.domain.protocols import Judge
from adjudge.domain.verdict import Judgement, Verdict
from adjudge.judges.suite.base import Ask, Found, JudgeTest
from adjudge.judges.suite.result import Answered, JudgeTestResult, SuiteResult, flip_rate
from adjudge.judges.suite.suite import Suite
from adjudge.judges.together import together
from adjudge.judges.votes import Repeatable, again


async def run_suite(judge: Judge, suite: Suite, *, repeats: int | None = None) -> SuiteResult:
    """Ask the judge everything, and say what every test came to.

    A test passes where it passes in more than half of the repeats. A judge that cannot be asked again is asked once.
    With repeats there is one test more, ``repeats``: answers that flip too often are no answers.

    Args:
        judge: of the suite's rubric.
        suite: the tests.
        repeats: how often, from 1; None takes the suite's number.

    Raises:
        AdjudgeError: the judge says that the user must change something first.
    """
    judges = _repeated(judge, suite.repeats if repeats is None else repeats)
    asks = list({ask.id: ask for test in suite.tests for ask in test.asks}.values())
    found = [await _asked(one, asks) for one in judges]
    responses = tuple(_answered(ask.id, found) for ask in asks)
    tests = [_tested(test, found) for test in suite.tests]
    if len(judges) > 1:
        tests.append(_steady(responses, suite.flips, len(judges)))
    return SuiteResult(
        judge=judge.name,
        fingerprint=judge.fingerprint,
        rubric=suite.rubric.fingerprint,
        suite=suite.fingerprint,
        repeats=len(judges),
        tests=tuple(tests),
        responses=responses,
    )


def _repeated(judge: Judge, repeats: int) -> list[Judge]:
    return [judge, *(again(judge, repeat) for repeat in range(1, repeats if isinstance(judge, Repeatable) else 1))]


async def _asked(judge: Judge, asks: Sequence[Ask]) -> Found:
    """Judgements by id. Those about changed responses come second: a journal then knows what did not change."""
    found: dict[str, Judgement] = {}
    for changed in (False, True):
        part = [ask for ask in asks if ask.changed is changed]
        judgements = await together([judge.judge(ask.sample(), ask.rollout()) for ask in part])
        found |= {ask.id: judgement for ask, judgement in zip(part, judgements, strict=True)}
    return found


def _tested(test: JudgeTest, found: Sequence[Found]) -> JudgeTestResult:
    problems = [test.problems(once) for once in found]
    failing = [once for once in problems if once]
    failed = 2 * len(failing) >= len(problems)
    figures = [figures for once in found if (figures := test.figures(once))]
    return JudgeTestResult(
        name=test.name,
        kind=test.kind,
        must_pass=test.must_pass,
        problems=tuple(dict.fromkeys(problem for once in failing for problem in once)) if failed else (),
        figures={name: fmean(one[name] for one in figures) for name in figures[0]} if figures else {},
        agree=len(failing) if failed else len(problems) - len(failing),
    )


def _answered(name: str, found: Sequence[Found]) -> Answered:
    answers: dict[str, list[str]] = {}
    scores: list[float | None] = []
    for once in found:
        judgement = once[name]
        scores.append(judgement.score if isinstance(judgement, Verdict) else None)
        for item in judgement.items if isinstance(judgement, Verdict) else ():
            for part in item.criteria:
                answers.setdefault(f"{item.item}/{part.criterion}", []).append(part.answer)
    return Answered(id=name, scores=tuple(scores), answers={place: tuple(given) for place, given in answers.items()})


def _steady(responses: Sequence[Answered], most: float, repeats: int) -> JudgeTestResult:
    rate = flip_rate([given for response in responses for given in response.answers.values()])
    problem = f"repeats: {rate or 0.0:.1%} of the repeated answers differ, at most {most:.1%} may"
    return JudgeTestResult(
        name="repeats",
        kind="repeats",
        problems=(problem,) if rate is None or rate > most else (),
        figures={} if rate is None else {"flips": rate},
        agree=repeats,
    )
