"""OpenRLHF's queries: prompt and response as one text with special tokens, read from the source of openrlhf 0.11.2."""

from collections.abc import Sequence
from typing import Final

from adjudge.errors import DataError

END_MARKS: Final = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<|end|>",
    "<|return|>",
    "<end_of_turn>",
    "<eos>",
    "<pad>",
    "</s>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
)
"""Marks of the end that its queries carry, because they are decoded with special tokens."""

_LONGEST_START: Final = 40
"""Characters: room for a mark of the beginning, such as <|begin_of_text|>."""


def response_in(query: str, prompt: str, ends: Sequence[str] = END_MARKS) -> str:
    """The response in a query, without the marks of the end behind it.

    Args:
        query: prompt and response as one text, decoded with special tokens.
        prompt: as it was sent.
        ends: marks that end a turn in the policy's template.

    Raises:
        DataError: the query does not begin with its prompt (and at most one mark of a beginning before it).
    """
    # The first place, never the last: a response could repeat the prompt to hide what stands before.
    at = query.find(prompt)
    if at < 0 or at > _LONGEST_START:
        raise DataError(
            f"The query does not begin with its prompt ({query[:60]!r}).",
            "Prompt and response come as one text; where the prompt was cut or decoded otherwise, no one knows which "
            "part is the response.",
            "Let prompts fit into OpenRLHF's --data.max_len, and use the policy's own chat template for them.",
        )
    response = query[at + len(prompt) :].rstrip()
    while (mark := next((mark for mark in ends if response.endswith(mark)), None)) is not None:
        response = response.removesuffix(mark).rstrip()
    return response
