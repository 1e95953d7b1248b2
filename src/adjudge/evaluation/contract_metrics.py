"""Hard metrics of contract review: what can be said about a response without any judge.

They need the experts' findings in a sample's metadata (`adjudge.wire.contract_windows` puts them there) and serve three
ends: to report a policy's quality, to release it, and to ask whether a judge that is trained on ranks responses as
these numbers do.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.sample import Sample
from adjudge.domain.text import Span, locate, squash
from adjudge.errors import DataError

REQUIRED_FIELDS: Final = ("text_excerpt", "comment", "comment_type", "recommended_action")
MISSING: Final = "missing_provision"
"""The comment type of a remark about a clause that is not there, and so cannot be quoted."""


class ContractMetrics(Frozen):
    """The figures of one response; shares are in [0, 1], None where the question does not arise."""

    schema_ok: Score
    """1 if the response is JSON as it stands and every comment has every field, else 0."""
    comments: Count
    grounding_precision: Score | None
    """Share of quoting comments whose excerpt stands in the target document; None when nothing is quoted."""
    quotes_reference: Score | None
    """Share of quoting comments whose excerpt stands in the reference instead; None when nothing is quoted."""
    finding_precision: Score
    """Share of comments that meet an expert issue; without comments 1 if there was nothing to find, else 0."""
    finding_recall: Score
    """Share of the guidelines with an expert issue that a comment met; 1 if there was nothing to find."""
    finding_f1: Score
    compliant_flagged: Score
    """Share of comments on text that the experts found to comply: false alarms."""
    unsupported: Score
    """Share of comments where experts left no label at all."""
    duplicates: Score
    """Share of comments that repeat an earlier one: same guideline, same place."""


@dataclass(frozen=True)
class MeanMetrics:
    """Means over responses; each over the responses for which the figure is defined, None when there is none."""

    responses: int
    schema_ok: float | None
    comments: float | None
    grounding_precision: float | None
    quotes_reference: float | None
    finding_precision: float | None
    finding_recall: float | None
    finding_f1: float | None
    compliant_flagged: float | None
    unsupported: float | None
    duplicates: float | None


class _Finding(BaseModel):
    """What is read of an expert finding; the rest of its fields is for people."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    guideline_id: str
    is_issue: bool
    text_excerpt: Annotated[str | None, Field(min_length=1)]
    start: int | None
    end: int | None

    @property
    def span(self) -> Span | None:
        return None if self.start is None or self.end is None else Span(self.start, self.end)


_FINDINGS = TypeAdapter(list[_Finding])


@dataclass(frozen=True)
class _Comment:
    """One comment of a response, as far as it can be understood; what is not text counts as absent."""

    guideline: str | None
    excerpt: str
    kind: str | None
    at: tuple[Span, ...]

    @property
    def quotes(self) -> bool:
        """Whether a quotation is expected: everywhere but in a remark that a clause is missing."""
        return self.kind != MISSING or bool(self.excerpt)

    @property
    def key(self) -> tuple[str | None, Span | str]:
        """Two comments with the same key say the same thing twice."""
        return self.guideline, self.at[0] if self.at else squash(self.excerpt)

    def meets(self, finding: _Finding) -> bool:
        """Whether this comment is about that finding; a comment that names no guideline may be about any."""
        if self.guideline is not None and self.guideline != finding.guideline_id:
            return False
        span = finding.span
        if span is None:
            return self.guideline is not None and self.kind == MISSING and not self.at
        return any(_same_place(quote, span) for quote in self.at)


def contract_metrics(sample: Sample, response: str) -> ContractMetrics:
    """The hard metrics of one response to one contract-review sample.

    A response that is not JSON as it stands is searched for JSON, so that its findings still count; ``schema_ok``
    tells.

    Raises:
        DataError: the sample's metadata lacks a text or the expert findings.
    """
    target, reference, findings = _gold(sample)
    raw, schema_ok = _parse(response)
    comments = [_comment(item, target) for item in raw]
    quoting = sum(comment.quotes for comment in comments)
    grounded = sum(bool(comment.at) for comment in comments)
    from_reference = sum(not comment.at and bool(locate(comment.excerpt, reference)) for comment in comments)
    met = [[finding for finding in findings if comment.meets(finding)] for comment in comments]
    right = [{finding.guideline_id for finding in group if finding.is_issue} for group in met]
    expected = {finding.guideline_id for finding in findings if finding.is_issue}
    found = set[str]().union(*right)
    n_right = sum(map(bool, right))
    n_false = sum(bool(group) and not issues for group, issues in zip(met, right, strict=True))
    total = len(comments)
    precision = n_right / total if total else float(not expected)
    recall = len(found) / len(expected) if expected else 1.0
    return ContractMetrics(
        schema_ok=float(schema_ok),
        comments=total,
        grounding_precision=grounded / quoting if quoting else None,
        quotes_reference=from_reference / quoting if quoting else None,
        finding_precision=precision,
        finding_recall=recall,
        finding_f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        compliant_flagged=_share(n_false, total),
        unsupported=_share(total - n_right - n_false, total),
        duplicates=_share(total - len({comment.key for comment in comments}), total),
    )


