"""Contract-review rows as samples: our own set, and public corpora converted to the same fields.

A row is one extract of one contract beside a few guidelines, with the experts' findings as literal spans. One importer
and one metric (`adjudge.evaluation.contract_metrics`) serve all sources. The prompt is kept short on purpose: the
embedded policy has 135 million parameters and reads every token at its own cost.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from adjudge.domain.sample import Message, Sample
from adjudge.domain.text import Span, locate
from adjudge.errors import ConfigError, DataError, MissingError

View = Literal["window", "document"]

SYSTEM_PROMPT: Final = (
    'Flag text that conflicts with a guideline. Answer in JSON: {"comments":[{"guideline_id":"","text_excerpt":'
    '"copied words","comment":"","comment_type":"","recommended_action":""}]} or {"comments":[]}'
)
MAX_COMMENT_WORDS: Final = 22

_GUIDELINE = re.compile(r"^\[(?P<id>[^\]]+)\] (?P<title>.+?): (?P<text>.*)$")
_ACTION = re.compile(r"\s+Action: (?P<action>.+)$")
_BREAK = re.compile(r"(?:(?<=[.;:!?])|(?<=[.;!?][\"\u201d\u2019')\]]))[ \t]+(?=[A-Z0-9(\[\"\u201c\u2018])|\s*\n\s*")


class _Finding(BaseModel):
    """One expert label; fields we do not read (``clipped``, ``rationale``) travel on to the metadata."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    finding_id: str
    guideline_id: str
    issue: str
    label: str
    is_issue: bool
    comment_type: str
    text_excerpt: str | None
    start: int | None
    end: int | None
    comment: str | None = None
    recommended_action: str | None = None

    @property
    def span(self) -> Span | None:
        """Where the text stands; None for a clause that is missing."""
        return None if self.start is None or self.end is None else Span(self.start, self.end)


class _Window(BaseModel):
    """A text, the guidelines it is read against, and the findings in it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    text: str = Field(min_length=1)
    reference: str = Field(min_length=1)
    reference_ids: list[str] = Field(min_length=1)
    expert_findings: list[_Finding]

    @model_validator(mode="after")
    def _labels_hold(self) -> Self:
        """A shifted offset would teach wrong quotes silently, so it is refused here."""
        for finding in self.expert_findings:
            if finding.guideline_id not in self.reference_ids:
                raise ValueError(f"finding {finding.finding_id}: '{finding.guideline_id}' is not in reference_ids")
            if (finding.text_excerpt is None) != (finding.span is None):
                raise ValueError(f"finding {finding.finding_id}: text_excerpt and start/end must be null together")
            if finding.span is not None and finding.span.of(self.text) != finding.text_excerpt:
                raise ValueError(f"finding {finding.finding_id}: text_excerpt is not the text at start:end")
        return self

    @property
    def kind(self) -> str:
        """``issue``, ``compliant`` (only text that satisfies a guideline) or ``clean`` (no label at all)."""
        if any(finding.is_issue for finding in self.expert_findings):
            return "issue"
        return "compliant" if self.expert_findings else "clean"


class _Row(BaseModel):
    """The fields of a row that we read; others are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    contract_id: str = Field(min_length=1)
    perspective: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    attribution: str | None = None
    meta: dict[str, Any] = Field(default_factory=dict)


