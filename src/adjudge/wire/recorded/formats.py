"""The registry of recorded sets: what ``--from`` calls a format -> its reader."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from adjudge.errors import ConfigError
from adjudge.wire.recorded.base import Reader, Recorded
from adjudge.wire.recorded.flakyjudge import read_flakyjudge
from adjudge.wire.recorded.hanna import read_hanna
from adjudge.wire.recorded.judgekeeper import read_judgekeeper
from adjudge.wire.recorded.llmbar import read_llmbar
from adjudge.wire.recorded.pandalm import read_pandalm
from adjudge.wire.recorded.paperbench import read_paperbench
from adjudge.wire.recorded.summeval import read_summeval

FORMATS: Final[Mapping[str, Reader]] = {
    "flakyjudge": read_flakyjudge,
    "hanna": read_hanna,
    "judgekeeper": read_judgekeeper,
    "llmbar": read_llmbar,
    "pandalm": read_pandalm,
    "paperbench": read_paperbench,
    "summeval": read_summeval,
}


def read_recorded(name: str, folder: Path) -> Recorded:
    """The set in a folder.

    Raises:
        ConfigError: there is no such format; suggests one.
        MissingError: a file of the set is not there.
        DataError: a file is not as published.
    """
    refuse_unknown(name, FORMATS)
    return FORMATS[name](folder)


def refuse_unknown(name: str, formats: Iterable[str]) -> None:
    """Refuse a format that is none of these.

    Raises:
        ConfigError: it is none; suggests the nearest.
    """
    known = list(formats)
    if name in known:
        return
    near = get_close_matches(name, known, 1)
    raise ConfigError(
        f"'{name}' is no format that is read here.",
        f"There are {', '.join(known)}.",
        f"Did you mean --from {near[0]}?" if near else "Name one of them with --from.",
    )
