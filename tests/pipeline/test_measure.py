from dataclasses import dataclass, field

from adjudge.domain.rubric import Criterion, Rubric
from adjudge.domain.verdict import FailureKind, JudgeFailure
from adjudge.judges.variants import variants
from adjudge.pipeline.measure import Measurement, Response, reworded
from adjudge.testing.builders import make_rollout, make_sample


@dataclass(frozen=True)
class Listening:
    """A judge that notes the order of the fields that it would show, and abstains."""

    rubric: Rubric
    heard: list[tuple[str, ...]]
    name: str = "listening"

    @property
    def fingerprint(self) -> str:
        return self.rubric.fingerprint

    async def judge(self, sample, rollout):
        self.heard.append(tuple(self.rubric.fields))
        return JudgeFailure(judge=self.fingerprint, rollout_id=rollout.id, kind=FailureKind.ABSTAINED, detail="")


@dataclass(frozen=True)
class Bench:
    """What makes such judges."""

    rubric: Rubric
    heard: list[tuple[str, ...]] = field(default_factory=list)

    def judge(self) -> Listening:
        return Listening(self.rubric, self.heard)


class Silent:
    """An observer that says nothing to what it is told."""

    def on_event(self, event) -> None:
        pass


async def test_every_variant_is_asked_of_its_own_rubric():
    """Orders of the fields have one fingerprint, and are asked each as it is; rows are the validated judge's."""
    rubric = Rubric(
        name="r", criteria=(Criterion(id="good", question="Is it good?"),), fields={"a": "A", "b": "B", "c": "C"}
    )
    found = {name: variant for name, variant in variants(rubric).items() if name.startswith("field_order")}
    bench = Bench(rubric)
    response = Response(make_sample(), make_rollout(), "s1", "cases")
    measurement = Measurement(bench, "judge", Silent())
    await measurement.ask(reworded([response], found), "in other words")
    assert bench.heard == [("c", "b", "a"), ("b", "c", "a")]
    assert [row["variant"] for row in measurement.rows] == list(found)
    assert {row["judge"] for row in measurement.rows} == {rubric.fingerprint}
