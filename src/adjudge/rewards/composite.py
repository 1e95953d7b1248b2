"""CompositeReward: gates first, cheap to dear; then all terms at once; one weighted mean, arithmetic or geometric.

A response that a gate stops, or that no judge could be shown, has the floor, and no judge is called. A failed judgement
goes to the failure policy.
Terms that have nothing to score are left out, the others share the whole weight.
"""

import copy
import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from adjudge.domain import (
    Combine,
    Component,
    ComponentScore,
    ComponentStatus,
    Group,
    Reward,
    RewardStatus,
    Rollout,
    Sample,
    Usage,
)
from adjudge.errors import AdjudgeError, ConfigError, RewardError
from adjudge.judges.together import together
from adjudge.rewards.base import ComparesInGroup
from adjudge.rewards.failure import OnFailure, failed_reward
from adjudge.rewards.judged import Judged

T = TypeVar("T")


class CompositeReward:
    """A `RewardFunction` out of components.

    Args:
        components: gates, terms and metrics; names unique, at least one term.
        on_failure: what a failed judgement becomes.
        floor: the reward of a gated response, in [0, 1].
        combine: ``sum`` is the weighted mean of the terms; ``product`` is the product of the terms, each to the power
            of its share of the weight: a term of 0 makes the whole 0, and no other term can make up for a low one.

    Raises:
        ConfigError: no term with weight, weights without a finite sum, or two components of one name.
    """

    def __init__(
        self,
        components: Sequence[Component],
        on_failure: OnFailure = "mask",
        floor: float = 0.0,
        combine: Combine = "sum",
    ) -> None:
        twice = [name for name, count in Counter(part.name for part in components).items() if count > 1]
        if twice:
            raise ConfigError(
                f"Two components of the reward are called '{twice[0]}'.",
                "Scores are kept by name.",
                "Give one of them another `name`.",
            )
        if not any(part.role == "term" and part.weight > 0 for part in components):
            raise ConfigError(
                "The reward has no term with a weight above 0.",
                "Gates only stop; without a term every response that passes them would be worth the same.",
                "Add a term, for example {type: judged}.",
            )
        if not math.isfinite(sum(part.weight for part in components if part.role == "term")):
            raise ConfigError(
                "The weights of the reward's terms do not add up to a number.",
                "A reward is the mean of its terms, weighted by their share in this sum.",
                "Give every term a weight of everyday size, for example 0.5.",
            )
        self._gates = sorted((part for part in components if part.role == "gate"), key=lambda part: part.cost)
        self._others = [part for part in components if part.role != "gate"]
        self._judged = [part for part in components if isinstance(part, Judged) and part.role == "term"]
        self._on_failure, self._floor, self._combine = on_failure, floor, combine

    async def score(self, sample: Sample, rollout: Rollout) -> Reward:
        """The reward of one rollout.

        Raises:
            RewardError: a component broke (a bug, not a failed judge), or the failure policy is ``raise``.
        """
        passed: list[ComponentScore] = []
        for gate in self._gates:
            result = await _ask(gate, sample, rollout)
            passed.append(result)
            if result.status is ComponentStatus.FAILED:
                return failed_reward(self._on_failure, rollout.id, tuple(passed), _usage(passed), result)
            if result.value is not None and result.value < 1.0:
                # A gate is open or shut: partial credit belongs to a term.
                passed[-1] = result.model_copy(update={"value": 0.0})
                return self._gated(rollout, passed)
        for part in self._judged:
            why = part.refusal(rollout)
            if why:
                # Else the judge would fail on it, and the policy could earn the neutral value, or an escape, that way.
                return self._gated(rollout, [*passed, _shut(f"{part.name}_input", why)])
        scores = [*passed, *await together([_ask(part, sample, rollout) for part in self._others])]
        usage = _usage(scores)
        failed = next((s for s in scores if s.status is ComponentStatus.FAILED and s.role == "term"), None)
        if failed is not None:
            return failed_reward(self._on_failure, rollout.id, tuple(scores), usage, failed)
        terms = [s for s in scores if s.role == "term" and s.value is not None and s.weight > 0]
        if not terms:
            return self._gated(rollout, [*scores, _shut("nothing_to_score", "nothing in it can be scored")])
        return Reward(
            rollout_id=rollout.id,
            value=combined([(term.value or 0.0, term.weight) for term in terms], self._combine),
            status=RewardStatus.SCORED,
            components=tuple(scores),
            combine=self._combine,
            usage=usage,
        )

    async def score_group(self, group: Group) -> tuple[Reward, ...]:
        """One reward a rollout, in the order of the group.

        Raises:
            RewardError: as in `score`; every other rollout of the group has been scored to its end by then.
        """
        bound = self._within(group)
        rewards = await together([bound.score(group.sample, rollout) for rollout in group.rollouts])
        return matched(group, rewards)

    @property
    def needs_group(self) -> bool:
        """A component compares a response with its siblings: `score` alone finds nothing to say for it."""
        return any(isinstance(part, ComparesInGroup) for part in (*self._gates, *self._others))

    def _within(self, group: Group) -> "CompositeReward":
        """This reward, with those components that compare in a group knowing this one."""
        if not self.needs_group:
            return self
        bound = copy.copy(self)
        bound._gates = [_bound(part, group) for part in self._gates]  # noqa: SLF001 (a copy of our own)
        bound._others = [_bound(part, group) for part in self._others]  # noqa: SLF001 (a copy of our own)
        return bound

    def _gated(self, rollout: Rollout, scores: Sequence[ComponentScore]) -> Reward:
        return Reward(
            rollout_id=rollout.id,
            value=self._floor,
            status=RewardStatus.GATED,
            components=tuple(scores),
            usage=_usage(scores),
        )


