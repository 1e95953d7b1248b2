"""Samples, rollouts and rubrics with sensible contents, for tests of whatever uses them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adjudge.domain.rollout import Group, Policy, Rollout
from adjudge.domain.rubric import BOOLEAN, Criterion, EvidenceRule, Items, Line, Passage, Rubric
from adjudge.domain.sample import Message, Sample

DOCUMENT = (
    "Payment. The Customer shall pay each invoice within ninety (90) days of receipt. "
    "Liability. The Supplier's total liability under this agreement is unlimited. "
    "Law. This agreement is governed by the laws of Denmark."
)
REFERENCE = (
    "[PAY-1] Payment term: Invoices are due within 30 days. Action: Shorten the term to 30 days.\n"
    "[LIA-1] Liability cap: Liability is capped at the yearly fees. Action: Add a cap of the yearly fees."
)


def make_sample(
    sample_id: str = "s1",
    *,
    document: str = DOCUMENT,
    reference: str = REFERENCE,
    reference_answer: str | dict[str, Any] | list[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Sample:
    """A contract-review sample; `metadata` adds to or replaces ``target_document`` and ``reference``."""
    return Sample(
        id=sample_id,
        messages=(Message(role="user", content=f"{reference}\n\nText:\n{document}"),),
        reference_answer=reference_answer,
        metadata={"target_document": document, "reference": reference, **(metadata or {})},
    )


def make_comment(
    guideline_id: str = "PAY-1",
    text_excerpt: str = "The Customer shall pay each invoice within ninety (90) days",
    *,
    comment: str = "The payment term of 90 days is longer than the 30 days of the guideline.",
    comment_type: str = "deviation",
    recommended_action: str = "Shorten the payment term to 30 days.",
) -> dict[str, str]:
    """One comment of a review; the default is a good one on `make_sample`."""
    return {
        "guideline_id": guideline_id,
        "text_excerpt": text_excerpt,
        "comment": comment,
        "comment_type": comment_type,
        "recommended_action": recommended_action,
    }


def make_review(comments: Sequence[Mapping[str, Any]]) -> str:
    """A response with these comments."""
    return json.dumps({"comments": [dict(comment) for comment in comments]}, ensure_ascii=False)


def make_rollout(
    rollout_id: str = "r1", *, sample_id: str = "s1", response: str | None = None, version: int = 0
) -> Rollout:
    """A rollout; without `response` it is a review with one good comment."""
    text = make_review([make_comment()]) if response is None else response
    return Rollout(
        id=rollout_id, sample_id=sample_id, policy=Policy(name="test-policy", version=version), response=text
    )


def make_group(responses: Sequence[str], *, sample: Sample | None = None, version: int = 0) -> Group:
    """A group with one rollout a response, called r0, r1, ..."""
    chosen = make_sample() if sample is None else sample
    return Group(
        sample=chosen,
        rollouts=tuple(
            make_rollout(f"r{place}", sample_id=chosen.id, response=response, version=version)
            for place, response in enumerate(responses)
        ),
    )


def make_rubric(*, items: bool = True) -> Rubric:
    """A small contract-review rubric: two Boolean criteria of weight 3 and 1, the first with an evidence rule."""
    derived = {
        "passage": Passage(quote="text_excerpt", field="target_document"),
        "guideline": Line(key="guideline_id", field="reference"),
    }
    reads = (("passage", "guideline"), ("guideline", "comment")) if items else ((), ())
    return Rubric(
        name="test-rubric",
        task="A reviewer flagged text that conflicts with a guideline.",
        fields={"target_document": "Document", "reference": "Guidelines"},
        items=Items(path="comments", derived=derived) if items else None,
        criteria=(
            Criterion(
                id="grounded",
                question="Does the passage conflict with the guideline?",
                scale=BOOLEAN,
                weight=3.0,
                reads=reads[0],
                evidence=EvidenceRule(),
            ),
            Criterion(
                id="consistent",
                question="Is the comment about the guideline?",
                scale=BOOLEAN,
                reads=reads[1],
            ),
        ),
    )
