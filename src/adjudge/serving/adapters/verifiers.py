"""verifiers: an environment whose tasks are samples and whose reward is ours (pinned against verifiers 0.4.0).

A task's ``@vf.reward`` that raises marks its trace as errored (``v1/task.py``, ``boundary(TaskError)``), and prime-rl
leaves errored traces out of their group. So an unscored rollout raises here, and its siblings do not move.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from adjudge.domain import Sample
from adjudge.errors import RewardError, missing_extra
from adjudge.serving.adapters.door import Door

if TYPE_CHECKING:
    from types import ModuleType


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
    vf = _verifiers()

    class SampleData(vf.TaskData):  # type: ignore[name-defined, misc]  # verifiers may be absent
        """A sample; ``prompt`` is what the policy reads."""

    async def adjudge(self: Any, trace: Any) -> float:  # noqa: ANN401  (types of verifiers)
        return await _score(door, by_id[self.data.id], trace)

    # The annotations above are ours; verifiers reads only the parameters' names.
    members = {"adjudge": vf.reward(adjudge), "key": property(lambda self: self.data.id)}
    task = type("SampleTask", (vf.Task[SampleData],), members)
    by_id = {sample.id: sample for sample in samples}

    def load(self: Any) -> Iterable[Any]:  # noqa: ANN401  (types of verifiers)
        for sample in samples:
            yield task(SampleData(id=sample.id, prompt=_messages(vf, sample)), self.config.task)

    return type("SampleTaskset", (vf.Taskset[task, vf.TasksetConfig],), {"load": load})


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


def _messages(vf: "ModuleType", sample: Sample) -> list[Any]:
    kinds = {"system": vf.SystemMessage, "user": vf.UserMessage, "assistant": vf.AssistantMessage}
    return [kinds.get(m.role, partial(vf.ToolMessage, tool_call_id=""))(content=m.content) for m in sample.messages]


def _verifiers() -> "ModuleType":
    try:
        import verifiers.v1 as vf  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise missing_extra("verifiers", "verifiers") from error
    return vf  # type: ignore[no-any-return]  # a module
