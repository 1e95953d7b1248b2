"""The folder that leaves the house: a PEFT adapter, its card, and a manifest with the hash of every file. File work."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from adjudge.domain.base import Count, Frozen
from adjudge.errors import ConfigError, GateError, MissingError, RunError
from adjudge.store.atomic import disk_error, sync_path, write_bytes

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
CARD: Final = "README.md"
MANIFEST: Final = "manifest.json"


class FileHash(Frozen):
    """One file of the folder."""

    path: str
    bytes: Count
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(Frozen):
    """What is in the folder and where it comes from. The manifest itself is not in its list."""

    format: Literal[1] = 1
    base_model: str
    facts: dict[str, str | int | float | bool]
    files: tuple[FileHash, ...]


def export_adapter(
    source: Path, target: Path, card: str, *, base_model: str, facts: dict[str, str | int | float | bool] | None = None
) -> Manifest:
    """Copy an adapter to `target` with its card and manifest; the folder appears whole or not at all.

    Only the two files that an adapter consists of are copied, so that optimizer states, logs and pickles stay behind.
    The adapter's config names `base_model` instead of the path it was trained from.

    Args:
        source: PEFT folder with ``adapter_config.json`` and ``adapter_model.safetensors``.
        target: folder to make; an empty one may be there.
        card: Markdown for ``README.md``.
        base_model: name under which people find the base weights.
        facts: further entries of the manifest, for example the judge's fingerprint.

    Raises:
        MissingError: the source is no adapter folder, or the disk refuses.
        ConfigError: the target holds something already.
    """
    config = _adapter_config(source)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(
            f"{target} is there already and not empty.",
            "An export never mixes with what is in a folder.",
            "Choose another folder, or delete this one.",
        )
    text = json.dumps(config | {"base_model_name_or_path": base_model}, indent=1, sort_keys=True) + "\n"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise disk_error(target, error) from error
    try:
        write_bytes(made / CONFIG, text.encode())
        write_bytes(made / CARD, card.encode("utf-8", "backslashreplace"))
        _copy(source / WEIGHTS, made / WEIGHTS)
        files = tuple(_hash(made, name) for name in (CARD, CONFIG, WEIGHTS))
        manifest = Manifest(base_model=base_model, facts=facts or {}, files=files)
        write_bytes(made / MANIFEST, (manifest.model_dump_json(indent=1) + "\n").encode())
        # mkdtemp makes private folders; a release is there to be read.
        made.chmod(0o755)
        made.replace(target)
        sync_path(target.parent)
    except OSError as error:
        raise disk_error(target, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return manifest


def verify_export(folder: Path) -> Manifest:
    """Check an exported folder against its manifest, file by file.

    Raises:
        RunError: there is no manifest, or it is none.
        GateError: a file is missing, was changed, or does not belong there; names the files.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise RunError(
            f"{folder} holds no manifest of an export.",
            f"{MANIFEST} cannot be read: {str(error).splitlines()[0]}",
            "Point to a folder that `adjudge export` made.",
        ) from error
    listed = {entry.path: entry for entry in manifest.files}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
    wrong = sorted(there ^ set(listed))
    wrong += sorted(name for name in there & set(listed) if _hash(folder, name) != listed[name])
    if wrong:
        raise GateError(
            f"{folder} is not as it was exported: {', '.join(wrong)}.",
            "These files are missing, changed or new since the manifest was written.",
            "Export again, and do not use this copy.",
        )
    return manifest


def _adapter_config(source: Path) -> dict[str, Any]:
    for name in (CONFIG, WEIGHTS):
        if not (source / name).is_file():
            raise MissingError(
                f"{source / name} is not there.",
                f"An adapter folder holds {CONFIG} and {WEIGHTS}; pickled weights are not taken, they can run code.",
                "Point to a folder that training or PEFT has saved as safetensors.",
            )
    try:
        config = json.loads((source / CONFIG).read_bytes())
    except ValueError as error:
        raise RunError(
            f"{source / CONFIG} is not JSON ({error}).",
            "PEFT wrote this file; something else has changed it.",
            "Save the adapter again.",
        ) from error
    if not isinstance(config, dict):
        raise RunError(
            f"{source / CONFIG} holds {type(config).__name__}, not an object.",
            "PEFT wrote this file; something else has changed it.",
            "Save the adapter again.",
        )
    return config


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
        writer.flush()
        os.fsync(writer.fileno())


def _hash(folder: Path, name: str) -> FileHash:
    with (folder / name).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileHash(path=name, bytes=(folder / name).stat().st_size, sha256=sha256)