def combined(parts: Sequence[tuple[float, float]], combine: Combine = "sum") -> float:
    """One number in [0, 1] of values in [0, 1] with weights above 0.

    Args:
        parts: value and weight; at least one.
        combine: weighted arithmetic mean (``sum``) or weighted geometric mean (``product``).
    """
    # Divided first: shares of one cannot leave [0, 1] by more than rounding, which min and max take off.
    total = sum(weight for _, weight in parts)
    if combine == "product":
        value = math.prod(math.pow(value, weight / total) for value, weight in parts)
    else:
        value = sum(weight / total * value for value, weight in parts)
    return min(1.0, max(0.0, value))


def matched(group: Group, rewards: Sequence[Reward]) -> tuple[Reward, ...]:
    """The rewards in the order of the group's rollouts, matched by id.

    Raises:
        RewardError: one is missing, there twice, or of another rollout.
    """
    counts = Counter(reward.rollout_id for reward in rewards)
    wanted = [rollout.id for rollout in group.rollouts]
    for kind, ids in (
        ("missing", [i for i in wanted if i not in counts]),
        ("there twice", [i for i, count in counts.items() if count > 1]),
        ("of no rollout of the group", [i for i in counts if i not in wanted]),
    ):
        if ids:
            raise RewardError(
                f"The reward of '{ids[0]}' is {kind}.",
                f"Group of '{group.sample.id}': {len(wanted)} rollouts, {len(rewards)} rewards.",
                "A reward function must give exactly one reward for each rollout.",
            )
    by_id = {reward.rollout_id: reward for reward in rewards}
    return tuple(by_id[i] for i in wanted)


def _bound(part: Component, group: Group) -> Component:
    return part.within(group) if isinstance(part, ComparesInGroup) else part


async def _ask(part: Component, sample: Sample, rollout: Rollout) -> ComponentScore:
    try:
        return _checked(part, await part.score(sample, rollout))
    except AdjudgeError:
        raise
    except Exception as error:
        raise RewardError(
            f"The component '{part.name}' broke on rollout '{rollout.id}'.",
            f"{type(error).__name__}: {error}"[:300],
            "This is a fault in the component's code: mend it; no number was given.",
        ) from error


def _shut(name: str, detail: str) -> ComponentScore:
    """A gate that nobody configured, for `Reward.explain`."""
    return ComponentScore(name=name, role="gate", value=0.0, detail=detail)


def _checked(part: Component, found: ComponentScore) -> ComponentScore:
    """The score, read again field by field: a copy or a construct may hold what its type refuses (NaN).

    Raises:
        ValueError: a field is not what the type allows, or the score is not as its component declares itself.
    """
    checked = ComponentScore.model_validate({name: getattr(found, name) for name in ComponentScore.model_fields})
    if (checked.name, checked.role, checked.weight) != (part.name, part.role, part.weight):
        # A term that calls itself a metric would hide its failed judge; a gate that calls itself a term, add.
        msg = f"its score says {checked.role} '{checked.name}' of weight {checked.weight}"
        raise ValueError(msg)
    return checked


def _usage(scores: Sequence[ComponentScore]) -> Usage:
    total = Usage()
    for score in scores:
        if score.judgement is not None:
            total += score.judgement.usage
    return total
