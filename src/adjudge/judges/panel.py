"""PanelJudge: several judges about the same response, one score by a declared rule, every vote kept.

A panel is better than its members as far as their errors differ: with k members of equal variance whose errors
correlate by r, the variance is (1 + (k - 1) r) / k of one member's. Judges that err together gain little.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

from adjudge.domain.base import digest
from adjudge.domain.protocols import Judge
from adjudge.domain.rollout import Group, Rollout
from adjudge.domain.rubric import Rubric
from adjudge.domain.sample import Sample
from adjudge.domain.verdict import FailureKind, JudgeFailure, Judgement, Verdict
from adjudge.errors import ConfigError
from adjudge.judges.together import together
from adjudge.judges.votes import Each, again, joint_items, joint_raw, joint_usage, mean, vote_of

Rule = Literal["mean", "median", "majority", "unanimous"]

_PASSES: Final = 0.5
"""A vote is a yes from this score on, where the rule counts votes."""


@dataclass(frozen=True)
class PanelJudge:
    """A `Judge` made of judges. Its verdict keeps each member's vote, and in its items the members' mean.

    Attributes:
        judges: the members; their fingerprints must differ, or one of them would simply vote twice.
        rule: of the members' scores the (weighted) ``mean`` or the ``median``; or, with a vote being a yes from 0.5 on,
            1 for a yes of more than half of the (weighted) votes (``majority``) or of all (``unanimous``), else 0.
        weights: one a member, above 0 for at least one; for mean and majority only. See `leave_one_out`.
        veto: criterion -> the answer that a single member need give to make the score 0, for example
            ``{"safe": "no"}``. A criterion that no member answered is a failure: a veto that cannot be cast protects
            nobody.
        quorum: least number of members with a verdict; None asks for all. Fewer make a failure. A verdict of fewer than
            all carries another fingerprint, for it is another panel's: a strict member that drops out lifts the score.
            `judge_group` therefore counts the same members for all rollouts of a group.
        rubric: what all members ask, where it is one and the same; tells rewards how a response splits into items.

    Raises:
        ConfigError: the settings contradict each other.
    """

    judges: tuple[Judge, ...]
    rule: Rule = "mean"
    weights: tuple[float, ...] | None = None
    veto: Mapping[str, str] = field(default_factory=dict)
    quorum: int | None = None
    rubric: Rubric | None = None

    def __post_init__(self) -> None:
        count = len(self.judges)
        if count < 2 or len({judge.fingerprint for judge in self.judges}) != count:
            raise _wrong("A panel needs at least two members, each with a fingerprint of its own")
        if self.quorum is not None and not 1 <= self.quorum <= count:
            raise _wrong(f"The quorum {self.quorum} is not between 1 and the {count} members")
        if self.weights is not None:
            if self.rule not in {"mean", "majority"}:
                raise _wrong(f"The rule '{self.rule}' has no use for weights")
            fine = all(0.0 <= weight < float("inf") for weight in self.weights) and sum(self.weights) > 0
            if len(self.weights) != count or not fine:
                raise _wrong(f"Weights must be {count} finite numbers from 0, not all 0")

    @property
    def name(self) -> str:
        """Rule and members."""
        return f"{self.rule}({', '.join(judge.name for judge in self.judges)})"

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the members and the rule."""
        return self._fingerprint(range(len(self.judges)))

    def with_repeat(self, repeat: int) -> "PanelJudge":
        """The same panel, every member asked once more."""
        return replace(self, judges=tuple(again(judge, repeat) for judge in self.judges))

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        """One verdict of all members, or why there is none.

        Raises:
            AdjudgeError: a member says that the user must change something first.
        """
        judgements = await together([judge.judge(sample, rollout) for judge in self.judges])
        return self._folded(rollout, judgements, _sitting(judgements))

    async def judge_group(self, group: Group) -> tuple[Judgement, ...]:
        """One judgement a rollout, in the order of the group; the same members count for all of them.

        Where a member failed on some rollouts, either it or those rollouts are left out: so that as many rollouts as
        can be have a verdict of at least the quorum, and of those choices, by as many members as can be.

        Raises:
            AdjudgeError: a member says that the user must change something first.
            ValueError: a member answered about another rollout.
        """
        by_member = await together([Each(judge).judge_group(group) for judge in self.judges])
        rows = [list(row) for row in zip(*by_member, strict=True)]
        sitting = self._same_members(rows)
        return tuple(
            self._folded(rollout, row, sitting if sitting <= _sitting(row) else frozenset())
            for rollout, row in zip(group.rollouts, rows, strict=True)
        )

    @property
    def _least(self) -> int:
        return len(self.judges) if self.quorum is None else self.quorum

    def _same_members(self, rows: Sequence[Sequence[Judgement]]) -> frozenset[int]:
        present = [_sitting(row) for row in rows]
        # What some rollouts share is the cut of their members: nothing else can be the best choice.
        choices: set[frozenset[int]] = set()
        for row in set(present):
            choices |= {row, *(row & choice for choice in choices)}
        allowed = [choice for choice in choices if len(choice) >= self._least]
        if not allowed:
            return frozenset(range(len(self.judges)))
        return max(allowed, key=lambda choice: (sum(choice <= row for row in present), len(choice), sorted(choice)))

    def _folded(self, rollout: Rollout, judgements: Sequence[Judgement], sitting: frozenset[int]) -> Judgement:
        usage, raw = joint_usage(judgements), joint_raw(judgements)
        counted = {
            place: judgement
            for place, judgement in enumerate(judgements)
            if place in sitting and isinstance(judgement, Verdict)
        }
        failure = self._no_quorum(judgements, counted) or self._no_veto(list(counted.values()))
        if failure is not None:
            kind, detail = failure
            return JudgeFailure(
                judge=self.fingerprint, rollout_id=rollout.id, kind=kind, detail=detail, raw=raw, usage=usage
            )
        verdicts = list(counted.values())
        vetoed = any(self._vetoes(verdict) for verdict in verdicts)
        return Verdict(
            judge=self._fingerprint(counted),
            rollout_id=rollout.id,
            items=joint_items(verdicts),
            score=0.0 if vetoed else self._score({place: verdict.score for place, verdict in counted.items()}),
            votes=tuple(vote_of(judgement) for judgement in judgements),
            repaired=any(verdict.repaired for verdict in verdicts),
            raw=raw,
            usage=usage,
        )

    def _no_quorum(
        self, judgements: Sequence[Judgement], counted: Mapping[int, Verdict]
    ) -> tuple[FailureKind, str] | None:
        weight = len(counted) if self.weights is None else sum(self.weights[place] for place in counted)
        if len(counted) >= self._least and weight > 0:
            return None
        failures = [judgement for judgement in judgements if isinstance(judgement, JudgeFailure)]
        told = "; ".join(f"{one.kind}: {one.detail}" for one in failures)
        # Without a failure here: the member that counts for the group failed on another rollout.
        kind = failures[0].kind if failures else FailureKind.ABSTAINED
        return kind, f"{len(counted)} of {len(judgements)} members count, {self._least} are needed ({told})"

    def _no_veto(self, verdicts: Sequence[Verdict]) -> tuple[FailureKind, str] | None:
        answered = {answer.criterion for verdict in verdicts for item in verdict.items for answer in item.criteria}
        missing = [criterion for criterion in self.veto if criterion not in answered]
        if not missing:
            return None
        return FailureKind.MISSING_CRITERION, f"no member answered '{missing[0]}', which can veto"

    def _vetoes(self, verdict: Verdict) -> bool:
        return any(
            self.veto.get(answer.criterion) == answer.answer for item in verdict.items for answer in item.criteria
        )

    def _score(self, scores: Mapping[int, float]) -> float:
        weights = {place: 1.0 if self.weights is None else self.weights[place] for place in scores}
        total = sum(weights.values())
        if self.rule == "median":
            return statistics.median(scores.values())
        if self.rule == "unanimous":
            return float(all(score >= _PASSES for score in scores.values()))
        if self.rule == "majority":
            return float(sum(weights[place] for place, score in scores.items() if score >= _PASSES) > total / 2)
        if self.weights is None:
            return mean(list(scores.values()))
        return min(1.0, sum(weights[place] * score for place, score in scores.items()) / total)

    def _fingerprint(self, members: Sequence[int] | Mapping[int, Verdict] | range) -> str:
        return digest(
            {
                "panel": [self.judges[place].fingerprint for place in members],
                "rule": self.rule,
                "weights": None if self.weights is None else [self.weights[place] for place in members],
                "veto": dict(self.veto),
            }
        )


