"""What the stages that sample and judge work with."""

from dataclasses import dataclass

from adjudge.domain import Observer, RewardFunction
from adjudge.pipeline.records import Records
from adjudge.pipeline.taskfile import LoadedTask


@dataclass(frozen=True)
class Work:
    """One stage's means.

    Attributes:
        task: what is to be done.
        reward: scores rollouts; the judge is in it.
        judge: the judge's name, for tables.
        records: what is on disk, and where more goes.
        observer: is told; may ask for a stop.
    """

    task: LoadedTask
    reward: RewardFunction
    judge: str
    records: Records
    observer: Observer
