"""Settings of the judge's anchors: section ``validate.anchors`` of a task."""

from pydantic import Field

from adjudge.domain.base import Count, Frozen, Number


class AnchorsConfig(Frozen):
    """Responses that the judge is asked about again while training goes on: does it still judge as it did?"""

    every: Count = 0
    """Optimizer steps between two askings; 0: never."""
    cases: int = Field(default=40, ge=10)
    """Most anchors: responses of the baseline, evenly over their rewards."""
    repeats: int = Field(default=3, ge=2)
    """Askings before training, with which later ones are compared; they tell the judge's noise."""
    false_alarms: Number = Field(default=0.05, gt=0.0, lt=1.0)
    """Chance, at most about, that a run whose judge has not changed is stopped."""
    least: Number = Field(default=0.02, gt=0.0, lt=1.0)
    """Standard deviation that a mean over the anchors is taken to have at least: changes far below it never alarm."""

    def due(self, step: int) -> bool:
        """Whether the anchors are asked after optimizer step `step`."""
        return self.every > 0 and step % self.every == 0
