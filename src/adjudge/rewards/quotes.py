"""QuoteInDocument and QuoteNotFromReference: the cheap check of the judge's dearest question, by string search."""

from typing import Any, Literal

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.base import Score
from adjudge.domain.text import locate
from adjudge.judges.evidence import check_quote
from adjudge.rewards.base import ItemsConfig, Scorer, document_of, items_in

FUZZY_QUOTES = 50
"""Most quotes of a response that are searched with slips of the pen: each search reads the whole document, slowly."""


class QuoteInDocumentConfig(ItemsConfig):
    """Which key of an item holds the quote, and which metadata field the document.

    ``fuzzy`` is what a quote with slips of the pen is worth. With ``reference``, another metadata field, the detail
    tells quotes that were taken from there instead.
    """

    type: Literal["quote_in_document"] = "quote_in_document"
    quote: str = "text_excerpt"
    document: str = "target_document"
    fuzzy: Score = 0.0
    reference: str | None = None


class QuoteNotFromReferenceConfig(ItemsConfig):
    """As QuoteInDocument; ``reference`` is the text that must not be quoted in the document's place."""

    type: Literal["quote_not_from_reference"] = "quote_not_from_reference"
    quote: str = "text_excerpt"
    document: str = "target_document"
    reference: str = "reference"


class QuoteInDocument(Scorer):
    """Share of items whose quote stands in the document (12 characters or more; white space and case aside)."""

    def __init__(self, config: QuoteInDocumentConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The share, or not applicable without items.

        Raises:
            DataError: the sample has no such document or reference.
        """
        config = self._config
        document = document_of(sample, config.document, self.name)
        reference = document_of(sample, config.reference, self.name) if config.reference else ""
        items = items_in(rollout, config)
        if not items:
            return self.not_applicable("no items")
        total, searches = 0.0, FUZZY_QUOTES
        told: dict[str, list[str]] = {}
        for number, item in enumerate(items, 1):
            value, outcome, where = self._found(quote_of(item, config.quote), document, reference, searches > 0)
            total += value
            searches -= value < 1
            if outcome:
                told.setdefault(outcome, []).append(f"{number}{where}")
        detail = "; ".join(f"{outcome}: item {', '.join(numbers)}" for outcome, numbers in told.items())
        return self.scored(total / len(items), detail)

    def _found(self, quote: str, document: str, reference: str, search: bool) -> tuple[float, str, str]:
        """What the quote is worth; what became of it, where that is worth telling; and where it stands."""
        if locate(quote, document):
            return 1.0, "", ""
        if reference and locate(quote, reference):
            return 0.0, "from the reference instead", ""
        # Without a worth of its own, a slip of the pen is not looked for: that is the dear half of the search.
        near = check_quote(quote, (document,)) if self._config.fuzzy and search else None
        if near is not None and near.found:
            return self._config.fuzzy, "nearly in the document", f" (at {near.start}-{near.end})"
        return 0.0, "not in the document", ""


class QuoteNotFromReference(Scorer):
    """Share of items that do not quote the reference in place of the document."""

    def __init__(self, config: QuoteNotFromReferenceConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The share, or not applicable without items.

        Raises:
            DataError: the sample has no such document or reference.
        """
        document = document_of(sample, self._config.document, self.name)
        reference = document_of(sample, self._config.reference, self.name)
        items = items_in(rollout, self._config)
        if not items:
            return self.not_applicable("no items")
        quotes = [quote_of(item, self._config.quote) for item in items]
        wrong = sum(bool(locate(quote, reference)) and not locate(quote, document) for quote in quotes)
        return self.scored(1 - wrong / len(items), f"{wrong} of {len(items)} quote the reference" if wrong else "")


def quote_of(item: dict[str, Any], key: str) -> str:
    """The item's quote; what is no text quotes nothing."""
    found = item.get(key)
    return found if isinstance(found, str) else ""
