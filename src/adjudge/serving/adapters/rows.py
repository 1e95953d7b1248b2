"""Samples as other trainers carry them: columns of a dataset, or one packed text in a field that is passed through."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from adjudge.domain import Sample, digest
from adjudge.errors import DataError

_OWN: Final = frozenset({"id", "messages", "reference_answer", "tools", "metadata"})
"""Columns that are fields of a sample; all others are texts of its metadata."""


def packed(sample: Sample) -> str:
    """The sample as one JSON text, for trainers that hand a field of the row to the reward."""
    return sample.model_dump_json()


def unpacked(text: object, field: str) -> Sample:
    """The sample in a text made by `packed`.

    Args:
        text: what the trainer handed over.
        field: where it did, for the error.

    Raises:
        DataError: it is no such text.
    """
    try:
        return Sample.model_validate_json(text if isinstance(text, str) else "")
    except ValidationError as error:
        raise DataError(
            f"{field} holds no sample: {error.errors()[0]['msg']}.",
            "The reward reads prompt, reference and documents there.",
            "Make the rows with adjudge.serving.adapters.rows.packed(sample).",
        ) from error


def sample_of(prompt: object, columns: Mapping[str, object], reference: str = "reference_answer") -> Sample:
    """The sample in a dataset's row.

    ``id``, ``tools`` and ``metadata`` are the sample's own; every other column is put into its metadata, where
    rubrics and components find it by name. Without ``id`` the contents are the id.

    Args:
        prompt: a text, or a list of ``{role, content}``.
        columns: the row's other columns.
        reference: name of the column with the reference answer.

    Raises:
        DataError: the row is no sample; says where.
    """
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    given = columns.get("metadata")
    metadata = dict(given) if isinstance(given, Mapping) else {}
    metadata |= {name: value for name, value in columns.items() if name not in _OWN and name != reference}
    answer = columns.get(reference)
    row = {
        "messages": messages,
        # A column exists for all rows of a dataset: where a row has nothing, it holds None.
        "metadata": {name: value for name, value in metadata.items() if value is not None},
        "reference_answer": answer if answer is None or isinstance(answer, dict | list) else str(answer),
        "tools": columns.get("tools") or (),
    }
    given_id = columns.get("id")
    name = digest(json.dumps(row, sort_keys=True, default=repr)) if given_id is None else str(given_id)
    try:
        return Sample.model_validate({"id": name, **row})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "row"
        raise DataError(
            f"Row '{name}': {where}: {first['msg']}.",
            "The reward reads prompt, reference and documents in the columns of the dataset.",
            "Correct the row.",
        ) from error


def text_of(completion: object) -> str:
    """What the policy said: the text, or the content of the last message where it is a conversation.

    Raises:
        DataError: it is neither.
    """
    if isinstance(completion, Sequence) and not isinstance(completion, str) and completion:
        last = completion[-1]
        completion = last.get("content") if isinstance(last, Mapping) else last
        # A turn that only calls a tool says nothing.
        completion = "" if completion is None else completion
    if isinstance(completion, str):
        return completion
    raise DataError(
        f"A completion is {type(completion).__name__}, not text.",
        "Only texts can be judged.",
        "Let the trainer hand over texts, or messages whose content is text.",
    )
