from typing import Any

import pytest

from adjudge.validation.consistency import consistency


def row(item: str, answer: str | None, judge: str = "J", criterion: str = "c", variant: str = "") -> dict[str, Any]:
    """One row of the verdict table; without an answer a failure."""
    if answer is None:
        return {"judge": judge, "status": "timeout"}
    common = {"judge": judge, "status": "ok", "item": item, "criterion": criterion, "variant": variant, "order": 0}
    return {**common, "answer": answer}


def test_counts_equal_answers_to_equal_questions():
    """One of two repeated questions and two of four pairs have equal answers; a single answer is no repeat."""
    rows = [row("a", "yes"), row("a", "yes"), row("b", "yes"), row("b", "no"), row("b", "no"), row("z", "yes")]
    (found,) = consistency(rows)
    assert (found.questions, found.answers, found.failures) == (2, 5, 0)
    assert found.equal is not None
    assert found.equal.estimate == 0.5
    assert found.pairs_equal == pytest.approx(2 / 4)


def test_other_questions_and_judges_are_not_repeats():
    """Another criterion, wording or judge is another question; judges are told apart by fingerprint."""
    rows = [row("a", "yes"), row("a", "no", criterion="d"), row("a", "no", variant="v"), row("a", "no", judge="K")]
    found = consistency(rows)
    assert [part.judge for part in found] == ["J", "K"]
    assert all(part.questions == 0 and part.equal is None and part.pairs_equal is None for part in found)


def test_failures_are_counted_not_compared():
    """A judge that failed gave no answer: neither equal nor different."""
    (found,) = consistency([row("a", "yes"), row("a", None), row("a", "yes"), row("a", None)])
    assert found.failures == 2
    assert found.equal is not None
    assert found.equal.estimate == 1.0


def test_no_rows_no_judges():
    """Nothing recorded, nothing claimed."""
    assert consistency([]) == ()
