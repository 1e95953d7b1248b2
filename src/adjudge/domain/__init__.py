"""The glossary in code: read this first.

sample -> rollouts of a policy = group -> judge's verdict (or failure) -> component scores -> reward.
Every type is a frozen, validated value; numbers are finite.
"""

from adjudge.domain.base import Frozen, Score, digest
from adjudge.domain.events import (
    Broadcast,
    Event,
    GroupScored,
    Note,
    Observer,
    Progress,
    Request,
    StageEnded,
    StageStarted,
    StepEnded,
)
from adjudge.domain.protocols import Component, GroupJudge, Judge, MayNeedGroup, RewardFunction
from adjudge.domain.reward import Combine, ComponentRole, ComponentScore, ComponentStatus, Reward, RewardStatus
from adjudge.domain.rollout import Group, Policy, Rollout
from adjudge.domain.rubric import BOOLEAN, Answer, Criterion, EdgeRule, EvidenceRule, Items, Rubric, Scale
from adjudge.domain.sample import Message, Sample, load_samples, samples_from
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import (
    CriterionVerdict,
    Evidence,
    FailureKind,
    ItemVerdict,
    JudgeFailure,
    Judgement,
    Verdict,
    Vote,
)

__all__ = [
    "BOOLEAN",
    "Answer",
    "Broadcast",
    "Combine",
    "Component",
    "ComponentRole",
    "ComponentScore",
    "ComponentStatus",
    "Criterion",
    "CriterionVerdict",
    "EdgeRule",
    "Event",
    "Evidence",
    "EvidenceRule",
    "FailureKind",
    "Frozen",
    "Group",
    "GroupJudge",
    "GroupScored",
    "ItemVerdict",
    "Items",
    "Judge",
    "JudgeFailure",
    "Judgement",
    "MayNeedGroup",
    "Message",
    "Note",
    "Observer",
    "Policy",
    "Progress",
    "Request",
    "Reward",
    "RewardFunction",
    "RewardStatus",
    "Rollout",
    "Rubric",
    "Sample",
    "Scale",
    "Score",
    "StageEnded",
    "StageStarted",
    "StepEnded",
    "Usage",
    "Verdict",
    "Vote",
    "digest",
    "load_samples",
    "samples_from",
]
