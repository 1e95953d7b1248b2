"""What a criterion reads: the items of a response, and the texts looked up for each item in the sample.

Everything here is string work. Where a text cannot be found (the quote is not in the document, the cited guideline is
not listed) the field is None, and a criterion that reads it gets its lowest answer without a call: that is the
policy's doing, not the judge's.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from adjudge.domain import Criterion, CriterionVerdict, Rubric, Sample
from adjudge.domain.path import PathError, values_at
from adjudge.domain.rubric import Line, Passage
from adjudge.domain.text import Span, locate

Fields = Mapping[str, str | None]

NO_CALL: Final = "No call:"
"""How the rationale of an answer begins that was given without asking the judge."""

_SENTENCE_END = re.compile(r"[.;:!?]\s+|\n+")


def response_items(rubric: Rubric, response: str) -> list[dict[str, Any]] | None:
    """The items of a response; None when it is not JSON with lists of objects at the rubric's path.

    Without an items rule the response as a whole is the only item.
    """
    if rubric.items is None:
        return [{"response": response}]
    try:
        parsed = json.loads(response)
    except (ValueError, RecursionError):
        return None
    try:
        items = values_at(parsed, rubric.items.steps)
    except PathError:
        return None
    return items if all(isinstance(item, dict) for item in items) else None


def item_fields(rubric: Rubric, sample: Sample, response: str, item: Mapping[str, Any]) -> dict[str, str | None]:
    """Every text that a criterion may read for this item, by name; None where it was not found.

    Where names clash the sample wins over the item: a response cannot put a document of its own in the place of the
    one that it is judged by.
    """
    fields: dict[str, str | None] = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in item.items()
    }
    fields["response"] = response
    fields |= {name: sample.text(name) for name in rubric.fields}
    for name, rule in (rubric.items.derived if rubric.items else {}).items():
        source = sample.text(rule.field) or ""
        if isinstance(rule, Passage):
            quote = item.get(rule.quote)
            fields[name] = passage(source, quote, rule.chars) if isinstance(quote, str) else None
        else:
            fields[name] = _line(source, item, rule)
    return fields


def _line(text: str, item: Mapping[str, Any], rule: Line) -> str | None:
    key = item.get(rule.key)
    if not isinstance(key, str) or not key:
        return None
    start = f"[{key}]"
    return next((line[len(start) :].strip() for line in text.splitlines() if line.startswith(start)), None)


def passage(document: str, quote: str, chars: int) -> str | None:
    """The sentence or sentences around the first place of `quote`, at most `chars` long; None if it is not there."""
    found = locate(quote, document)
    return around(document, found[0], chars) if found else None


def around(document: str, span: Span, chars: int) -> str:
    """The text of `span` widened to sentence borders and cut to `chars`, one line."""
    ends = [0, *(match.end() for match in _SENTENCE_END.finditer(document)), len(document)]
    start = max(end for end in ends if end <= span.start)
    stop = min(end for end in ends if end >= span.end)
    if stop - start > chars:
        # The quote's own place matters more than how the sentence begins.
        start = max(start, min(span.start, stop - chars))
        stop = min(stop, start + chars)
    return " ".join(document[start:stop].split())


def unreadable(criterion: Criterion, fields: Fields) -> CriterionVerdict | None:
    """The lowest answer, where a field that decides the criterion is not there; None where it can be judged."""
    absent = [name for name in criterion.reads if not fields.get(name)]
    if not absent:
        return None
    return uncalled(criterion, criterion.lowest, f"{', '.join(absent)} not found for this item")


def uncalled(criterion: Criterion, label: str, why: str) -> CriterionVerdict:
    """The answer `label`, given without asking the judge."""
    applies = criterion.scale.applies(label)
    score = criterion.scale.score(label) if applies else None
    return CriterionVerdict(
        criterion=criterion.id, answer=label, applies=applies, score=score, rationale=f"{NO_CALL} {why}."
    )
