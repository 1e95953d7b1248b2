"""``provider:model`` -> endpoint. A new provider is one file and one line here."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from adjudge.endpoints.base import ChoiceEndpoint, Endpoint
from adjudge.errors import ConfigError

Loader = Callable[[str, Path], Endpoint | ChoiceEndpoint]


# Imports stand in the loaders: a local model must not cost the import of an HTTP client, nor the other way round.
def _local(model: str, base: Path) -> ChoiceEndpoint:  # noqa: ARG001  (one signature for all)
    from adjudge.endpoints.local import LocalChoiceEndpoint  # noqa: PLC0415

    return LocalChoiceEndpoint.load(model)


def _openai(model: str, base: Path) -> Endpoint:  # noqa: ARG001
    from adjudge.endpoints.openai_compat import OpenAICompatEndpoint  # noqa: PLC0415

    return OpenAICompatEndpoint.openai(model)


def _openai_compat(model: str, base: Path) -> Endpoint:  # noqa: ARG001
    from adjudge.endpoints.openai_compat import OpenAICompatEndpoint  # noqa: PLC0415

    return OpenAICompatEndpoint.compat(model)


def _scripted(model: str, base: Path) -> Endpoint:
    from adjudge.endpoints.scripted import ScriptedEndpoint  # noqa: PLC0415

    return ScriptedEndpoint.load(base / model)


PROVIDERS: Final[Mapping[str, Loader]] = MappingProxyType(
    {
        "local": _local,
        "openai": _openai,
        "openai-compat": _openai_compat,
        "scripted": _scripted,
    }
)


def resolve_endpoint(reference: str, *, base: Path) -> Endpoint | ChoiceEndpoint:
    """The endpoint that `reference` names; tell the two kinds apart with ``isinstance(..., ChoiceEndpoint)``.

    Args:
        reference: ``provider:model``; split at the first colon, models may hold more of them.
        base: folder that file names in references are relative to (the task's).

    Raises:
        ConfigError: no such provider, or no model named.
        MissingError: a key, a file or an extra is missing.
    """
    provider, colon, model = reference.partition(":")
    loader = PROVIDERS.get(provider)
    if loader is None:
        near = difflib.get_close_matches(provider, PROVIDERS, n=1, cutoff=0.5)
        hint = f"Did you mean '{near[0]}:{model or 'MODEL'}'? " if near else ""
        raise ConfigError(
            f"'{reference}' names no provider that adjudge knows.",
            "A model is written provider:model, and the provider says how it is called.",
            f"{hint}Providers: {', '.join(PROVIDERS)}.",
        )
    if not colon or not model:
        raise ConfigError(
            f"'{reference}' names no model.",
            "A model is written provider:model.",
            f"Add the model behind the colon: {provider}:MODEL",
        )
    return loader(model, base)
