"""Answers as verdicts: what counts as a changed answer, for the checks that look for changes."""

from typing import Final

import numpy as np

from adjudge.domain.base import Score
from adjudge.judges.fields import NO_CALL
from adjudge.validation.statistics.units import Codes
from adjudge.validation.table import PAIRWISE, Mask, VerdictTable

LEVELS: Final = 3
"""Verdicts: no, yes, and that the criterion does not apply; about pairs first, second and tie."""


def verdicts(table: VerdictTable, passes_from: Score) -> Codes:
    """What each row says: 1 for a score from `passes_from` on, 0 below, 2 for "not applicable", -1 for a failure.

    A graded answer that moves without crossing the line is no other verdict. About pairs the answer itself counts.
    """
    if table.pairwise:
        places = np.asarray([PAIRWISE.index(level) for level in table.answer.levels] + [-1], dtype=np.int64)
        return np.where(table.failed, -1, places[table.answer.codes])
    said = np.where(table.score.known, table.score.values >= passes_from, 2)
    return np.where(table.failed | ~table.answer.known, -1, said).astype(np.int64)


def asked(table: VerdictTable) -> Mask:
    """Rows that a judge answered, or failed at; not those that string search decided without a call."""
    return ~table.rationale.starting(NO_CALL)
