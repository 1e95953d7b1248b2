"""TRL: a reward function for ``GRPOTrainer`` and its kin (pinned against trl 1.16, ``trainer/grpo_trainer.py``).

TRL leaves a completion out of its group's mean and standard deviation, with advantage 0, when *every* reward function
gave None for it. So there is one composite function here, or one a component that give None together: a second reward
function of yours would turn a masked completion into one with half a reward.
"""

from collections.abc import Callable, Sequence
from typing import Final

from adjudge.domain import Reward, RewardStatus, digest
from adjudge.rewards.decoupled import component_values
from adjudge.serving.adapters.door import Door, evidence
from adjudge.serving.adapters.rows import sample_of, text_of

_NOT_COLUMNS: Final = frozenset({"completion_ids", "trainer_state", "log_extra", "log_metric", "environments"})
"""What TRL hands over beside the columns of the dataset."""

Values = list[float | None]


class TrlReward:
    """``GRPOTrainer(reward_funcs=TrlReward(door), ...)``.

    Args:
        door: the reward.
        reference: the dataset's column with the reference answer.
    """

    __name__ = "adjudge"

    def __init__(self, door: Door, *, reference: str = "reference_answer") -> None:
        self._door, self._reference = door, reference
        self._last: tuple[str, tuple[Reward, ...]] | None = None

    def __call__(self, prompts: Sequence[object], completions: Sequence[object], **columns: object) -> Values:
        """One number a completion; None for a masked one, and for a neutral one, which is no evidence either.

        Raises:
            AdjudgeError: a row is no sample, or the reward's failure policy is ``raise``.
        """
        rewards = self.rewards(prompts, completions, columns)
        log_extra, log_metric = columns.get("log_extra"), columns.get("log_metric")
        if callable(log_extra):
            log_extra("adjudge", [reward.explain() for reward in rewards])
        if callable(log_metric):
            for name, status in (("unscored", None), ("gated", RewardStatus.GATED)):
                hits = [r.status is status if status else not r.is_evidence for r in rewards]
                log_metric(f"adjudge/{name}", sum(hits) / len(hits))
        return [evidence(reward) for reward in rewards]

    def components(self, names: Sequence[str]) -> list[Callable[..., Values]]:
        """One reward function a term, for ``multi_objective_aggregation="normalize_then_sum"`` (GDPO).

        Give the terms' weights as ``reward_weights``. A batch is scored once, whichever of them is asked first.

        Args:
            names: of the reward's terms.
        """
        return [_Component(self, name) for name in names]

    def rewards(
        self, prompts: Sequence[object], completions: Sequence[object], columns: dict[str, object]
    ) -> tuple[Reward, ...]:
        """The rewards of a batch; of the same batch again, those of before."""
        lists = {n: c for n, c in columns.items() if n not in _NOT_COLUMNS and isinstance(c, Sequence)}
        cases = [
            (
                sample_of(prompt, {name: column[place] for name, column in lists.items()}, self._reference),
                text_of(completion),
            )
            for place, (prompt, completion) in enumerate(zip(prompts, completions, strict=True))
        ]
        batch = digest([[sample.id, response] for sample, response in cases])
        if self._last is None or self._last[0] != batch:
            self._last = (batch, self._door.rewards(cases))
        return self._last[1]


class _Component:
    """One term's values; None for what is no evidence, and where the term has nothing to score."""

    def __init__(self, whole: TrlReward, name: str) -> None:
        self._whole, self.__name__ = whole, name

    def __call__(self, prompts: Sequence[object], completions: Sequence[object], **columns: object) -> Values:
        rewards = self._whole.rewards(prompts, completions, columns)
        return list(component_values(rewards).get(self.__name__, (None,) * len(rewards)))
