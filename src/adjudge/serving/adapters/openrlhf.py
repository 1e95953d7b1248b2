"""OpenRLHF: a ``reward_func`` in a Python file, ``--reward.remote_url FILE.py`` (pinned against OpenRLHF 0.11.2).

``utils/agent.py`` calls it in a thread, for one query at a time, and swallows what it raises at log level INFO; a
rollout without reward then breaks the step (``experience_maker.py`` looks for a reward model). It takes numbers only,
so an unscored rollout gets a neutral one: docs/serve-in-process.md says what that does to its siblings.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adjudge.serving.adapters.door import Case, Door
from adjudge.serving.adapters.numbers import numbers
from adjudge.serving.adapters.rows import unpacked
from adjudge.wire.openrlhf import END_MARKS, response_in

if TYPE_CHECKING:
    from torch import Tensor


class OpenRlhfReward:
    """``reward_func = OpenRlhfReward(door, neutral=0.5)`` at the top of the file.

    The dataset's label (``--data.label_key``) is the sample, packed by `adjudge.serving.adapters.rows.packed`.

    Args:
        door: the reward.
        neutral: the number of an unscored rollout, in [0, 1]; marked in ``extra_logs``.
        ends: marks that end a turn in this model's template.
    """

    def __init__(self, door: Door, *, neutral: float, ends: Sequence[str] = END_MARKS) -> None:
        self._door, self._neutral, self._ends = door, neutral, tuple(ends)

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str]
    ) -> "dict[str, Tensor | dict[str, Tensor]]":
        """``rewards``, ``scores`` and ``extra_logs``, one value a query.

        Raises:
            DataError: a label is no sample, or a query does not begin with its prompt.
            RewardError: the reward's failure policy is ``raise``. OpenRLHF hides it: use another policy here.
        """
        import torch  # noqa: PLC0415  (OpenRLHF has it)

        cases = [self._case(*row) for row in zip(queries, prompts, labels, strict=True)]
        found = [numbers(reward, self._neutral) for reward in self._door.rewards(cases)]
        columns = {name: torch.tensor([row[name] for row in found]) for name in found[0]}
        scores = columns.pop("score")
        return {"rewards": scores, "scores": scores, "extra_logs": columns}

    def _case(self, query: str, prompt: str, label: str) -> Case:
        sample = unpacked(label, "The label")
        return sample, response_in(query, prompt, self._ends)
