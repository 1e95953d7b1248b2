"""The three shapes that the layers meet in: judge, component, reward function."""

from typing import Protocol, runtime_checkable

from adjudge.domain.reward import ComponentRole, ComponentScore, Reward
from adjudge.domain.rollout import Group, Rollout
from adjudge.domain.sample import Sample
from adjudge.domain.verdict import Judgement


class Judge(Protocol):
    """A language model that turns rollout + rubric into a judgement. Never raises for a judge's own failure."""

    @property
    def name(self) -> str:
        """What people call it, for example ``openai:gpt-5-mini``."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of rubric + prompt + model + sampling."""
        ...

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        """A verdict about one rollout, or the reason why there is none."""
        ...


class GroupJudge(Protocol):
    """A judge that sees the rollouts of one sample side by side: tournaments, lists, cascades that save calls."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of all that can change a judgement."""
        ...

    async def judge_group(self, group: Group) -> tuple[Judgement, ...]:
        """One judgement a rollout, in the order of the group and with its id; a failure where there is none."""
        ...


class Component(Protocol):
    """Anything that scores a rollout: a gate can stop, a term adds, a metric is only logged."""

    @property
    def name(self) -> str:
        """Its name in ``Reward.components``; unique in one reward."""
        ...

    @property
    def role(self) -> ComponentRole:
        """gate, term or metric."""
        ...

    @property
    def weight(self) -> float:
        """Its share in the weighted mean (terms only)."""
        ...

    @property
    def cost(self) -> int:
        """Order of gates: 0 string work, 1 a small model, 2 a language model."""
        ...

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """What it says about this rollout."""
        ...


@runtime_checkable
class MayNeedGroup(Protocol):
    """A reward function that says whether `score` alone leaves something out."""

    @property
    def needs_group(self) -> bool:
        """A part compares a response with its siblings: `score_group` is to be asked, once the group is whole."""
        ...


class RewardFunction(Protocol):
    """Turns a rollout into a reward."""

    async def score(self, sample: Sample, rollout: Rollout) -> Reward:
        """The reward of one rollout."""
        ...

    async def score_group(self, group: Group) -> tuple[Reward, ...]:
        """One reward a rollout, in the order of the group, matched by id."""
        ...
