"""Labelled cases for judges, built from expert findings: what a criterion should answer, by construction.

For each comment that an expert made, and for what experts found compliant or did not mention, cases whose answer
follows from the labels: the right clause under the right guideline; the right clause under another guideline of the
same playbook; a compliant clause; an unrelated clause; the comment of another guideline; a vague instruction.
Used to train the embedded judge (on training rows) and to measure any judge (on held-out rows).
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adjudge.domain import Rubric, Sample
from adjudge.domain.rubric import Passage
from adjudge.domain.text import Span, locate
from adjudge.judges.fields import around, item_fields, response_items

VAGUE = (
    "Review this clause carefully.",
    "Consider whether this is acceptable.",
    "Please take note of this provision.",
    "Discuss with the team.",
    "This may need attention.",
    "Look into the wording.",
    "Take appropriate action.",
    "Seek advice if necessary.",
    "Check with the business.",
    "Be aware of the risk.",
    "Think about possible changes.",
    "Evaluate the impact of the clause.",
    "Note for the file.",
    "Improve the drafting.",
    "See the guideline.",
    "Handle as usual.",
    "Further analysis is required.",
    "Monitor the situation.",
)
"""Instructions that name no change: for training rows."""

VAGUE_HELD_OUT = (
    "Give this some thought.",
    "Clarify as needed.",
    "Raise it at the next meeting.",
    "Assess and respond accordingly.",
    "Keep an eye on this point.",
    "Make suitable adjustments.",
    "It would be good to reconsider this.",
    "Escalate where appropriate.",
)
"""The same for held-out rows: other wordings, so that a judge that learnt the first list by heart is found out."""


@dataclass(frozen=True)
class Case:
    """One question with its known answer."""

    id: str
    criterion: str
    source: str
    cluster: str
    kind: str
    fields: Mapping[str, str]
    label: bool


@dataclass(frozen=True)
class _Comment:
    sample: Sample
    item: Mapping[str, str]
    fields: Mapping[str, str | None]


def labelled_cases(samples: Sequence[Sample], rubric: Rubric, seed: int, *, held_out: bool) -> tuple[Case, ...]:
    """Cases for the criteria ``grounded``, ``consistent``, ``supported`` and ``actionable`` of a review rubric.

    Args:
        samples: rows with ``metadata.expert_findings`` and an expert ``reference_answer``.
        rubric: gives the derived fields (passage, guideline); criteria it does not have are left out.
        seed: equal seeds give equal cases.
        held_out: take the wordings of vague actions that training never sees.
    """
    dice = random.Random(seed)
    comments = [comment for sample in samples for comment in _comments(sample, rubric)]
    vague = VAGUE_HELD_OUT if held_out else VAGUE
    cases: list[Case] = []
    for comment in comments:
        cases.extend(_of_comment(comment, comments, vague, dice))
    for sample in samples:
        cases.extend(_of_sample(sample, rubric, dice))
    known = {criterion.id for criterion in rubric.criteria}
    return tuple(case for case in cases if case.criterion in known)


def _comments(sample: Sample, rubric: Rubric) -> Iterator[_Comment]:
    text = sample.reference_text or ""
    for item in response_items(rubric, text) or []:
        fields = item_fields(rubric, sample, text, item)
        if fields.get("passage") and fields.get("guideline"):
            yield _Comment(sample, item, fields)


def _of_comment(comment: _Comment, others: Sequence[_Comment], vague: Sequence[str], dice: random.Random) -> list[Case]:
    sample, item = comment.sample, comment.item
    passage, guideline = str(comment.fields["passage"]), str(comment.fields["guideline"])
    maker = _Maker(sample, f"{sample.id}/{item['guideline_id']}")
    wrong = _other_guideline(sample, item, dice)
    stranger = dice.choice(others)
    for _ in range(20):
        if stranger.item["guideline_id"] != item["guideline_id"]:
            break
        stranger = dice.choice(others)
    cases = [
        maker.make("grounded", "right", True, passage=passage, guideline=guideline),
        maker.make("supported", "right", True, passage=passage, comment=item["comment"]),
        maker.make("supported", "other comment", False, passage=passage, comment=stranger.item["comment"]),
        maker.make("consistent", "right", True, guideline=guideline, comment=item["comment"]),
        maker.make("actionable", "concrete", True, recommended_action=item["recommended_action"]),
    ]
    if wrong is not None:
        cases.append(maker.make("grounded", "other guideline", False, passage=passage, guideline=wrong))
        cases.append(maker.make("consistent", "other guideline", False, guideline=wrong, comment=item["comment"]))
    # A restated finding is not an instruction either: the judge must not take length for substance.
    empty = dice.choice(vague) if dice.random() < 0.7 else item["comment"]
    cases.append(maker.make("actionable", "vague", False, recommended_action=empty))
    return cases


def _of_sample(sample: Sample, rubric: Rubric, dice: random.Random) -> list[Case]:
    """Clauses that comply, and text that no expert marked."""
    document = sample.text("target_document") or ""
    findings = sample.metadata.get("expert_findings") or []
    lines = _guidelines(sample)
    chars = next(
        (r.chars for r in (rubric.items.derived if rubric.items else {}).values() if isinstance(r, Passage)), 300
    )
    maker = _Maker(sample, sample.id)
    cases = []
    issues = {f["guideline_id"] for f in findings if f["is_issue"]}
    for finding in findings:
        known = finding["guideline_id"] in lines and finding["guideline_id"] not in issues
        if not finding["is_issue"] and finding["text_excerpt"] and known:
            text = around(document, Span(finding["start"], finding["end"]), chars)
            guideline = lines[finding["guideline_id"]]
            cases.append(maker.make("grounded", "compliant", False, passage=text, guideline=guideline))
    free = [span for span in _sentences(document) if not any(_touches(span, finding) for finding in findings)]
    if free and lines and dice.random() < 0.5:
        text = around(document, dice.choice(free), chars)
        cases.append(maker.make("grounded", "unmarked", False, passage=text, guideline=dice.choice([*lines.values()])))
    return cases


@dataclass
class _Maker:
    sample: Sample
    prefix: str
    made: int = 0

    def make(self, criterion: str, kind: str, label: bool, **fields: str) -> Case:  # a case is its fields
        self.made += 1
        return Case(
            id=f"{self.prefix}/{self.made}",
            criterion=criterion,
            source=str(self.sample.metadata.get("source", "own")),
            cluster=str(self.sample.metadata.get("contract_id", self.sample.id)),
            kind=kind,
            fields=fields,
            label=label,
        )


def _guidelines(sample: Sample) -> dict[str, str]:
    lines = (sample.text("reference") or "").splitlines()
    pairs = (line[1:].split("]", 1) for line in lines if line.startswith("[") and "]" in line)
    return {key: text.strip() for key, text in pairs}


def _other_guideline(sample: Sample, item: Mapping[str, str], dice: random.Random) -> str | None:
    """A guideline of the same playbook that no expert attached to this place."""
    spans = locate(item["text_excerpt"], sample.text("target_document") or "")
    findings: list[dict[str, Any]] = sample.metadata.get("expert_findings") or []
    here = {f["guideline_id"] for f in findings if spans and _touches(spans[0], f)} | {item["guideline_id"]}
    rest = [text for key, text in _guidelines(sample).items() if key not in here]
    return dice.choice(rest) if rest else None


def _touches(span: Span, finding: Mapping[str, Any]) -> bool:
    return finding["start"] is not None and span.overlap(Span(finding["start"], finding["end"])) > 0


def _sentences(document: str) -> list[Span]:
    """Sentences long enough to be taken for a clause."""
    return [Span(*match.span()) for match in re.finditer(r"[^.;\n\s][^.;\n]{59,}", document)]
