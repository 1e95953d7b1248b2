"""A request that is not answered: a status, and the three sentences of every error of the package."""

from adjudge.domain.base import Frozen
from adjudge.errors import AdjudgeError


class Problem(Frozen):
    """What a client is told: what is wrong, why, and what to change."""

    what: str
    why: str
    fix: str


class RefusedError(AdjudgeError):
    """The request is refused with an HTTP `status`; ``retry_seconds`` is for those that may come again."""

    def __init__(self, status: int, what: str, why: str, fix: str, *, retry_seconds: int | None = None) -> None:
        super().__init__(what, why, fix)
        self.status = status
        self.retry_seconds = retry_seconds


def problem(error: AdjudgeError) -> Problem:
    """The error as data."""
    return Problem(what=error.what, why=error.why, fix=error.fix)
