"""Quotes are looked up, never taken on trust: exact, then fuzzy with the place; one that is not there cannot pass."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz

from adjudge.domain.rubric import Criterion
from adjudge.domain.text import MIN_QUOTE_CHARS, Span, locate, squash_quote
from adjudge.domain.verdict import CriterionVerdict, Evidence
from adjudge.judges.reply import ReplyAnswer

FUZZY_FROM: Final = 90.0
"""Least `rapidfuzz.fuzz.partial_ratio` (0 to 100) of a quote with slips of the pen."""

_FUZZY_CHARS: Final = 2000
_WORD: Final = re.compile(r"\w+")
_NEGATIONS: Final = frozenset(("no", "not", "never", "none", "nor", "neither", "without", "except", "unless", "cannot"))


def check_quote(quote: str, texts: Sequence[str]) -> Evidence:
    """`quote` as evidence, with its place (character offsets) in the first of `texts` that holds it.

    A fuzzy match must agree in every number and every negation: "30 days" for "90 days", or a lost "not", is one slip
    of the pen that says the opposite.
    """
    for text in texts:
        exact = locate(quote, text)
        if exact:
            return Evidence(quote=quote, found=True, match="exact", start=exact[0].start, end=exact[0].end)
    for text in texts:
        span = _fuzzy(quote, text)
        if span is not None:
            return Evidence(quote=quote, found=True, match="fuzzy", start=span.start, end=span.end)
    return Evidence(quote=quote, found=False)


def _fuzzy(quote: str, text: str) -> Span | None:
    if len(squash_quote(quote)) < MIN_QUOTE_CHARS or len(quote) > min(len(text), _FUZZY_CHARS):
        return None
    match = fuzz.partial_ratio_alignment(quote, text, score_cutoff=FUZZY_FROM)
    if match is None:
        return None
    span = Span(match.dest_start, match.dest_end)
    return span if _turning_words(quote) == _turning_words(_whole_words(span, text)) else None


def _whole_words(span: Span, text: str) -> str:
    """The matched text; an edge that cuts a word takes in the rest of it, so that "90" is not read as "9"."""
    start, end = span.start, span.end
    while start > 0 and _WORD.match(text[start - 1]) and _WORD.match(text[start]):
        start -= 1
    while end < len(text) and _WORD.match(text[end]) and _WORD.match(text[end - 1]):
        end += 1
    return text[start:end]


def _turning_words(text: str) -> Counter[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return Counter(word for word in words if word in _NEGATIONS or any(char.isdigit() for char in word))


def settle(
    answer: ReplyAnswer,
    criterion: Criterion,
    texts: Sequence[str],
    probabilities: Mapping[str, float] | None = None,
) -> CriterionVerdict:
    """The verdict on one criterion, after its quotes were looked up in `texts` (those of its evidence rule).

    An answer that needs evidence and has no quote that is there becomes the scale's first answer: what was claimed is
    not shown. The quotes stay in the verdict, so that the cause can be seen.

    Args:
        answer: what the judge wrote.
        criterion: what it was asked.
        texts: those of its evidence rule.
        probabilities: of the labels, where known: the score is then the expected one over the labels that have a score.
            The share of answers that need a quote goes to the scale's first answer unless a quote was found.
    """
    rule = criterion.evidence
    evidence = tuple([check_quote(quote, texts) for quote in answer.quotes]) if rule else ()
    shown = any(part.found for part in evidence)
    label, reason = answer.answer, answer.reason
    if rule and criterion.needs_evidence(label) and not shown:
        reason = f"Answered '{label}', but the quote is not in the {rule.source} text. {reason}".strip()
        label = criterion.scale.labels[0]
    shares = probabilities and dict(probabilities if shown else _without_quotes(probabilities, criterion))
    applies = criterion.scale.applies(label)
    score = None
    if applies:
        score = criterion.scale.expected(shares) if shares else criterion.scale.score(label)
    return CriterionVerdict(
        criterion=criterion.id,
        answer=label,
        applies=applies,
        score=score,
        rationale=reason,
        evidence=evidence,
        probabilities=shares or None,
    )


def _without_quotes(probabilities: Mapping[str, float], criterion: Criterion) -> dict[str, float]:
    """The probabilities of labels, with those that need a quote given to the scale's first answer."""
    kept = {label: 0.0 if criterion.needs_evidence(label) else share for label, share in probabilities.items()}
    first = criterion.scale.labels[0]
    return {**kept, first: min(1.0, kept[first] + sum(probabilities.values()) - sum(kept.values()))}
