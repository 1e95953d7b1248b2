"""How the service behaves: its limits, and what trainers get that take numbers only."""

from typing import Literal

from pydantic import Field

from adjudge.domain.base import Frozen, Number, Score
from adjudge.serving.http.messages import MOST_SIBLINGS

Labels = Literal["reference", "row", "sample"]
"""What a trainer's label is: the reference answer, the id of one of the task's rows, or JSON of sample fields."""


class HttpSettings(Frozen):
    """Limits hold for each worker by itself."""

    concurrency: int = Field(default=256, ge=1)
    """Most samples scored at once; how often the judge is called is the task's ``judge.limits``."""
    waiting: int = Field(default=4096, ge=1)
    """Most samples that wait behind those; more are refused with 429."""
    items: int = Field(default=1024, ge=1)
    """Most samples of one request."""
    body_bytes: int = Field(default=16 * 2**20, ge=1_000)
    """Largest body."""
    depth: int = Field(default=64, ge=4, le=500)
    """Most levels of a body's JSON."""
    head_seconds: Number = Field(default=10.0, gt=0.0)
    """Longest time for a connection to say what it wants."""
    body_seconds: Number = Field(default=30.0, gt=0.0)
    """Longest time for a body to arrive."""
    request_seconds: Number = Field(default=110.0, gt=0.0)
    """Longest time for scoring; what is not done by then is masked. slime waits 120 s for an answer, OpenRLHF 180 s."""
    cohort_seconds: Number = Field(default=60.0, gt=0.0)
    """Longest wait for siblings, from the first one."""
    cohort: int | None = Field(default=None, ge=2, le=MOST_SIBLINGS)
    """Siblings that dialects judge together where the request does not say ``?cohort=``; None: each by itself."""
    held: int = Field(default=10_000, ge=2)
    """Most samples that wait for siblings; more are refused with 429."""
    drain_seconds: Number = Field(default=120.0, gt=0.0)
    """Longest time for what is in flight, after SIGTERM."""
    neutral: Score = 0.5
    """What a masked sample becomes for trainers that take numbers only. Always flagged; no evidence."""
    labels: Labels = "reference"
    """What the labels of OpenRLHF and slime are."""

    @property
    def room(self) -> int:
        """Most samples inside at once."""
        return self.concurrency + self.waiting
