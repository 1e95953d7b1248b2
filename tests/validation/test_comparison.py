"""The comparison of judges, on answers whose figures are known."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import Usage
from adjudge.evaluation.statistics import paired_difference
from adjudge.validation.agreement import Labelled, difference, share
from adjudge.validation.comparison import OK, Asked, Asking, Problem, compare
from adjudge.validation.comparison_table import comparison_lines
from adjudge.validation.labelled import LabelledCase

CASES = [
    LabelledCase(id=f"c{n}", criterion="grounded", source="expert", cluster=f"contract-{n // 2}", label=n % 2 == 0)
    for n in range(20)
]


def said(case: LabelledCase, *, yes: bool, repeat: int = 0) -> Asked:
    return Asked(case, repeat, OK, "yes" if yes else "no", 1.0 if yes else 0.0)


def asking(model: str, asked: Sequence[Asked], replies: Sequence[tuple[Usage, bool]] = (), gave_up: str = "") -> Asking:
    return Asking(model, f"judge-{model}", f"print-{model}", asked, replies, gave_up)


def right(*, wrong: Sequence[int] = (), repeat: int = 0) -> list[Asked]:
    """The right answer to every case but those at `wrong`."""
    return [said(case, yes=case.label != (n in wrong), repeat=repeat) for n, case in enumerate(CASES)]


def test_figures_and_differences_are_those_of_the_answers():
    """A judge with 4 of 20 wrong: accuracy 0.8 and kappa 0.6, 0.2 and 0.4 under the perfect one."""
    found = compare([asking("good", right()), asking("fair", right(wrong=[0, 1, 2, 3]))], CASES, repeats=1)
    good, fair = found.lines
    assert good.figures is not None
    assert fair.figures is not None
    assert good.figures.auc is not None
    assert fair.figures.accuracy is not None
    assert fair.figures.kappa is not None
    assert good.figures.auc.estimate == 1.0
    assert fair.figures.accuracy.estimate == pytest.approx(0.8)
    assert fair.figures.kappa.estimate == pytest.approx(0.6)
    assert (found.reference, found.clusters, found.worked) == ("good", 10, True)
    (less,) = found.differences
    assert (less.model, less.cases) == ("fair", 20)
    assert less.accuracy is not None
    assert less.kappa is not None
    assert less.auc is not None
    assert [less.accuracy.estimate, less.kappa.estimate, less.auc.estimate] == pytest.approx([-0.2, -0.4, -0.2])
    assert less.accuracy.clusters == 10


def test_the_difference_is_on_cases_that_both_answered():
    """A case on which either judge failed is in neither side of the difference."""
    holes = [Asked(CASES[n], 0, "timeout") if n < 4 else one for n, one in enumerate(right())]
    found = compare([asking("good", right(wrong=[0, 1, 2, 3])), asking("holes", holes)], CASES, repeats=1)
    (less,) = found.differences
    assert less.cases == 16
    assert less.accuracy is not None
    assert less.accuracy.estimate == 0.0
    line = found.lines[1]
    assert (line.failures, line.failed) == ({"timeout": 4}, pytest.approx(0.2))
    assert line.figures is not None
    assert line.figures.failures == 4


def test_flips_are_pairs_of_answers_that_differ():
    """Two of 20 questions answered otherwise the second time: 0.1 of the pairs; of three askings, each pair counts."""
    twice = [*right(), *right(wrong=[5, 6], repeat=1)]
    assert flips(twice) == pytest.approx(2 / 20)
    assert flips([*twice, *right(repeat=2)]) == pytest.approx(4 / 60)


def flips(asked: Sequence[Asked]) -> float:
    found = compare([asking("a", asked)], CASES, repeats=3).lines[0].flips
    assert found is not None
    assert found.clusters == 10
    return found.estimate


def test_consistency_is_not_known_from_one_asking():
    """One asking gives no flip rate and no record of consistency."""
    (line,) = compare([asking("a", right())], CASES, repeats=1).lines
    assert (line.flips, line.consistency) == (None, None)


def test_latency_is_of_usable_replies():
    """Seconds 1 to 101: median 51, p95 96; failures and replies without a call are not in it."""
    replies = [(Usage(calls=1, seconds=float(n)), True) for n in range(1, 102)]
    replies += [(Usage(calls=5, seconds=900.0), False), (Usage(), True)]
    (line,) = compare([asking("a", right(), replies)], CASES, repeats=1).lines
    assert (line.p50_seconds, line.p95_seconds, line.timed) == (51.0, 96.0, 101)
    assert line.usage.calls == 106


def test_cost_is_told_a_thousand_judgements_and_failures_cost_too():
    """0.40 USD for 20 judgements are 20 USD for 1,000."""
    replies = [(Usage(calls=1, cost_usd=0.015), True)] * 20 + [(Usage(calls=2, cost_usd=0.1), False)]
    (line,) = compare([asking("a", right(), replies)], CASES, repeats=1).lines
    assert line.cost_per_1000_usd == pytest.approx(20.0)


def test_an_unknown_price_is_said():
    """One reply without a price makes the cost unknown, and the table says the word."""
    replies = [(Usage(calls=1, cost_usd=0.01), True), (Usage(calls=1), True)]
    found = compare([asking("a", right(), replies)], CASES, repeats=1)
    assert found.lines[0].cost_per_1000_usd is None
    assert "unknown" in "\n".join(comparison_lines(found))


def test_a_judge_that_was_not_asked_everything_has_no_figures():
    """It is neither measured nor the reference; the table says why."""
    failed = [Asked(case, 0, "refused_request") for case in CASES[:3]]
    found = compare([asking("dead", failed, gave_up="stopped"), asking("good", right())], CASES, repeats=1)
    dead = found.lines[0]
    assert (dead.figures, dead.worked, found.reference, found.differences) == (None, False, "good", ())
    text = "\n".join(comparison_lines(found))
    assert "dead: stopped" in text
    assert "refused_request 100.0 %" in text


def test_nothing_worked_where_no_judgement_is_a_verdict():
    """Judges that failed everywhere and judges that were not opened are no result."""
    problem = Problem(model="m", what="No key.", why="-", fix="Set it.", exit_code=3)
    failed = [Asked(case, 0, "timeout") for case in CASES]
    found = compare([asking("dead", failed)], CASES, repeats=1, problems=[problem])
    assert (found.worked, found.reference) == (False, None)
    assert "m: not opened." in comparison_lines(found)


labelled = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)


@given(labelled)
def test_the_accuracy_difference_is_the_paired_mean(rows: list[tuple[bool, bool, bool, int]]):
    """Estimate and interval are those of the paired difference of right answers, computed elsewhere."""
    labels, clusters = [row[0] for row in rows], [row[3] for row in rows]
    first = Labelled(labels, [float(row[1]) for row in rows], clusters)
    second = Labelled(labels, [float(row[2]) for row in rows], clusters)
    ours = difference("accuracy", first, second, seed=3, resamples=200)
    names = [str(n) for n in range(len(rows))]
    one, two = (
        dict(zip(names, [float(a == b) for a, b in zip(labels, side.answers, strict=True)], strict=True))
        for side in (first, second)
    )
    theirs = paired_difference(one, two, dict(zip(names, clusters, strict=True)), seed=3, resamples=200)
    assert ours is not None
    assert theirs is not None
    assert ours.estimate == pytest.approx(theirs.estimate, abs=1e-12)
    if theirs.low is None or theirs.low < theirs.high - 1e-9:  # type: ignore[operator]  # both or none
        assert [ours.low, ours.high] == [pytest.approx(end, abs=1e-9) for end in (theirs.low, theirs.high)]


@given(labelled, st.sampled_from(["auc", "kappa", "accuracy"]))
def test_the_difference_turns_round_with_the_judges(rows: list[tuple[bool, bool, bool, int]], figure: str):
    """B less A is minus A less B, with the ends of the interval exchanged."""
    labels, clusters = [row[0] for row in rows], [row[3] for row in rows]
    first = Labelled(labels, [float(row[1]) for row in rows], clusters)
    second = Labelled(labels, [float(row[2]) for row in rows], clusters)
    there = difference(figure, first, second, seed=1, resamples=200)  # type: ignore[arg-type]  # one of the three
    back = difference(figure, second, first, seed=1, resamples=200)  # type: ignore[arg-type]
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.estimate == pytest.approx(-back.estimate, abs=1e-12)
        if there.low is not None and there.high is not None and back.low is not None and back.high is not None:
            assert [there.low, there.high] == pytest.approx([-back.high, -back.low], abs=1e-9)


def test_differences_of_other_cases_are_refused():
    """Two judges measured on other labels are not compared."""
    with pytest.raises(ValueError, match="same cases"):
        difference("auc", Labelled([True], [1.0], ["a"]), Labelled([False], [1.0], ["a"]), seed=0)


def test_a_share_of_nothing_is_none():
    """Without values, or where the wholes are zero, there is no share."""
    assert share([], [], [], seed=0) is None
    assert share([0.0], [0.0], ["a"], seed=0) is None
