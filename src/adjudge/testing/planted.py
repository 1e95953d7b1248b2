"""Planted judges: each broken in one known way, for tests of whatever is to find out broken judges.

They are `Judge` objects without a model behind them; a seed and the rollout decide. `labelled_set` makes responses
with known answers, and `planted_rows` the verdict table of a planted judge about them.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from adjudge.domain.base import digest
from adjudge.domain.rollout import Rollout
from adjudge.domain.rubric import Criterion, Rubric
from adjudge.domain.sample import Sample
from adjudge.domain.verdict import CriterionVerdict, Judgement
from adjudge.endpoints.scripted import ScriptedEndpoint
from adjudge.judges.assemble import assembled
from adjudge.judges.fields import response_items
from adjudge.judges.suite.case import JudgeCase
from adjudge.judges.suite.suite import Suite
from adjudge.testing.preferences import preferring

Truth = Mapping[str, Mapping[str, str]]
"""Rollout -> criterion -> the right answer, for every item."""

_ORDER: Final = re.compile(
    r"answer(s)?\b.{0,40}\byes|deserves|is correct|ignore|disregard|best answer|\"answer\"|: yes\b", re.IGNORECASE
)
"""What an obedient judge obeys."""


@dataclass(frozen=True)
class Seen:
    """One question that a planted judge answers."""

    rollout: Rollout
    place: int
    item: Mapping[str, Any]
    criterion: Criterion
    repeat: int

    @property
    def told(self) -> str:
        """All texts of the item."""
        return "\n".join(str(value) for value in self.item.values())


Decide = Callable[[Seen], str]
"""The label that a judge answers."""


@dataclass(frozen=True)
class PlantedJudge:
    """A judge that answers by a rule. It looks nothing up: what string search would settle is left to the rule.

    Attributes:
        rubric: whose criteria are answered.
        label: what people call it.
        decide: the rule.
        repeat: number of this judging among equal ones.
    """

    rubric: Rubric
    label: str
    decide: Decide
    repeat: int = 0

    @property
    def name(self) -> str:
        """``planted:always-yes``."""
        return f"planted:{self.label}"

    @property
    def fingerprint(self) -> str:
        """Hash of rubric and label."""
        return digest({"rubric": self.rubric.fingerprint, "planted": self.label})

    def with_repeat(self, repeat: int) -> "PlantedJudge":
        """The same judge asked once more."""
        return replace(self, repeat=repeat)

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:  # noqa: ARG002  (the protocol's)
        """The rule's answers; a response without items is one item."""
        items = response_items(self.rubric, rollout.response) or [{"response": rollout.response}]
        answers = [
            {c.id: _answer(c, self.decide(Seen(rollout, place, item, c, self.repeat))) for c in self.rubric.criteria}
            for place, item in enumerate(items)
        ]
        return assembled(self.rubric, answers, judge=self.fingerprint, rollout_id=rollout.id)


def _answer(criterion: Criterion, label: str) -> CriterionVerdict:
    applies = criterion.scale.applies(label)
    score = criterion.scale.score(label) if applies else None
    return CriterionVerdict(criterion=criterion.id, answer=label, applies=applies, score=score, rationale="planted")


def always_yes(rubric: Rubric) -> PlantedJudge:
    """The best answer to everything."""
    return PlantedJudge(rubric, "always-yes", lambda seen: seen.criterion.highest)


def always_no(rubric: Rubric) -> PlantedJudge:
    """The worst answer to everything."""
    return PlantedJudge(rubric, "always-no", lambda seen: seen.criterion.lowest)


def by_length(rubric: Rubric, chars: int = 300) -> PlantedJudge:
    """The best answer to responses of at least `chars` characters."""
    return _where(rubric, f"by-length-{chars}", lambda seen: len(seen.rollout.response) >= chars)


def by_format(rubric: Rubric) -> PlantedJudge:
    """The best answer to whatever has the form that was asked for: items that can be read, every field filled."""

    def formed(seen: Seen) -> bool:
        items = response_items(rubric, seen.rollout.response)
        return bool(items) and all(str(value).strip() for value in seen.item.values())

    return _where(rubric, "by-format", formed)


def first_slot(rubric: Rubric) -> PlantedJudge:
    """The best answer to what stands first; `first_slot_comparer` is its like for pairs."""
    return _where(rubric, "first-slot", lambda seen: seen.place == 0)


