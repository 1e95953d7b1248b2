"""A local causal language model in memory: float32, shared-prefix attention, chat template."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adjudge.domain import Message
from adjudge.errors import ConfigError, MissingError, missing_extra
from adjudge.models.cache import folder_of

try:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
except ImportError as error:
    raise missing_extra(error.name or "torch", "train") from error

from adjudge.models import attention

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True)
class LocalModel:
    """Model, tokenizer, and what they are (``identity`` goes into fingerprints)."""

    name: str
    model: Any
    tokenizer: Any
    identity: str

    @property
    def end_tokens(self) -> frozenset[int]:
        """Token ids that end a response."""
        ids = {self.tokenizer.eos_token_id, self.tokenizer.convert_tokens_to_ids("<|im_end|>")}
        return frozenset(i for i in ids if i is not None and i != self.tokenizer.unk_token_id)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of a conversation, up to where the assistant answers."""
        turns = [message.model_dump() | {"content": self._spelt_out(message.content)} for message in messages]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def text_ids(self, text: str) -> list[int]:
        """Token ids of plain text; what spells a special token in it is read as the characters that it is."""
        return list(self.tokenizer(self._spelt_out(text), add_special_tokens=False)["input_ids"])

    def _spelt_out(self, text: str) -> str:
        """A text that cannot end its own turn: the template's marks in it are broken by a space."""
        for mark in self.tokenizer.all_special_tokens:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of token ids, special tokens left out."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))


def load(reference: str, adapter: Path | None = None) -> LocalModel:
    """A model by name (``smollm2-135m``, ``tiny``) or by the path of a folder, with a LoRA adapter merged in if given.

    Raises:
        MissingError: the model or adapter is not there.
        ConfigError: the name is unknown or the folder holds no model.
    """
    if reference == "tiny":
        loaded = tiny()
    else:
        folder = Path(reference).expanduser() if "/" in reference or Path(reference).is_dir() else folder_of(reference)
        loaded = _from_folder(reference, folder)
    return merge(loaded, adapter) if adapter else loaded


def _from_folder(name: str, folder: Path) -> LocalModel:
    if not (folder / "config.json").is_file():
        raise MissingError(
            f"There is no model in {folder}.",
            "A local model is a folder with config.json, safetensors and a tokenizer.",
            "Correct the path, or use a known name: adjudge models list",
        )
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=attention.register(), local_files_only=True
    )
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return LocalModel(name=name, model=model.eval(), tokenizer=tokenizer, identity=_identity(folder))


def _identity(folder: Path) -> str:
    """Hash of the weights: the pinned source hash where there is one, else SHA-256 over the files."""
    mark = folder / "complete.json"
    if mark.is_file():
        return str(json.loads(mark.read_text())["sha256"])[:16]
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:16]


def merge(base: LocalModel, adapter: Path) -> LocalModel:
    """The model with a LoRA adapter (PEFT layout) added to its weights.

    Raises:
        MissingError: there is no adapter in the folder.
        ConfigError: the adapter was made for another model.
    """
    # A slow import, only where adapters are used.
    from peft import PeftModel, get_peft_model_state_dict, load_peft_weights  # noqa: PLC0415

    file = adapter / "adapter_model.safetensors"
    if not file.is_file():
        raise MissingError(
            f"There is no LoRA adapter in {adapter}.",
            "An adapter is a folder with adapter_config.json and adapter_model.safetensors.",
            "Correct the path, or train one.",
        )
    try:
        adapted = PeftModel.from_pretrained(base.model, adapter)
    except (RuntimeError, ValueError, KeyError) as error:
        raise _other_base(adapter, base, str(error).splitlines()[0][:200]) from error
    # PEFT drops what it has no place for without a word.
    known = get_peft_model_state_dict(adapted, save_embedding_layers=False).keys()
    lost = load_peft_weights(str(adapter), device="cpu").keys() - known
    if lost:
        raise _other_base(adapter, base, f"There is no place for {min(lost)} (and {len(lost) - 1} more).")
    model = adapted.merge_and_unload()
    with file.open("rb") as stream:
        identity = f"{base.identity}+{hashlib.file_digest(stream, 'sha256').hexdigest()[:16]}"
    return LocalModel(
        name=f"{base.name}+{adapter.name}", model=model.eval(), tokenizer=base.tokenizer, identity=identity
    )


def _other_base(adapter: Path, base: LocalModel, why: str) -> ConfigError:
    return ConfigError(
        f"The adapter in {adapter} does not fit the model '{base.name}'.",
        why,
        "Use the base model that the adapter was trained on.",
    )


def tiny(seed: int = 0) -> LocalModel:
    """A random Llama with a byte-level tokenizer (about 0.2 M parameters), made on the fly for tests."""
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers  # noqa: PLC0415
    from tokenizers.models import BPE  # noqa: PLC0415

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(BPE(vocab={symbol: number for number, symbol in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken("<|im_start|>"), AddedToken("<|im_end|>")])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|im_end|>")  # noqa: S106
    tokenizer.chat_template = CHAT_TEMPLATE
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        attn_implementation=attention.register(),
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    return LocalModel(name="tiny", model=model.float().eval(), tokenizer=tokenizer, identity=f"tiny-{seed}")
