"""The pinned baseline beside the tests: what a reviewed judge answered, and whether this one answers otherwise.

A change of wording, model or rubric makes another judge: its verdicts are not compared away but shown, and pinned anew
by a person.
"""

from math import comb, sqrt
from pathlib import Path
from statistics import fmean
from typing import Final

from pydantic import Field, ValidationError

from adjudge.domain.base import Frozen, Score
from adjudge.errors import ConfigError
from adjudge.judges.suite.result import SuiteResult
from adjudge.judges.votes import pooled_variance
from adjudge.store.atomic import write_json

Z: Final = 1.96
"""Standard normal quantile of a two-sided 95 % interval."""


class Pinned(Frozen):
    """A reviewed result; ``judge_tests.lock.json``."""

    judge: str
    fingerprint: str
    rubric: str
    suite: str
    repeats: int = Field(ge=1)
    tests: dict[str, bool]
    """Whether each passed."""

    scores: dict[str, tuple[Score, ...]]
    """Scores of each response, those of failed repeats left out."""

    answers: dict[str, dict[str, str]]
    """Response -> ``item/criterion`` -> the answer given most often."""


class Drift(Frozen):
    """What became of a pinned judge."""

    same_judge: bool
    what_changed: tuple[str, ...] = ()
    """Rubric, judge, tests: from what to what."""

    broken: tuple[str, ...] = ()
    """Tests that passed when they were pinned, and fail now."""

    mended: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    """Answers that are not the pinned ones, a line each."""

    p_value: Score = 1.0
    """Exact McNemar test of broken against mended."""

    moved: float = 0.0
    """Mean score now minus pinned, over the responses that both have."""

    noise_bound: float = 0.0
    """What noise alone moves the mean by, in 19 of 20 cases."""

    problems: tuple[str, ...] = ()
    """What makes the comparison fail, a sentence each."""

    def lines(self) -> list[str]:
        """For the terminal."""
        lines = [f"changed: {line}" for line in (*self.what_changed, *self.answers)]
        if self.broken or self.mended:
            lines.append(
                f"{len(self.broken)} pinned tests broken, {len(self.mended)} mended (McNemar p {self.p_value:.3f})"
            )
        lines.append(f"mean score {self.moved:+.3f} against the baseline, noise up to {self.noise_bound:.3f}")
        return lines


def lock_path(tests: Path) -> Path:
    """Where the baseline of a file of tests is: ``judge_tests.lock.json`` beside ``judge_tests.yaml``."""
    return tests.with_name(f"{tests.stem}.lock.json")


def pin(result: SuiteResult) -> Pinned:
    """The result as a baseline."""
    return Pinned(
        judge=result.judge,
        fingerprint=result.fingerprint,
        rubric=result.rubric,
        suite=result.suite,
        repeats=result.repeats,
        tests={test.name: test.passed for test in result.tests},
        scores={one.id: tuple(score for score in one.scores if score is not None) for one in result.responses},
        answers={
            one.id: {place: max(given, key=given.count) for place, given in one.answers.items()}
            for one in result.responses
        },
    )


def write_pinned(path: Path, result: SuiteResult) -> None:
    """Write the result as the baseline.

    Raises:
        MissingError: the disk refuses.
    """
    write_json(path, pin(result).model_dump(mode="json"))


def read_pinned(path: Path) -> Pinned | None:
    """The baseline in a file; None where there is no file.

    Raises:
        ConfigError: it is something else.
    """
    if not path.is_file():
        return None
    try:
        return Pinned.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise ConfigError(
            f"{path} is no baseline of judge tests: {str(error).splitlines()[0]}.",
            "It says what the reviewed judge answered, and is written by the command alone.",
            "Restore it, or delete it and write it anew with --accept-baseline.",
        ) from error


def compare(result: SuiteResult, pinned: Pinned, *, margin: float = 0.05, level: float = 0.05) -> Drift:
    """How far a result is from the baseline.

    The comparison fails where the judge is another one, where broken tests outnumber mended ones beyond chance (exact
    McNemar), or where the mean score moved by more than 1.96 sqrt(2) sigma / sqrt(n m) and by more than `margin`:
    sigma the standard deviation of one judging, n responses, m repeats. Without repeats sigma is taken for 0, as for a
    judge that always answers the same.

    Args:
        result: now.
        pinned: then.
        margin: change of the mean score that matters in practice, in [0, 1].
        level: of the McNemar test.
    """
    now = pin(result)
    both = [name for name in now.scores if now.scores[name] and pinned.scores.get(name)]
    moved = fmean(fmean(now.scores[name]) - fmean(pinned.scores[name]) for name in both) if both else 0.0
    bound = _noise_bound(now, pinned, len(both))
    broken = tuple(name for name in now.tests if not now.tests[name] and pinned.tests.get(name) is True)
    mended = tuple(name for name in now.tests if now.tests[name] and pinned.tests.get(name) is False)
    p_value = mcnemar(len(broken), len(mended))
    problems = []
    if now.fingerprint != pinned.fingerprint:
        problems.append("The judge is not the pinned one.")
    if p_value < level and len(broken) > len(mended):
        problems.append(
            f"{len(broken)} tests broke and {len(mended)} were mended since the baseline (p {p_value:.3f})."
        )
    if abs(moved) > bound and abs(moved) > margin:
        problems.append(f"The mean score moved by {moved:+.3f}; noise explains {bound:.3f}, {margin:.3f} is let pass.")
    return Drift(
        same_judge=now.fingerprint == pinned.fingerprint,
        what_changed=_what_changed(now, pinned),
        broken=broken,
        mended=mended,
        answers=_other_answers(now, pinned),
        p_value=p_value,
        moved=moved,
        noise_bound=bound,
        problems=tuple(problems),
    )


def mcnemar(one: int, other: int) -> float:
    """Two-sided p of the exact McNemar test: `one` and `other` count what changed in either direction.

    The binomial test at 1/2 (McNemar 1947), doubled and held at 1.
    """
    count = one + other
    tail = sum(comb(count, times) for times in range(min(one, other) + 1))
    return min(1.0, 2.0 * tail / float(2**count))


def _noise_bound(now: Pinned, pinned: Pinned, count: int) -> float:
    variance = pooled_variance([*now.scores.values(), *pinned.scores.values()])
    if variance is None or not count:
        return 0.0
    return Z * sqrt(2.0 * variance / (count * min(now.repeats, pinned.repeats)))


def _what_changed(now: Pinned, pinned: Pinned) -> tuple[str, ...]:
    found = [
        f"{what} {before} -> {after}"
        for what, before, after in (("judge", pinned.judge, now.judge), ("rubric", pinned.rubric, now.rubric))
        if before != after
    ]
    if now.fingerprint != pinned.fingerprint and not found:
        found.append("prompt, model version or sampling")
    if now.fingerprint != pinned.fingerprint:
        found.append(f"fingerprint {pinned.fingerprint} -> {now.fingerprint}")
    added = [name for name in now.tests if name not in pinned.tests]
    gone = [name for name in pinned.tests if name not in now.tests]
    found += [f"tests not pinned: {', '.join(added)}"] if added else []
    found += [f"pinned tests that are gone: {', '.join(gone)}"] if gone else []
    if now.suite != pinned.suite and not added and not gone:
        found.append("what the tests say")
    return tuple(found)


def _other_answers(now: Pinned, pinned: Pinned) -> tuple[str, ...]:
    return tuple(
        f"{name}: {place} '{before}' -> '{after}'"
        for name, answers in now.answers.items()
        for place, after in answers.items()
        if (before := pinned.answers.get(name, {}).get(place)) is not None and before != after
    )
