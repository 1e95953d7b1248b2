"""QuoteInDocument and QuoteNotFromReference: the cheap check of the judge's dearest question, by string search."""

from typing import Any, Literal

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.text import locate
from adjudge.rewards.base import ComponentConfig, Scorer, document_of, items_of


class QuoteInDocumentConfig(ComponentConfig):
    """Which key of an item holds the quote, and which metadata field the document."""

    type: Literal["quote_in_document"] = "quote_in_document"
    items: str = "comments"
    quote: str = "text_excerpt"
    document: str = "target_document"


class QuoteNotFromReferenceConfig(ComponentConfig):
    """As QuoteInDocument; ``reference`` is the text that must not be quoted in the document's place."""

    type: Literal["quote_not_from_reference"] = "quote_not_from_reference"
    items: str = "comments"
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
            DataError: the sample has no such document.
        """
        document = document_of(sample, self._config.document, self.name)
        items = items_of(rollout.response, self._config.items)
        if not items:
            return self.not_applicable("no items")
        quotes = [_quote(item, self._config.quote) for item in items]
        missing = [number for number, quote in enumerate(quotes, 1) if not locate(quote, document)]
        detail = f"not in the document: item {', '.join(map(str, missing))}" if missing else ""
        return self.scored(1 - len(missing) / len(items), detail)


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
        items = items_of(rollout.response, self._config.items)
        if not items:
            return self.not_applicable("no items")
        quotes = [_quote(item, self._config.quote) for item in items]
        wrong = sum(bool(locate(quote, reference)) and not locate(quote, document) for quote in quotes)
        return self.scored(1 - wrong / len(items), f"{wrong} of {len(items)} quote the reference" if wrong else "")


def _quote(item: dict[str, Any], key: str) -> str:
    """The item's quote; what is no text quotes nothing."""
    found = item.get(key)
    return found if isinstance(found, str) else ""