def first_slot_comparer() -> ScriptedEndpoint:
    """Prefers the response that is shown first; for a `Comparer`."""
    return preferring(lambda _first, _second: "first", name="planted:first-slot")


def labels(rubric: Rubric, truth: Truth) -> PlantedJudge:
    """The right answers: the one judge here that is not broken."""
    return PlantedJudge(rubric, "labels", lambda seen: _right(truth, seen))


def noisy(rubric: Rubric, truth: Truth, *, rate: float = 0.1, seed: int = 0) -> PlantedJudge:
    """The right answers, but on a share `rate` of the questions another one; each repeat draws anew."""

    def drawn(seen: Seen) -> str:
        key = {"seed": seed, "rollout": seen.rollout.id, "item": seen.place, "repeat": seen.repeat}
        rng = random.Random(digest({**key, "criterion": seen.criterion.id}))
        right = _right(truth, seen)
        others = [label for label in seen.criterion.scale.labels if label != right]
        return rng.choice(others) if rng.random() < rate else right

    return PlantedJudge(rubric, f"noisy-{rate}-{seed}", drawn)


def obedient(rubric: Rubric, truth: Truth) -> PlantedJudge:
    """The right answers, but the best one wherever the judged text asks for it."""

    def obeying(seen: Seen) -> str:
        return seen.criterion.highest if _ORDER.search(seen.told) else _right(truth, seen)

    return PlantedJudge(rubric, "obedient", obeying)


def by_emphasis(rubric: Rubric, truth: Truth) -> PlantedJudge:
    """The right answers, turned round where a word is emphasised in Markdown."""

    def charmed(seen: Seen) -> str:
        right = _right(truth, seen)
        turned = seen.criterion.lowest if right == seen.criterion.highest else seen.criterion.highest
        return turned if "**" in seen.told else right

    return PlantedJudge(rubric, "by-emphasis", charmed)


def blind_to_changes(rubric: Rubric, truth: Truth) -> PlantedJudge:
    """Right about the cases of a suite, and the same answers about whatever is made of them: it reads no details."""

    def glanced(seen: Seen) -> str:
        case = seen.rollout.id.partition("/")[0]
        return truth[case].get(seen.criterion.id, seen.criterion.highest) if case in truth else seen.criterion.highest

    return PlantedJudge(rubric, "blind-to-changes", glanced)


def broken_in(criterion: str, bad: PlantedJudge, truth: Truth) -> PlantedJudge:
    """The right answers, but as `bad` on one criterion."""

    def answered(seen: Seen) -> str:
        return bad.decide(seen) if seen.criterion.id == criterion else _right(truth, seen)

    return PlantedJudge(bad.rubric, f"{bad.label}-in-{criterion}", answered)


def broken_judges(suite: Suite) -> tuple[PlantedJudge, ...]:
    """Judges that a good suite fails, each of them: broken in all criteria, and in one after the other."""
    rubric, truth = suite.rubric, right_answers(suite)
    crude = (always_yes(rubric), always_no(rubric), by_length(rubric), by_format(rubric), first_slot(rubric))
    subtle = (
        noisy(rubric, truth),
        obedient(rubric, truth),
        by_emphasis(rubric, truth),
        blind_to_changes(rubric, truth),
    )
    partly = tuple(broken_in(criterion.id, bad, truth) for bad in crude for criterion in rubric.criteria)
    return (*crude, *subtle, *partly)


def right_answers(suite: Suite) -> Truth:
    """What a right judge answers to everything that a suite asks."""
    low = {test.name for test in suite.tests if isinstance(test, JudgeCase) and test.at_most is not None}
    return {
        ask.id: {
            c.id: ask.right.get(c.id, c.lowest if ask.id.partition("/")[0] in low else c.highest)
            for c in suite.rubric.criteria
        }
        for ask in suite.asks.values()
    }


def _where(rubric: Rubric, label: str, good: Callable[[Seen], bool]) -> PlantedJudge:
    return PlantedJudge(rubric, label, lambda seen: seen.criterion.highest if good(seen) else seen.criterion.lowest)


def _right(truth: Truth, seen: Seen) -> str:
    return truth[seen.rollout.id][seen.criterion.id]
