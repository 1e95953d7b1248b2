"""**Success criterion**: a production metric, what it must reach, and which criteria of the rubric stand for it."""

from pydantic import Field, model_validator

from adjudge.domain.base import Frozen, Number


class SuccessCriterion(Frozen):
    """What a production metric must reach, and which criteria of the rubric stand for it."""

    metric: str = Field(min_length=1)
    at_least: Number | None = None
    at_most: Number | None = None
    criteria: tuple[str, ...] = ()
    """Criteria whose mean score stands for the metric; empty: none does, which is told."""
    vices: tuple[str, ...] = ()
    """Those of them with a negative weight in the rubric: their score is turned round."""

    @model_validator(mode="after")
    def _one_limit(self) -> "SuccessCriterion":
        if (self.at_least is None) == (self.at_most is None):
            msg = "a success criterion has either at_least or at_most"
            raise ValueError(msg)
        strange = [name for name in self.vices if name not in self.criteria]
        if strange:
            msg = f"the vice '{strange[0]}' is none of the criteria"
            raise ValueError(msg)
        return self

    def reached(self, value: float) -> bool:
        """Whether a value is a success."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    def better(self, value: float) -> float:
        """The value, turned round where less is better."""
        return value if self.at_least is not None else -value
