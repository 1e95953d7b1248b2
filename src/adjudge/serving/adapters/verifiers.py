"""verifiers: an environment whose tasks are samples and whose reward is ours (pinned against verifiers 0.4.0).

A task's ``@vf.reward`` that raises marks its trace as errored (``v1/task.py``, ``boundary(TaskError)``), and prime-rl
leaves errored traces out of their group. So an unscored rollout raises here, and its siblings do not move.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from adjudge.domain import Sample
from adjudge.errors import MissingError, RewardError
from adjudge.serving.adapters.door import Door


def taskset_class(door: Door, samples: Sequence[Sample]) -> Any:  # noqa: ANN401  (verifiers may be absent: its types too)
    """A ``vf.Taskset`` class over the samples: what an environment package exports.

    Each trace gets the reward ``adjudge``, a metric for each term that scored, and ``trace.info["adjudge"]`` with the
    explanation.

    Args:
        door: the reward.
        samples: one task each.

    Raises:
        MissingError: verifiers is not installed.
    """
    try:
        import verifiers.v1 as vf  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise MissingError(
            "The package 'verifiers' is not installed.",
            "Its environments are built of its classes.",
            "Install it beside your trainer: pip install verifiers==0.4.0",
        ) from error
    by_id = {sample.id: sample for sample in samples}

    class SampleData(vf.TaskData):  # type: ignore[misc]  # verifiers may be absent: its classes are Any
        """``id`` is the sample's, ``prompt`` what the policy reads."""

    class SampleTask(vf.Task[SampleData]):  # type: ignore[misc]  # the same
        """One sample, scored by the reward."""

        @property
        def key(self) -> str:
            """The sample's id, which other orders and other texts around it do not change."""
            return str(self.data.id)

        @vf.reward  # type: ignore[untyped-decorator]  # the same
        async def adjudge(self, trace: Any) -> float:  # noqa: ANN401  (a verifiers Trace)
            """The reward of the trace's last reply."""
            return await _score(door, by_id[self.data.id], trace)

    class SampleTaskset(vf.Taskset[SampleTask, vf.TasksetConfig]):  # type: ignore[misc]  # the same
        """All samples, in order."""

        def load(self) -> Iterable[SampleTask]:
            """One task a sample."""
            for sample in samples:
                yield SampleTask(SampleData(id=sample.id, prompt=_messages(vf, sample)), self.config.task)

    return SampleTaskset


async def _score(door: Door, sample: Sample, trace: Any) -> float:  # noqa: ANN401  (a verifiers Trace)
    (reward,) = await door.rewards_async([(sample, trace.last_reply)])
    trace.info["adjudge"] = reward.explain()
    for part in reward.components:
        if part.value is not None:
            trace.record_metric(f"adjudge/{part.name}", part.value)
    if reward.value is None or not reward.is_evidence:
        raise RewardError(
            f"Sample '{sample.id}' has no reward: {reward.explain()}.",
            "The judge failed; a number would be blamed on the policy.",
            "Leave the trace out of its group, as prime-rl does, and mend the judge.",
        )
    return reward.value


def _messages(vf: Any, sample: Sample) -> list[Any]:  # noqa: ANN401  (the module of verifiers)
    kinds = {"system": vf.SystemMessage, "user": vf.UserMessage, "assistant": vf.AssistantMessage}
    return [kinds.get(m.role, partial(vf.ToolMessage, tool_call_id=""))(content=m.content) for m in sample.messages]
