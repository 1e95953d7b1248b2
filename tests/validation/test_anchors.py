"""A judge that changes is told from one that is only noisy, out of rows of the verdict table."""

import numpy as np
import pytest

from adjudge.validation.anchors import Asked, asked_of, compare, record
from adjudge.validation.scores import Scoring

CASES = 40


class Judge:
    """A fake: scores responses with noise; `shift` is added to every score, and answers follow the score."""

    def __init__(self, seed, noise=0.15):
        self.dice, self.noise = np.random.default_rng(seed), noise
        self.true = self.dice.uniform(0.3, 0.7, CASES)

    def ask(self, shift=0.0, missing=0):
        scores = np.clip(self.true + shift + self.dice.normal(0, self.noise, CASES), 0, 1).tolist()
        return {
            f"r{at}": Asked(score=score, answers={"0/c": "yes" if score > 0.5 else "no"})
            for at, score in enumerate(scores)
            if at >= missing
        }

    def record(self, repeats=3):
        found = record("J", {f"r{at}": "h" for at in range(CASES)}, [self.ask() for _ in range(repeats)])
        assert found is not None
        return found


def watched(anchors, askings, planned=None):
    """Number of the first asking with an alarm, from 1; None without."""
    for upto in range(1, len(askings) + 1):
        found = compare(anchors, askings[:upto], planned=planned or len(askings), false_alarms=0.05, least=0.001)
        if found.alarms:
            return upto
    return None


def test_a_steady_judge_is_left_alone():
    """Noise alone stops about one run in twenty at most: of 150 runs of 12 askings no more than 15 (p < 0.01)."""
    alarmed = 0
    for seed in range(150):
        judge = Judge(seed)
        alarmed += watched(judge.record(), [judge.ask() for _ in range(12)]) is not None
    assert alarmed <= 15


def test_a_judge_of_another_mind_is_caught_at_once():
    """A shift of 0.15, six standard errors, from the first asking on."""
    for seed in range(20):
        judge = Judge(seed)
        assert watched(judge.record(), [judge.ask(0.15) for _ in range(12)]) in {1, 2}


@pytest.mark.parametrize("shift", [0.06, -0.06])
def test_a_change_on_the_way_is_caught(shift):
    """A shift of two and a half standard errors after the sixth asking, up or down: caught in nine of ten runs."""
    caught = 0
    for seed in range(20):
        judge = Judge(seed)
        at = watched(judge.record(), [judge.ask(shift if at >= 6 else 0.0) for at in range(16)])
        caught += at is not None and at > 6
    assert caught >= 18


def test_answers_that_flip_without_a_mean_that_moves_are_caught():
    """Half of the responses rise, half fall: the mean stays, the answers do not."""
    judge = Judge(1, noise=0.01)
    anchors = judge.record()
    turned = judge.ask()
    swapped = {
        name: Asked(score=1 - asked.score, answers={"0/c": "no" if asked.answers["0/c"] == "yes" else "yes"})
        for name, asked in turned.items()
    }
    found = compare(anchors, [swapped], planned=10, false_alarms=0.05, least=0.1)
    assert found.alarms == ("answers EWMA", "answers CUSUM")


def test_small_changes_of_a_deterministic_judge_do_not_alarm():
    """No noise at all would make the smallest change an alarm; `least` says what counts."""
    judge = Judge(2, noise=0.0)
    anchors, fresh = judge.record(), judge.ask(0.01)
    assert anchors.noise == pytest.approx(0.0, abs=1e-12)
    assert not compare(anchors, [fresh], planned=10, false_alarms=0.05, least=0.02).alarms
    assert compare(anchors, [judge.ask(0.1)], planned=10, false_alarms=0.05, least=0.02).alarms


def test_a_judge_that_is_down_has_not_drifted():
    """Few answers say nothing, now or for the askings after it."""
    judge = Judge(3)
    anchors = judge.record()
    down = judge.ask(0.3, missing=30)
    found = compare(anchors, [judge.ask(), down], planned=10, false_alarms=0.05, least=0.02)
    assert found.points[1] is None
    assert not found.alarms
    after = compare(anchors, [judge.ask(), down, judge.ask()], planned=10, false_alarms=0.05, least=0.02)
    assert not after.alarms


def test_missing_answers_do_not_shift_the_mean():
    """Changes are paired: the better half missing is no fall of the judge."""
    judge = Judge(4, noise=0.0)
    anchors = judge.record()
    best = sorted(anchors.cases, key=lambda anchor: -anchor.score)[:15]
    fresh = {name: asked for name, asked in judge.ask().items() if name not in {anchor.id for anchor in best}}
    (point,) = compare(anchors, [fresh], planned=10, false_alarms=0.05, least=0.02).points
    assert point is not None
    assert (point.answered, point.change) == (25, pytest.approx(0.0))


def test_what_was_said_comes_from_the_rows():
    """Weights, vices and items count as in the rubric; failures have no say; each repeat is an asking."""
    common = {"judge": "J", "group": "g", "candidate": "r", "variant": "anchor", "order": "base"}

    def row(repeat, item, criterion, answer, score):
        made = {"item": f"r/{item}", "criterion": criterion, "answer": answer, "score": score, "status": "ok"}
        return {**common, "repeat": repeat, **made}

    rows = [row(5, 0, "good", "yes", 1.0), row(5, 0, "vice", "yes", 1.0), row(5, 1, "good", "no", 0.0),
            row(5, 1, "vice", "no", 0.0), {**common, "repeat": 6, "status": "timeout"}]  # fmt: skip
    found = asked_of(rows, Scoring(weights={"good": 3.0, "vice": -1.0}))
    assert set(found) == {5}
    assert found[5]["r"].score == pytest.approx((0.75 + 0.25) / 2)
    assert found[5]["r"].answers == {"0/good": "yes", "0/vice": "yes", "1/good": "no", "1/vice": "no"}


def test_an_anchor_was_answered_twice():
    """One answer tells nothing of noise; without two anchors there is no record."""
    judge = Judge(5)
    whole, part = judge.ask(), judge.ask(missing=38)
    names = {f"r{at}": "h" for at in range(CASES)}
    found = record("J", names, [whole, part])
    assert found is not None
    assert [anchor.id for anchor in found.cases] == ["r38", "r39"]
    assert record("J", names, [whole]) is None
