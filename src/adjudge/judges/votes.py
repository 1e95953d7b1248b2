"""Several judgements about one rollout as one: what panels, cascades and repeats have in common."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

from adjudge.domain.protocols import GroupJudge, Judge
from adjudge.domain.rollout import Group
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import CriterionVerdict, ItemVerdict, Judgement, Verdict, Vote
from adjudge.judges.together import together

T = TypeVar("T")


@runtime_checkable
class Repeatable(Judge, Protocol):
    """A judge that can be asked the same thing again without being answered from the journal."""

    def with_repeat(self, repeat: int) -> Judge:
        """The same judge (by fingerprint), asked once more."""
        ...


def again(judge: Judge, repeat: int) -> Judge:
    """The same judge (by fingerprint), asked once more; repeat 0 is the judge as it is.

    Raises:
        TypeError: it cannot be: its second answer would be the first one out of the journal.
    """
    if not repeat:
        return judge
    if not isinstance(judge, Repeatable):
        msg = f"the judge {judge.name} cannot be asked the same thing again"
        raise TypeError(msg)
    return judge.with_repeat(repeat)


class Each:
    """A `GroupJudge` that asks a `Judge` about each rollout on its own, concurrently."""

    def __init__(self, judge: Judge) -> None:
        self.one = judge

    @property
    def name(self) -> str:
        """The judge's name."""
        return self.one.name

    @property
    def fingerprint(self) -> str:
        """The judge's fingerprint: a verdict is the same as without the group."""
        return self.one.fingerprint

    async def judge_group(self, group: Group) -> tuple[Judgement, ...]:
        """One judgement a rollout, in the order of the group.

        Raises:
            AdjudgeError: the judge says that the user must change something first.
            ValueError: the judge answered about another rollout.
        """
        return matched(group, await together([self.one.judge(group.sample, rollout) for rollout in group.rollouts]))


async def asked_group(judge: GroupJudge, group: Group) -> tuple[Judgement, ...]:
    """The group's judgements, checked and in the order of the group.

    Raises:
        ValueError: a judgement is missing, or about another rollout.
    """
    return matched(group, await judge.judge_group(group))


def matched(group: Group, judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """The judgements in the order of the group, by id.

    Raises:
        ValueError: one is missing, there twice, or about a rollout that is not in the group.
    """
    by_id = {judgement.rollout_id: judgement for judgement in judgements}
    wanted = [rollout.id for rollout in group.rollouts]
    if len(judgements) != len(wanted) or set(by_id) != set(wanted):
        told = sorted(judgement.rollout_id for judgement in judgements)
        msg = f"judgements about {told} do not match the group's rollouts {sorted(wanted)}"
        raise ValueError(msg)
    return tuple(by_id[rollout_id] for rollout_id in wanted)


def vote_of(judgement: Judgement) -> Vote:
    """The essentials of a judgement."""
    if isinstance(judgement, Verdict):
        return Vote(judge=judgement.judge, score=judgement.score, items=judgement.items)
    return Vote(judge=judgement.judge, failure=judgement.kind, detail=judgement.detail)


def joint_usage(judgements: Sequence[Judgement]) -> Usage:
    """What all of them took, failures too."""
    return sum((judgement.usage for judgement in judgements), Usage())


def joint_raw(judgements: Sequence[Judgement]) -> tuple[str, ...]:
    """All replies, in order."""
    return tuple(text for judgement in judgements for text in judgement.raw)


def joint_items(verdicts: Sequence[Verdict]) -> tuple[ItemVerdict, ...]:
    """The items of all verdicts as one list: each criterion with its mean score and the answer given most often.

    Of answers given equally often the worst counts. Empty where the verdicts do not have the same items and criteria:
    each vote still has its own.
    """
    shapes = {
        tuple((item.item, *(answer.criterion for answer in item.criteria)) for item in verdict.items)
        for verdict in verdicts
    }
    if len(shapes) != 1:
        return ()
    return tuple(_joint_item(items) for items in zip(*(verdict.items for verdict in verdicts), strict=True))


def _joint_item(items: Sequence[ItemVerdict]) -> ItemVerdict:
    criteria = tuple(_joint_answer(answers) for answers in zip(*(item.criteria for item in items), strict=True))
    scores = [item.score for item in items if item.score is not None]
    return items[0].model_copy(update={"criteria": criteria, "score": mean(scores) if scores else None})


def _joint_answer(answers: Sequence[CriterionVerdict]) -> CriterionVerdict:
    scored = [answer for answer in answers if answer.score is not None]
    if not scored:
        return answers[0]
    given = Counter(answer.answer for answer in scored)
    chosen = min(scored, key=lambda answer: (-given[answer.answer], points(answer)))
    rationale = f"{given[chosen.answer]} of {len(answers)}: {chosen.rationale}"
    update = {"score": mean([points(answer) for answer in scored]), "rationale": rationale, "probabilities": None}
    return chosen.model_copy(update=update)


def points(part: ItemVerdict | CriterionVerdict) -> float:
    """The score of a part that has one.

    Raises:
        ValueError: it has none, because nothing in it applies.
    """
    if part.score is None:
        msg = "a part without score has no points"
        raise ValueError(msg)
    return part.score


def mean(values: Sequence[float]) -> float:
    """The mean of scores, kept within their range against rounding.

    Raises:
        ValueError: there are none.
    """
    return min(max(values), max(min(values), sum(values) / len(values)))


def pooled_variance(samples: Sequence[Sequence[float]]) -> float | None:
    """Variance of one value within its sample, pooled over all samples; None where none has two values."""
    freedom = sum(len(values) - 1 for values in samples)
    if freedom <= 0:
        return None
    return sum(sum((value - mean(values)) ** 2 for value in values) for values in samples) / freedom
