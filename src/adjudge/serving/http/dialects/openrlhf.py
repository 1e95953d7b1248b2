"""OpenRLHF's ``--reward.remote_url`` (once ``--remote_rm_url``), read from the source of openrlhf 0.11.2.

It sends ``{query: [prompt + response], prompts: [...], labels: [...]}``, mostly one of each, and reads
``{rewards: [number], scores?, extra_logs?}``. Null would break its trainer, and after five errors it goes on without a
reward and breaks later: a masked response gets the neutral number and ``extra_logs.adjudge_masked`` 1.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from adjudge.domain.base import Frozen
from adjudge.errors import DataError
from adjudge.serving.http.desk import Result
from adjudge.serving.http.dialects.base import Asked, Dialect, Ground, Loose, labelled, number

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


class OpenRlhfRequest(Loose):
    """Lists of equal length."""

    query: tuple[str, ...] = Field(min_length=1)
    """Prompt and response as one text, special tokens among it."""
    prompts: tuple[str, ...] = Field(min_length=1)
    labels: tuple[str | None, ...] = Field(min_length=1)


class OpenRlhfResponse(Frozen):
    """One number a query, in order."""

    rewards: tuple[float, ...]
    scores: tuple[float, ...]
    extra_logs: dict[str, tuple[float, ...]]
    """``adjudge_masked``: 1 where the number is the neutral value and no evidence."""


def _read(request: OpenRlhfRequest, ground: Ground) -> list[Asked]:
    sizes = {len(request.query), len(request.prompts), len(request.labels)}
    if len(sizes) > 1:
        raise DataError(
            f"{len(request.query)} queries, {len(request.prompts)} prompts, {len(request.labels)} labels.",
            "There must be one of each for every response.",
            "Use OpenRLHF 0.6 or later, which sends all three.",
        )
    return [
        Asked(labelled(label, [{"role": "user", "content": prompt}], ground), _response(query, prompt))
        for query, prompt, label in zip(request.query, request.prompts, request.labels, strict=True)
    ]


def _response(query: str, prompt: str) -> str:
    """The response in a query.

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
    while (mark := next((mark for mark in END_MARKS if response.endswith(mark)), None)) is not None:
        response = response.removesuffix(mark).rstrip()
    return response


_LONGEST_START: Final = 40
"""Characters: room for a mark of the beginning, such as <|begin_of_text|>."""


def _write(request: OpenRlhfRequest, results: Sequence[Result], ground: Ground) -> OpenRlhfResponse:  # noqa: ARG001
    numbers = [number(result, ground.neutral) for result in results]
    values = tuple(one.value for one in numbers)
    return OpenRlhfResponse(
        rewards=values, scores=values, extra_logs={"adjudge_masked": tuple(float(one.masked) for one in numbers)}
    )


OPENRLHF: Final = Dialect(
    path="/openrlhf",
    summary="OpenRLHF's remote reward model.",
    request=OpenRlhfRequest,
    response=OpenRlhfResponse,
    read=_read,
    write=_write,
)
