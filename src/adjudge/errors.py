"""Every error that a user can meet, and how it is told.

An error says three things: *what* is wrong, *why* that matters or how it was found, and *fix*: the exact thing to
change. The command line prints the three lines and leaves with ``exit_code``. Failures of a judge are not errors:
they are values (`adjudge.domain.verdict.JudgeFailure`).
"""

from typing import ClassVar


class AdjudgeError(Exception):
    """Base of all errors of the package; prints as three lines."""

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what, why, fix)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what}\n{self.why}\n{self.fix}"


class ConfigError(AdjudgeError, ValueError):
    """A task file, rubric or command-line value is wrong (exit code 2)."""


class DataError(AdjudgeError, ValueError):
    """A row of a data file is wrong; names the file and the line (exit code 2)."""


class MissingError(AdjudgeError):
    """Something needed is not here: a model, a key, an extra, disk (exit code 3)."""

    exit_code = 3


class GateError(AdjudgeError):
    """A check or a gate says no; the run is intact (exit code 1)."""

    exit_code = 1


class RunError(AdjudgeError):
    """A run folder cannot be used as asked: damaged, of another task, locked (exit code 2)."""


class RewardError(AdjudgeError):
    """A reward could not be given and its failure policy is ``raise`` (exit code 1)."""

    exit_code = 1


class TrainingError(AdjudgeError):
    """Training cannot go on, for example because the loss is not finite (exit code 1)."""

    exit_code = 1


def missing_extra(package: str, extra: str) -> MissingError:
    """The error for an optional dependency that is not installed."""
    return MissingError(
        f"The package '{package}' is not installed.",
        f"This part of adjudge needs the extra [{extra}].",
        f"Install it: pip install 'adjudge[{extra}]'",
    )
