"""verl: a custom reward file and its configuration (pinned against verl 0.9.1).

verl calls ``compute_score`` for one trajectory at a time, in ``reward.num_workers`` processes, and takes a number
(``experimental/reward_loop/reward_manager/naive.py``). It has no value that leaves a trajectory out of its group
(``trainer/ppo/core_algos.py``, ``compute_grpo_outcome_advantage``), and a NaN would be its whole group's. So an
unscored one gets a neutral number, which moves its siblings: docs/serve-verl.md says how far.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from adjudge.domain import Sample
from adjudge.errors import DataError
from adjudge.serving.adapters.door import Case, Door
from adjudge.serving.adapters.numbers import numbers
from adjudge.serving.adapters.rows import packed, unpacked

FIELD: Final = "adjudge_sample"
"""Where a row's ``extra_info`` carries its sample: verl does not hand the prompt to the reward."""

_FILE: Final = '''"""The reward of the task {task}, for verl: reward.custom_reward_function.path is this file."""

from adjudge.pipeline.trainers import reward_for
from adjudge.serving.adapters.verl import VerlReward

# Opened at the first call, in each of verl's reward workers.
_reward = VerlReward(reward_for({task!r}, keep={keep!r}), neutral={neutral!r}, components={components!r})


async def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    """The score of one trajectory, with its marks."""
    return await _reward.compute_score(data_source, solution_str, ground_truth, extra_info)


def compute_scores(data_sources, solution_strs, ground_truths, extra_infos):
    """The scores of a batch, for verl's reward manager ``batch``."""
    return _reward.compute_scores(data_sources, solution_strs, ground_truths, extra_infos)
'''


class VerlReward:
    """The two calls that verl makes.

    Args:
        door: the reward.
        neutral: the number of an unscored trajectory, in [0, 1]; marked ``adjudge_unscored``.
        components: terms whose values are returned beside the score, for ``algorithm.gdpo_reward_keys``.
    """

    def __init__(self, door: Door, *, neutral: float, components: Sequence[str] = ()) -> None:
        self._door, self._neutral, self._components = door, neutral, tuple(components)

    async def compute_score(
        self, data_source: str, solution_str: str, ground_truth: object, extra_info: Mapping[str, object] | None
    ) -> dict[str, float]:
        """The score of one trajectory: what verl's reward loop awaits.

        Raises:
            DataError: the row carries no sample.
            RewardError: the reward's failure policy is ``raise``: verl's run ends.
        """
        del data_source, ground_truth  # the sample has both
        (reward,) = await self._door.rewards_async([_case(solution_str, extra_info)])
        return numbers(reward, self._neutral, self._components)

    def compute_scores(
        self,
        data_sources: Sequence[str],
        solution_strs: Sequence[str],
        ground_truths: Sequence[object],
        extra_infos: Sequence[Mapping[str, object] | None],
    ) -> list[dict[str, float]]:
        """The scores of a batch: what verl's reward manager ``batch`` calls."""
        del data_sources, ground_truths
        cases = [_case(text, extra) for text, extra in zip(solution_strs, extra_infos, strict=True)]
        return [numbers(reward, self._neutral, self._components) for reward in self._door.rewards(cases)]


def verl_row(sample: Sample, data_source: str) -> dict[str, Any]:
    """A row of verl's dataset; write the rows to Parquet or JSON.

    Args:
        sample: the row.
        data_source: verl groups its validation figures by it, for example the task's name.
    """
    return {
        "data_source": data_source,
        "prompt": [message.model_dump() for message in sample.messages],
        "reward_model": {"style": "rule", "ground_truth": sample.reference_text or ""},
        "extra_info": {"index": sample.id, FIELD: packed(sample)},
    }


def reward_file(task: Path, *, neutral: float, components: Sequence[str] = (), keep: Path | None = None) -> str:
    """The text of a custom reward file.

    Args:
        task: the task's file or folder; written as an absolute path, as workers have folders of their own.
        neutral: the number of an unscored trajectory, in [0, 1].
        components: terms whose values are returned beside the score.
        keep: folder for the replies that were paid for; None: they are kept while a worker lives.
    """
    where = None if keep is None else str(keep.resolve())
    return _FILE.format(task=str(task.resolve()), neutral=neutral, components=tuple(components), keep=where)


def reward_section(file: Path, *, workers: int = 8) -> dict[str, Any]:
    """The ``reward`` section of verl's configuration, as data; each worker keeps to the judge's limits by itself."""
    return {
        "num_workers": workers,
        "custom_reward_function": {"path": str(file.resolve()), "name": "compute_score"},
        "reward_manager": {"source": "register", "name": "naive"},
    }


def _case(response: str, extra_info: Mapping[str, object] | None) -> Case:
    if extra_info is None or FIELD not in extra_info:
        raise DataError(
            f"A row has no extra_info.{FIELD}.",
            "verl does not hand the prompt to the reward, so the row must carry its sample.",
            "Make the rows with adjudge.serving.adapters.verl.verl_row(sample, data_source).",
        )
    return unpacked(extra_info[FIELD], f"extra_info.{FIELD}"), response
