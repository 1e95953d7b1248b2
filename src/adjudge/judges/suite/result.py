"""What a suite came to: an outcome a test, and what the judge answered."""

from collections.abc import Sequence

from pydantic import Field

from adjudge.domain.base import Count, Frozen, Number, Score
from adjudge.judges.suite.base import Kind
from adjudge.judges.votes import pooled_variance


class JudgeTestResult(Frozen):
    """What one test came to."""

    name: str
    kind: Kind
    must_pass: bool = True
    problems: tuple[str, ...] = ()
    """What is wrong, a sentence each; nothing: passed."""

    figures: dict[str, Number] = Field(default_factory=dict)
    """What was measured beside, as a mean over the repeats."""

    agree: Count = 1
    """Repeats in which the outcome was this one."""

    @property
    def passed(self) -> bool:
        """Nothing is wrong."""
        return not self.problems

    def line(self) -> str:
        """For the terminal."""
        word = "pass" if self.passed else "FAIL" if self.must_pass else "fail"
        figures = ", ".join(f"{name} {value:.2f}" for name, value in self.figures.items() if self.kind != "case")
        return f"{word}  {self.name}{f' ({figures})' if figures else ''}"


class Answered(Frozen):
    """What the judge answered about one response, an entry a repeat."""

    id: str
    scores: tuple[Score | None, ...]
    """None where it failed."""

    answers: dict[str, tuple[str, ...]]
    """``item/criterion`` -> answers, of the repeats that have a verdict."""


class SuiteResult(Frozen):
    """What a judge's regression suite came to."""

    judge: str
    """What people call it."""

    fingerprint: str
    rubric: str
    """The rubric's fingerprint."""

    suite: str
    """Fingerprint of the tests."""

    repeats: Count
    """How often everything was asked; 1 for a judge that cannot be asked again."""

    tests: tuple[JudgeTestResult, ...]
    responses: tuple[Answered, ...]

    @property
    def failed(self) -> tuple[JudgeTestResult, ...]:
        """The tests that failed and must not, in order."""
        return tuple(test for test in self.tests if not test.passed and test.must_pass)

    @property
    def passed(self) -> bool:
        """All tests passed that must."""
        return not self.failed

    @property
    def count(self) -> tuple[int, int]:
        """How many tests passed, of how many."""
        return sum(test.passed for test in self.tests), len(self.tests)

    def lines(self) -> list[str]:
        """For the terminal: the tests, then what is wrong."""
        lines = [test.line() for test in self.tests]
        return lines + [f"      {problem}" for test in self.tests for problem in test.problems]

    @property
    def noise(self) -> float | None:
        """Standard deviation of one judging's score, pooled over the responses; None without repeats."""
        scores = [[score for score in response.scores if score is not None] for response in self.responses]
        variance = pooled_variance(scores)
        return None if variance is None else variance**0.5


def flip_rate(answers: Sequence[Sequence[str]]) -> float | None:
    """Share of pairs of repeats that differ, over all questions together; None where nothing was asked twice."""
    pairs = differ = 0
    for given in answers:
        count = len(given)
        pairs += count * (count - 1) // 2
        same = sum(given.count(one) * (given.count(one) - 1) // 2 for one in set(given))
        differ += count * (count - 1) // 2 - same
    return differ / pairs if pairs else None