def read_contract_windows(
    path: Path,
    *,
    view: View = "window",
    crop_chars: int | None = None,
    limit: int | None = None,
    seed: int = 0,
    max_comments: int = 2,
    quote_words: int = 12,
) -> tuple[Sample, ...]:
    """All rows of a contract-review file as samples, in file order.

    Args:
        path: JSONL; ``reference_library.json`` beside it supplies recommended actions where rows have none.
        view: ``window`` takes a row's ``clause_window`` where it has one, ``document`` its whole target document.
        crop_chars: longest extract, in characters; see `_crop` for what happens to the labels. Windows only: in a
            document a clause may be labelled as missing, and a crop would make that untrue.
        limit: keep this many samples, the same share of each source, perspective and kind.
        seed: which ones.
        max_comments: most comments in the expert's answer; one a guideline.
        quote_words: words that an expert comment quotes.

    Raises:
        MissingError: the file is not there.
        DataError: a row is not JSON or its labels do not hold; names file and line.
        ConfigError: an option makes no sense.
    """
    impossible_crop = crop_chars is not None and (view == "document" or crop_chars < 100)
    if impossible_crop or min(max_comments, quote_words, 1 if limit is None else limit) < 1:
        raise ConfigError(
            f"Not possible: {view=}, {crop_chars=}, {limit=}, {max_comments=}, {quote_words=}.",
            "Cropping needs windows (a document's 'missing' labels would turn untrue) and room for a clause; "
            "the other numbers count things that must be there.",
            "Use view='window' with crop_chars of 100 or more, or leave it out; set the others to 1 or more.",
        )
    actions = _library_actions(path)
    samples: list[Sample] = []
    for row, window in _rows(path, view):
        cropped = window if crop_chars is None else _crop(window, crop_chars)
        if cropped is not None:
            samples.append(_sample(row, cropped, actions, max_comments, quote_words))
    return tuple(samples) if limit is None else _stratified(samples, limit, seed)


def _rows(path: Path, view: View) -> Iterator[tuple[_Row, _Window]]:
    if not path.is_file():
        raise MissingError(
            f"The data file {path} is not there.",
            "It should hold contract-review rows, one JSON object a line.",
            "Correct the path.",
        )
    seen: dict[str, int] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row, window = _parse(line, view)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "row"
                raise _bad_row(path, number, f"{where}: {first['msg']}") from error
            except ValueError as error:
                raise _bad_row(path, number, str(error)) from error
            if row.id in seen:
                raise _bad_row(path, number, f"the id '{row.id}' was used on line {seen[row.id]}")
            seen[row.id] = number
            yield row, window


def _bad_row(path: Path, number: int, problem: str) -> DataError:
    return DataError(
        f"{path}, line {number}: {problem}.",
        "A contract-review row is {id, source, contract_id, perspective, target_document, reference, reference_ids, "
        "expert_findings, licence}, each excerpt literally at its offsets.",
        "Correct or delete this line.",
    )


def _parse(line: str, view: View) -> tuple[_Row, _Window]:
    raw = json.loads(line)
    if not isinstance(raw, dict):
        raise ValueError(f"{type(raw).__name__}, not an object")  # noqa: TRY004  (told as a DataError by the caller)
    row = _Row.model_validate(raw)
    part = raw.get("clause_window") if view == "window" else None
    if isinstance(part, dict):
        return row.model_copy(update={"id": f"{row.id}-window"}), _Window.model_validate(part)
    return row, _Window.model_validate({**raw, "text": raw.get("target_document")})


def _library_actions(path: Path) -> dict[str, str]:
    """Recommended actions by guideline, from the library beside the rows; empty when there is none."""
    library = path.parent / "reference_library.json"
    if not library.is_file():
        return {}
    try:
        entries = json.loads(library.read_text(encoding="utf-8"))
        return {name: entry["action"] for name, entry in entries.items() if isinstance(entry.get("action"), str)}
    except (ValueError, AttributeError) as error:
        raise DataError(
            f"{library}: not a guideline library ({error}).",
            "It lies beside the rows, so their recommended actions are read from it.",
            'Make it {"GUIDELINE-ID": {"action": "..."}}, or move it away.',
        ) from error


def _crop(window: _Window, limit: int) -> _Window | None:
    """At most ``limit`` characters of the window, cut between sentences, around as many issues as fit.

    Findings wholly inside are kept and re-based, those wholly outside dropped. A guideline whose finding the cut goes
    through is withdrawn from the reference, unless another finding of the same kind is kept whole: with half of the
    text in sight neither "flag it" nor "leave it" would be a true label. None when no guideline is left.
    """
    if len(window.text) <= limit:
        return window
    cut = _best_cut(window, limit)
    kept: list[_Finding] = []
    torn: set[tuple[str, bool]] = set()
    for finding in window.expert_findings:
        span = finding.span
        if span is None:
            continue
        if cut.start <= span.start and span.end <= cut.end:
            offsets = {"start": span.start - cut.start, "end": span.end - cut.start}
            kept.append(finding.model_copy(update=offsets))
        elif span.overlap(cut):
            torn.add((finding.guideline_id, finding.is_issue))
    doubtful = {guideline for guideline, _ in torn - {(finding.guideline_id, finding.is_issue) for finding in kept}}
    ids = [guideline for guideline in window.reference_ids if guideline not in doubtful]
    if not ids:
        return None
    withdrawn = tuple(f"[{guideline}]" for guideline in doubtful)
    lines = [line for line in window.reference.split("\n") if not line.startswith(withdrawn)]
    return _Window(
        text=cut.of(window.text),
        reference="\n".join(lines),
        reference_ids=ids,
        expert_findings=[finding for finding in kept if finding.guideline_id not in doubtful],
    )


