"""How long a response is: in characters, words, tokens or items."""

import math
from collections.abc import Callable
from pathlib import Path as File
from typing import Literal

from pydantic import model_validator

from adjudge.domain import Rollout
from adjudge.errors import MissingError
from adjudge.rewards.base import ItemsConfig, items_in

Unit = Literal["characters", "words", "tokens", "items"]

BYTES_A_TOKEN = 4
"""The plain approximation of tokens: UTF-8 bytes through 4, rounded up. Near what byte-pair vocabularies make of
English prose; code, JSON and other languages have more tokens than it says."""


class SizeConfig(ItemsConfig):
    """What is counted. Words are what white space separates: of no use for languages that write without it.

    ``tokenizer`` counts tokens: ``approximate`` (UTF-8 bytes through 4), ``policy`` (those of the rollout itself; not
    applicable where they were not kept), or the name of a ``tokenizer.json`` beside the task or of a model on the hub.
    """

    unit: Unit = "characters"
    tokenizer: str = "approximate"

    @model_validator(mode="after")
    def _counts_tokens(self) -> "SizeConfig":
        if self.tokenizer != "approximate" and self.unit != "tokens":
            msg = f"a tokenizer counts tokens, and the unit is {self.unit}"
            raise ValueError(msg)
        return self


Measure = Callable[[Rollout], int | None]
"""The size of a response; None where it has none (no list of items, no tokens kept)."""


def measure_of(config: SizeConfig, base: File) -> Measure:
    """How `config` counts.

    Raises:
        MissingError: the tokenizer is not to be had.
    """
    if config.unit == "characters":
        return lambda rollout: len(rollout.response)
    if config.unit == "words":
        return lambda rollout: len(rollout.response.split())
    if config.unit == "items":
        return lambda rollout: None if (items := items_in(rollout, config)) is None else len(items)
    if config.tokenizer == "approximate":
        return lambda rollout: math.ceil(len(rollout.response.encode("utf-8", "surrogatepass")) / BYTES_A_TOKEN)
    if config.tokenizer == "policy":
        return lambda rollout: None if rollout.tokens is None else len(rollout.tokens)
    return _tokens(config.tokenizer, base)


def _tokens(name: str, base: File) -> Measure:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 (of the extra `train`)
    except ImportError as error:
        raise MissingError(
            "The package tokenizers is not installed.",
            f"The reward counts the tokens of '{name}'.",
            "Install `adjudge[train]`, or let `tokenizer` be approximate.",
        ) from error
    file = base / name
    try:
        tokenizer = Tokenizer.from_file(str(file)) if file.is_file() else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises plain Exception for a wrong file, and what its download raises
        raise MissingError(
            f"There is no tokenizer '{name}'.",
            f"Neither the file {file} nor a model of this name on the hub: {error}"[:300],
            "Name a tokenizer.json beside the task, or let `tokenizer` be approximate.",
        ) from error

    def count(rollout: Rollout) -> int:
        text = rollout.response.encode("utf-8", "replace").decode()
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    return count
