"""The texts of one judged item: what the judge is shown, and where its quotes must stand."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adjudge.domain.rollout import Rollout
from adjudge.domain.rubric import Criterion, EvidenceSource, Rubric
from adjudge.domain.sample import Sample
from adjudge.errors import DataError
from adjudge.judges.fields import item_fields


class Case(NamedTuple):
    """The texts of one item: for everybody, for the criteria that read them, and for the search of quotes."""

    documents: Mapping[str, str]
    fields: Mapping[str, str | None]
    item: Mapping[str, Any]
    target: tuple[str, ...]
    reference: tuple[str, ...]
    response: str
    has_items: bool

    def shown(self, criteria: Sequence[Criterion]) -> dict[str, str]:
        """Texts of the item that these criteria read; the whole item as JSON where one of them does not say.

        The names shown are the rubric's. Keys of the item are the policy's, so they stay inside a fence.
        """
        names = dict.fromkeys(name for criterion in criteria for name in criterion.reads)
        shown = {name: text for name in names if name not in self.documents and (text := self.fields.get(name))}
        if not shown or not all(criterion.reads for criterion in criteria):
            if self.has_items:
                shown["item"] = json.dumps(self.item, ensure_ascii=False)
            else:
                shown["response"] = self.response
        return shown

    def sources(self, source: EvidenceSource) -> tuple[str, ...]:
        """The texts that a quote must stand in."""
        if source == "response":
            # The item's texts as they read, too: in the response as a whole they carry JSON's escapes.
            return (self.response, *(value for value in self.item.values() if isinstance(value, str)))
        return self.target if source == "target" else self.reference


def case_of(rubric: Rubric, sample: Sample, rollout: Rollout, item: Mapping[str, Any]) -> Case:
    """The texts that the judging of one item needs.

    Raises:
        DataError: the sample has no text that the rubric shows.
    """
    documents: dict[str, str] = {}
    for name in rubric.fields:
        text = sample.text(name)
        if text is None:
            raise DataError(
                f"Sample '{sample.id}': there is no metadata.{name}.",
                f"The rubric '{rubric.name}' shows this field to the judge.",
                f"Add metadata.{name} to the sample, or take it out of the rubric's fields.",
            )
        documents[name] = text
    fields = item_fields(rubric, sample, rollout.response, item)
    stated = documents.get("reference", sample.reference_text)
    reference = () if stated is None else (stated,)
    target = tuple(text for name, text in documents.items() if name != "reference")
    if not target:
        # Where the rubric shows no document, what the policy was given to read is what there is to quote from.
        target = tuple(message.content for message in sample.messages if message.role == "user")
    return Case(documents, fields, item, target, reference, rollout.response, rubric.items is not None)