def _best_cut(window: _Window, limit: int) -> Span:
    """The span to keep: most issues, then most findings, then few torn findings, then long and centred on them."""
    text = window.text
    breaks = [match.span() for match in _BREAK.finditer(text)]
    starts = [0, *(end for _, end in breaks)]
    ends = [*(start for start, _ in breaks), len(text)]
    labelled = [(span, finding.is_issue) for finding in window.expert_findings if (span := finding.span) is not None]
    if not labelled:
        fitting = [end for end in ends if limit // 2 <= end <= limit]
        return Span(0, max(fitting)) if fitting else _word_cut(text, 0, limit)
    cuts = _cuts(starts, ends, limit)
    fits = [span for span, is_issue in labelled if is_issue and len(span) <= limit]
    if fits and not any(cut.start <= span.start and span.end <= cut.end for span in fits for cut in cuts):
        # Only in texts without usable sentence ends: the finding's own edges are better than losing it.
        cuts += _cuts([*starts, *(span.start for span in fits)], [*ends, *(span.end for span in fits)], limit)
    if not cuts:
        return _word_cut(text, labelled[0][0].start, limit)
    centre = sum(span.start + span.end for span, _ in labelled) / len(labelled)

    def worth(cut: Span) -> tuple[int, int, bool, int, int, float, int]:
        inside = [is_issue for span, is_issue in labelled if span.overlap(cut) == len(span)]
        torn = sum(0 < span.overlap(cut) < len(span) for span, _ in labelled)
        off_centre = abs(cut.start + cut.end - centre)
        return sum(inside), len(inside), len(cut) * 2 >= limit, -torn, len(cut), -off_centre, -cut.start

    return max(cuts, key=worth)


def _cuts(starts: Sequence[int], ends: Sequence[int], limit: int) -> list[Span]:
    return [Span(start, end) for start in starts for end in ends if 0 < end - start <= limit]


def _word_cut(text: str, start: int, limit: int) -> Span:
    """From ``start`` to the last white space within the limit; for a text without sentence ends."""
    end = start + limit
    if end < len(text) and (space := max(text.rfind(" ", start, end), text.rfind("\n", start, end))) > start:
        end = space
    return Span(start, start + len(text[start:end].rstrip()))


def _sample(row: _Row, window: _Window, actions: dict[str, str], max_comments: int, quote_words: int) -> Sample:
    metadata: dict[str, Any] = {
        "target_document": window.text,
        "reference": window.reference,
        "reference_ids": window.reference_ids,
        "contract_id": row.contract_id,
        "source": row.source,
        "perspective": row.perspective,
        "window_kind": window.kind,
        "expert_findings": [finding.model_dump(exclude_unset=True) for finding in window.expert_findings],
        "licence": row.licence,
        "meta": row.meta,
        **({} if row.attribution is None else {"attribution": row.attribution}),
    }
    return Sample(
        id=row.id,
        messages=(
            Message(role="system", content=SYSTEM_PROMPT),
            Message(role="user", content=f"{window.reference}\n\nText:\n{window.text}"),
        ),
        reference_answer=_expert_answer(window, actions, max_comments, quote_words),
        metadata=metadata,
    )


def _expert_answer(window: _Window, actions: dict[str, str], max_comments: int, quote_words: int) -> str:
    """The answer an expert would give, as compact JSON; the key order is part of what the policy learns."""
    lines = {match["id"]: match for line in window.reference.split("\n") if (match := _GUIDELINE.match(line))}
    issues = [finding for finding in window.expert_findings if finding.is_issue]
    # Missing clauses have no place; they come last.
    issues.sort(key=lambda finding: (finding.start is None, finding.start or 0, finding.finding_id))
    first = {finding.guideline_id: finding for finding in reversed(issues)}
    chosen = [finding for finding in issues if first[finding.guideline_id] is finding][:max_comments]
    comments = []
    for finding in chosen:
        line = lines.get(finding.guideline_id)
        title, text = (line["title"], line["text"]) if line else (finding.issue, "")
        stored = actions.get(finding.guideline_id)
        comments.append(
            {
                "guideline_id": finding.guideline_id,
                "text_excerpt": _quote(finding.text_excerpt or "", quote_words),
                "comment": finding.comment or _comment(title, text, missing=finding.text_excerpt is None),
                "comment_type": finding.comment_type,
                "recommended_action": finding.recommended_action or stored or _action(title, text),
            }
        )
    return json.dumps({"comments": comments}, ensure_ascii=False, separators=(",", ":"))


def _quote(text: str, words: int) -> str:
    """The first words of a finding, literally, and more of them while the quote is too short to count as one."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    for end in ends[words - 1 :]:
        quote = text[:end].rstrip(" ,;:(")
        if locate(quote, text):
            return quote
    return text


def _comment(title: str, text: str, *, missing: bool) -> str:
    """A sentence from the guideline, for rows whose experts left only a label."""
    rule = _ACTION.sub("", text).replace(" (Must be addressed.)", "").split(". ")[0].split(";")[0].rstrip(".")
    rule = re.sub(r"\s*\([^)]*\)", "", rule)
    if rule.startswith("Flag any "):
        found = rule.removeprefix("Flag any ")
        verb = "this is" if found.startswith("clause ") else "the clause contains"
        sentences = [f"{title}: {verb} {_with_article(found)}."]
    elif missing:
        sentences = [f"{title}: the contract does not meet the rule that {_lower_first(rule)}."]
    else:
        rule = _lower_first(rule)
        sentences = [
            f"{title}: the clause does not meet the rule that {rule}.",
            f"{title}: the clause conflicts with the rule: {rule}.",
        ]
    # A rule cut in its middle may say the opposite, so a long one is named by its title instead.
    sentences.append(f"{title}: the clause conflicts with this guideline of the playbook.")
    fitting = [sentence for sentence in sentences if len(sentence.split()) <= MAX_COMMENT_WORDS]
    return fitting[0] if rule and fitting else sentences[-1]


def _with_article(noun: str) -> str:
    if re.match(r"(?:\S+ ){0,3}(?:ownership|damages)\b", noun):
        return noun
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _lower_first(text: str) -> str:
    """Lower case for an ordinary first word; defined terms ("Confidential Information") keep their capital."""
    ordinary = re.match(r"(?:The|All|Some|Disputes|Arbitration|Consumers|Consent)\b", text)
    return text[:1].lower() + text[1:] if ordinary else text


def _action(title: str, text: str) -> str:
    """A concrete instruction where neither row nor library has one."""
    stated = _ACTION.search(text)
    return stated["action"] if stated else f"Delete or redraft the clause so that it meets the guideline on {title}."


def _stratified(samples: Sequence[Sample], limit: int, seed: int) -> tuple[Sample, ...]:
    """``limit`` samples in file order, drawn in proportion from each source, perspective and kind."""
    if limit >= len(samples):
        return tuple(samples)
    strata: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        strata[tuple(str(sample.metadata[key]) for key in ("source", "perspective", "window_kind"))].append(index)
    shares = {key: len(members) * limit / len(samples) for key, members in strata.items()}
    quota = {key: int(share) for key, share in shares.items()}
    # Largest remainders get what rounding down left over; the key breaks ties, so the draw is the same everywhere.
    by_remainder = sorted(shares, key=lambda key: (quota[key] - shares[key], key))
    for key in by_remainder[: limit - sum(quota.values())]:
        quota[key] += 1
    draw = random.Random(seed)
    chosen = [index for key in sorted(strata) for index in draw.sample(strata[key], quota[key])]
    return tuple(samples[index] for index in sorted(chosen))
