"""The adapter: how it is made, and how it is written for shipping."""

import json
from pathlib import Path

from peft import LoraConfig, PeftModel
from safetensors.torch import load_file, save_file

from adjudge.training.config import LoraSettings


def lora_config(lora: LoraSettings) -> LoraConfig:
    """LoRA on every linear layer but the head, no bias, no dropout."""
    return LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, target_modules="all-linear", bias="none", task_type="CAUSAL_LM"
    )


def export_half(model: PeftModel, folder: Path, base: str) -> None:
    """The adapter alone in half precision, PEFT layout: what is shipped and released. `base` names its base model."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(str(folder))
    file = folder / "adapter_model.safetensors"
    save_file({key: value.half() for key, value in load_file(file).items()}, file, metadata={"format": "pt"})
    # PEFT writes down where the base lay on this machine; what it is called is what others can use.
    config = folder / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"base_model_name_or_path": base}, indent=2))
    # PEFT writes a card with empty headings; ours is written by the release.
    (folder / "README.md").unlink(missing_ok=True)