@dataclass(frozen=True, slots=True)
class MemberWeight:
    """How far a member agrees with the others, and the weight that follows."""

    judge: str
    agreement: float | None
    """Spearman's correlation with the mean of the others over the cases that all have; None where one is constant."""

    weight: float
    """Share in [0, 1]; the weights of a panel add up to 1."""

    cases: int


def leave_one_out(table: Mapping[str, Mapping[str, float]]) -> tuple[MemberWeight, ...]:
    """Weights without labels: each member by its agreement with the mean of the others.

    Agreement is no validity: members that err together agree with each other, and the one that is right is then
    weighed least. Check against people before use.

    Args:
        table: score by judge and case; only cases that every judge scored count.

    Returns:
        One a judge, in the order of the table; weights are proportional to agreements above 0.

    Raises:
        ValueError: fewer than three judges or cases, or nobody agrees with the others.
    """
    shared = sorted(set.intersection(*(set(scores) for scores in table.values()))) if table else []
    if len(table) < 3 or len(shared) < 3:
        msg = f"{len(table)} judges with {len(shared)} cases in common: three of both are needed"
        raise ValueError(msg)
    from adjudge.judges.ranking import spearman  # noqa: PLC0415  (numpy, which no vote needs)

    found: dict[str, float | None] = {}
    for judge, scores in table.items():
        others = [other for name, other in table.items() if name != judge]
        found[judge] = spearman(
            [scores[case] for case in shared], [mean([other[case] for other in others]) for case in shared]
        )
    useful = {judge: max(0.0, agreement or 0.0) for judge, agreement in found.items()}
    total = sum(useful.values())
    if total <= 0:
        msg = "no judge agrees with the others: there is nothing to weigh by"
        raise ValueError(msg)
    return tuple(
        MemberWeight(judge, agreement, useful[judge] / total, len(shared)) for judge, agreement in found.items()
    )


def _sitting(judgements: Sequence[Judgement]) -> frozenset[int]:
    """The members that gave a verdict."""
    return frozenset(place for place, judgement in enumerate(judgements) if isinstance(judgement, Verdict))


def _wrong(what: str) -> ConfigError:
    return ConfigError(
        f"{what}.",
        "A panel's score must mean the same for every response.",
        "Correct the panel's judges, rule, weights or quorum.",
    )
