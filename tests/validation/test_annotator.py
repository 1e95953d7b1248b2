import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.validation.statistics.annotator import alt_test, leave_one_out
from adjudge.validation.table import Numbers


def raters(values, known=None) -> Numbers:
    values = np.asarray(values, dtype=float)
    return Numbers(values, np.ones(values.shape, dtype=bool) if known is None else np.asarray(known, dtype=bool))


def drawn(seed: int, items: int, people: int, judge_right: float, person_right: float = 0.8):
    """A Boolean truth, people and a judge who find it with these chances."""
    dice = np.random.default_rng(seed)
    truth = dice.integers(0, 2, items)

    def of(right: float) -> np.ndarray:
        return np.where(dice.uniform(size=items) < right, truth, 1 - truth).astype(float)

    return of(judge_right), np.stack([of(person_right) for _ in range(people)], axis=1)


def reference(judge, people, known, epsilon, near: bool):
    """The procedure of the paper, item by item: winning rate and advantage."""
    stats = pytest.importorskip("scipy.stats")
    p_values, advantages = [], []
    for rater in range(people.shape[1]):
        ours, theirs = [], []
        for item in range(len(judge)):
            others = [people[item, k] for k in range(people.shape[1]) if k != rater and known[item, k]]
            if not known[item, rater] or not others:
                continue
            if near:
                a, b = (-np.sqrt(np.mean([(x - o) ** 2 for o in others])) for x in (judge[item], people[item, rater]))
            else:
                a, b = (np.mean([x == o for o in others]) for x in (judge[item], people[item, rater]))
            ours.append(float(a >= b - 1e-12))
            theirs.append(float(b >= a - 1e-12))
        gaps = np.subtract(theirs, ours)
        if np.ptp(gaps) == 0:
            p_values.append(0.0 if gaps[0] < epsilon else 1.0)
        else:
            p_values.append(stats.ttest_1samp(gaps, epsilon, alternative="less").pvalue)
        advantages.append(np.mean(ours))
    order, size = np.argsort(p_values), len(p_values)
    harmonic = sum(1 / k for k in range(1, size + 1))
    kept = [k for k in range(size) if p_values[order[k]] <= (k + 1) / size * 0.05 / harmonic]
    return (max(kept) + 1 if kept else 0) / size, float(np.mean(advantages))


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(3, 5), st.floats(0.4, 1.0), st.booleans())
def test_the_test_is_the_papers(seed: int, people: int, right: float, near: bool):
    """Winning rate and advantage as computed item by item, with people who left items out."""
    judge, scores = drawn(seed, 40, people, right)
    known = np.random.default_rng(seed + 1).uniform(size=scores.shape) < 0.9
    omega, advantage = reference(judge, scores, known, 0.15, near)
    nearness = "near" if near else "equal"
    found = alt_test(
        judge, raters(scores, known), range(40), nearness=nearness, epsilon=0.15, min_items=2, resamples=20
    )
    assert found is not None
    assert found.omega == pytest.approx(omega)
    assert found.advantage.estimate == pytest.approx(advantage)


def test_a_judge_like_a_person_passes_and_one_that_guesses_does_not():
    """With 200 items: as good as people wins against all, a coin against none."""
    for right, omega in ((0.9, 1.0), (0.5, 0.0)):
        judge, people = drawn(0, 200, 3, right)
        found = alt_test(judge, raters(people), range(200), resamples=200)
        assert found is not None
        assert found.omega == omega


def test_bonus_and_correction_matter():
    """A judge a little worse than people passes with the bonus for experts, not without one; BH is never stricter."""
    judge, people = drawn(2, 300, 3, 0.76)
    omegas = [alt_test(judge, raters(people), range(300), epsilon=e, resamples=20).omega for e in (0.0, 0.2)]
    assert omegas[0] < omegas[1]
    assert alt_test(judge, raters(people), range(300), correction="bh", resamples=20).omega >= omegas[1]


@pytest.mark.parametrize(("items", "people"), [(0, 3), (1, 3), (29, 3), (60, 2), (60, 0)])
def test_too_few_people_or_items_give_no_test(items: int, people: int):
    """Three people with thirty items each are the least."""
    judge, scores = drawn(0, items, people, 0.8) if people else (np.zeros(items), np.zeros((items, 0)))
    assert alt_test(judge, raters(scores), range(items)) is None


def correlation(left, right, weights=None):
    """Spearman's, absent where one side is constant."""
    stats = pytest.importorskip("scipy.stats")
    if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    return float(stats.spearmanr(left, right).statistic)


def test_the_ceiling_leaves_each_person_out():
    """Mean over people of the correlation with the mean of the others; the judge against the same."""
    dice = np.random.default_rng(0)
    truth = dice.normal(0, 1, 80)
    people = truth[:, None] + dice.normal(0, 1, (80, 3))
    judge = truth + dice.normal(0, 0.5, 80)
    found = leave_one_out(judge, raters(people), range(80), correlation)
    others = [people[:, [k for k in range(3) if k != rater]].mean(axis=1) for rater in range(3)]
    assert found is not None
    assert found.people == pytest.approx(np.mean([correlation(people[:, r], others[r]) for r in range(3)]))
    assert found.judge == pytest.approx(np.mean([correlation(judge, other) for other in others]))
    assert (found.raters, found.gap.n) == (3, 80)
    assert found.gap.estimate == pytest.approx(found.judge - found.people)
    assert 0 < found.gap.low < found.gap.high


def test_a_majority_leaves_split_items_out():
    """Accuracy against the majority of the others; items on which these are split do not count."""
    people = [[1, 1, 1], [1, 1, 0], [0, 0, 1], [1, 0, 0]]

    def accuracy(left, right, weights):
        return float(np.mean(left == right)) if len(left) else None

    found = leave_one_out(np.array([1.0, 1, 1, 0]), raters(people), range(4), accuracy, majority=True)
    assert found is not None
    per_person = []
    for rater in range(3):
        rest = [k for k in range(3) if k != rater]
        kept = [row for row in people if row[rest[0]] == row[rest[1]]]
        per_person.append(np.mean([row[rater] == row[rest[0]] for row in kept]))
    assert found.people == pytest.approx(np.mean(per_person))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 1), (1, 3)])
def test_without_people_in_common_there_is_no_ceiling(shape: tuple[int, int]):
    """Nobody, one person, or one item: absent, not an error."""
    assert leave_one_out(np.zeros(shape[0]), raters(np.zeros(shape)), range(shape[0]), correlation) is None
