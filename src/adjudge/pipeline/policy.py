"""The policies of a task: base model, adapters, and the local engine that holds them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adjudge.errors import ConfigError, MissingError
from adjudge.models.cache import embedded_adapter, folder_of
from adjudge.pipeline.judge_config import JudgedTask
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.training.config import LoraSettings, SamplingSettings

if TYPE_CHECKING:
    from adjudge.training.local import LocalBackend

EMBEDDED: Final = "embedded:"


def base_name(task: LoadedTask) -> str:
    """The base model without its provider; a path is taken relative to the task file."""
    return local_reference(task, task.config.policy.model)


def local_reference(task: JudgedTask, reference: str) -> str:
    """``local:NAME`` -> a name, or the path of a folder, that `adjudge.models.load` takes.

    Raises:
        ConfigError: the reference is of another provider.
    """
    provider, _, name = reference.partition(":")
    if provider != "local" or not name:
        raise ConfigError(
            f"'{reference}' is no model that this engine can sample from or train.",
            "Policies run on this machine; only judges may be anywhere.",
            "Write local:smollm2-135m, local:tiny or local:/folder.",
        )
    return str(task.path(name)) if "/" in name else name


def model_folder(name: str) -> Path:
    """The folder of a base model by name or path, which must be there; nothing is loaded.

    Raises:
        ConfigError: no such model is known.
        MissingError: it is not on this machine.
    """
    if "/" not in name:
        return folder_of(name)
    folder = Path(name)
    if not (folder / "config.json").is_file():
        raise MissingError(
            f"There is no model in {folder}.",
            "A local model is a folder with config.json, safetensors and a tokenizer.",
            "Correct the path, or use a known name: adjudge models list",
        )
    return folder


def adapter_folder(task: JudgedTask, reference: str) -> Path:
    """The folder of an adapter: a path, or ``embedded:NAME`` for one that ships with the package.

    Raises:
        MissingError: there is no adapter.
    """
    if reference.startswith(EMBEDDED):
        folder = embedded_adapter(reference.removeprefix(EMBEDDED))
    else:
        folder = task.path(reference)
    if not (folder / "adapter_config.json").is_file():
        raise MissingError(
            f"There is no LoRA adapter '{reference}'.",
            f"An adapter is a folder with adapter_config.json and adapter_model.safetensors; looked in {folder}.",
            "Correct the reference (paths are relative to the task file), or train one with a warm start of sft.",
        )
    return folder


def adapter_lora(folder: Path) -> LoraSettings:
    """Rank and alpha of an adapter, from its config.

    Raises:
        ConfigError: the config does not say.
    """
    try:
        config = json.loads((folder / "adapter_config.json").read_bytes())
        return LoraSettings(rank=config["r"], alpha=config["lora_alpha"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder / 'adapter_config.json'} does not describe a LoRA adapter.",
            f"Rank and alpha cannot be read from it ({type(error).__name__}).",
            "Point to a folder that PEFT or adjudge has written.",
        ) from error


def warm_adapter(task: LoadedTask) -> Path | None:
    """The adapter that training starts from, or None where there is none yet.

    Raises:
        MissingError: it is not there.
        ConfigError: its size is not that of ``policy.lora``.
    """
    warm = task.config.policy.warm_start
    if warm is None or warm.adapter is None:
        return None
    folder = adapter_folder(task, warm.adapter)
    found, wanted = adapter_lora(folder), task.config.policy.lora
    if found != wanted:
        raise ConfigError(
            f"The warm start has LoRA rank {found.rank} and alpha {found.alpha}, "
            f"policy.lora asks for {wanted.rank} and {wanted.alpha}.",
            "Training goes on in the very adapter that it starts from.",
            f"Write policy.lora: {{rank: {found.rank}, alpha: {found.alpha}}}, or start from another adapter.",
        )
    return folder


def open_backend(
    task: LoadedTask, sampling: SamplingSettings, *, adapter: Path | None, base: str = ""
) -> "LocalBackend":
    """The local engine with the task's base model (or another one) and an adapter.

    Raises:
        MissingError: the model is not on this machine, or the extra is not installed.
    """
    from adjudge.models.load import load  # noqa: PLC0415  (torch)
    from adjudge.training.local import LocalBackend  # noqa: PLC0415

    lora = adapter_lora(adapter) if adapter else task.config.policy.lora
    seed = task.config.train.set_random_seed
    return LocalBackend(load(base or base_name(task)), lora, sampling, adapter=adapter, seed=seed)


def training_sampling(task: LoadedTask) -> SamplingSettings:
    """How rollouts are drawn while training and for the baseline."""
    train = task.config.train
    return SamplingSettings(max_new_tokens=train.max_new_tokens, temperature=train.temperature, top_k=train.top_k)


def evaluation_sampling(task: LoadedTask) -> SamplingSettings:
    """How rollouts are drawn for the evaluation."""
    train = task.config.train
    temperature = task.config.evaluate.temperature
    return SamplingSettings(max_new_tokens=train.max_new_tokens, temperature=temperature, top_k=train.top_k)
