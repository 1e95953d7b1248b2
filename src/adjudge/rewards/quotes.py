"""QuoteInDocument and QuoteNotFromReference: the cheap check of the judge's dearest question, by string search."""

from typing import Literal

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.text import locate
from adjudge.rewards.base import ComponentConfig, Scorer, items_of


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
        """The share, or not applicable without items."""
        items = items_of(rollout.response, self._config.items)
        if not items:
            return self.not_applicable("no items")
        document = sample.text(self._config.document) or ""
        missing = [
            number
            for number, item in enumerate(items, 1)
            if not locate(str(item.get(self._config.quote) or ""), document)
        ]
        detail = f"not in the document: item {', '.join(map(str, missing))}" if missing else ""
        return self.scored(1 - len(missing) / len(items), detail)


class QuoteNotFromReference(Scorer):
    """Share of items that do not quote the reference in place of the document."""

    def __init__(self, config: QuoteNotFromReferenceConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The share, or not applicable without items."""
        items = items_of(rollout.response, self._config.items)
        if not items:
            return self.not_applicable("no items")
        document, reference = sample.text(self._config.document) or "", sample.text(self._config.reference) or ""
        quotes = [str(item.get(self._config.quote) or "") for item in items]
        wrong = sum(bool(locate(quote, reference)) and not locate(quote, document) for quote in quotes)
        return self.scored(1 - wrong / len(items), f"{wrong} of {len(items)} quote the reference" if wrong else "")