def mean_metrics(metrics: Iterable[ContractMetrics]) -> MeanMetrics:
    """The mean of every figure over the responses for which it is defined."""
    rows = list(metrics)

    def mean(name: str) -> float | None:
        values = [value for row in rows if (value := getattr(row, name)) is not None]
        return sum(values) / len(values) if values else None

    names = [field.name for field in fields(MeanMetrics) if field.name != "responses"]
    return MeanMetrics(responses=len(rows), **{name: mean(name) for name in names})


def _share(part: int, total: int) -> float:
    return part / total if total else 0.0


def _gold(sample: Sample) -> tuple[str, str, Sequence[_Finding]]:
    target, reference = sample.text("target_document"), sample.text("reference")
    try:
        findings = _FINDINGS.validate_python(sample.metadata.get("expert_findings"))
    except ValidationError as error:
        first = error.errors()[0]
        raise _no_gold(sample, f"expert_findings: {'.'.join(map(str, first['loc']))} {first['msg']}") from error
    if target is None or reference is None:
        raise _no_gold(sample, "target_document or reference is absent")
    return target, reference, findings


def _no_gold(sample: Sample, problem: str) -> DataError:
    return DataError(
        f"Sample '{sample.id}': {problem}.",
        "The hard metrics compare a response with the experts' findings in the sample's metadata.",
        "Import contract-review rows with adjudge.wire.contract_windows, or do not ask for these metrics.",
    )


def _parse(response: str) -> tuple[list[dict[str, Any]], bool]:
    """The comments of a response, and whether it keeps the schema to the letter."""
    try:
        whole = json.loads(response)
    except (ValueError, RecursionError):
        try:
            return _dicts(_items(json.loads(_widest_json(response)))), False
        except (ValueError, RecursionError):
            return [], False
    items = _items(whole)
    comments = _dicts(items)
    complete = all(field in comment for comment in comments for field in REQUIRED_FIELDS)
    is_review = isinstance(whole, dict) and isinstance(whole.get("comments"), list)
    return comments, is_review and complete and len(comments) == len(items)


def _widest_json(response: str) -> str:
    """From the first opening bracket that has a closing one of its kind behind it, to the last of these."""
    pairs = [(response.find(opening), response.rfind(closing) + 1) for opening, closing in ("{}", "[]")]
    start, end = min(((start, end) for start, end in pairs if 0 <= start < end), default=(0, 0))
    return response[start:end]


def _items(value: object) -> list[Any]:
    if isinstance(value, dict):
        value = value.get("comments", [])
    return value if isinstance(value, list) else []


def _dicts(items: list[Any]) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)]


def _comment(raw: dict[str, Any], target: str) -> _Comment:
    guideline, excerpt, kind = (raw.get(name) for name in ("guideline_id", "text_excerpt", "comment_type"))
    excerpt = excerpt if isinstance(excerpt, str) else ""
    guideline = None if guideline == "" else guideline
    return _Comment(
        # An id that is no text is kept as JSON: it then matches no guideline, where None would match any.
        guideline=guideline if guideline is None or isinstance(guideline, str) else json.dumps(guideline),
        excerpt=excerpt,
        kind=kind if isinstance(kind, str) else None,
        at=locate(excerpt, target),
    )


def _same_place(quote: Span, finding: Span) -> bool:
    """Half of the shorter lies in the other; a quote far longer than the finding is no quote of it.

    Without the second rule a response that quotes the whole document would meet every finding.
    """
    if len(quote) > 3 * len(finding) + 300:
        return False
    return 2 * quote.overlap(finding) >= min(len(quote), len(finding))
