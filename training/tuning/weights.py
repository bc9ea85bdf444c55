"""The weights that are tuned: the very GGUF file that is served, or a Hugging Face folder.

transformers unpacks a GGUF file's weights as llama.cpp computes with them, so an adapter learns on the model
that it will serve on. The base stays frozen; LoRA matrices are put beside its linear layers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.llama import CHATML
from ingestion.model_files import MANIFEST, read_manifest, sha256_of, weights_digest
from ingestion.model_store import ModelStore
from training.errors import TuningError
from training.tuning.recipes import BaseModelRecipe, LoraRecipe

Weights = Literal["bf16", "fp32"]
FAMILIES = ("qwen2", "llama", "qwen3", "gemma3")
"""What GGUF calls the architectures that can be tuned.

Each was trained, exported and compared on a tiny random model (tests/training/tuning). Gemma 2 is not among
them: its template refuses the system message that every prompt begins with.
"""
FOLDERS = {"qwen2": "qwen2", "llama": "llama", "mistral": "llama", "qwen3": "qwen3", "gemma3_text": "gemma3"}
"""What a folder of Hugging Face calls them."""
BYTES = {"bf16": 2, "fp32": 4}
_WORTH = 1.2  # how much faster bf16 must be to be taken


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a decoder of the families that can be tuned."""

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool
    head: int = 0
    """Width of one head; 0: the heads divide `hidden` among them."""

    @property
    def linear(self) -> Mapping[str, tuple[int, int]]:
        """The linear layers of a block by name, as (inputs, outputs)."""
        head = self.head or self.hidden // self.heads
        wide, narrow = self.heads * head, self.kv_heads * head
        return {
            "q_proj": (self.hidden, wide), "k_proj": (self.hidden, narrow),
            "v_proj": (self.hidden, narrow), "o_proj": (wide, self.hidden),
            "gate_proj": (self.hidden, self.inner), "up_proj": (self.hidden, self.inner),
            "down_proj": (self.inner, self.hidden),
        }  # fmt: skip

    @property
    def linear_weights(self) -> int:
        """Weights of all linear layers but the last, which tells the token."""
        return self.layers * sum(inputs * outputs for inputs, outputs in self.linear.values())

    @property
    def head_weights(self) -> int:
        """Weights of the layer that tells the token."""
        return self.vocabulary * self.hidden

    @property
    def weights(self) -> int:
        """All weights; norms and biases are too few to count."""
        return self.linear_weights + self.head_weights * (1 if self.tied else 2)


@dataclass(frozen=True, slots=True)
class Base:
    """A model to tune. `path` is a GGUF file or a folder."""

    model: str
    path: Path
    family: str
    licence: str
    shape: Shape

    @property
    def is_gguf(self) -> bool:
        """Whether it is the file that llama.cpp serves."""
        return self.path.is_file()

    def sha256(self) -> str:
        """Of the file, or of a folder's weights; from the manifest beside them where there is one."""
        if not self.is_gguf:
            return weights_digest(self.path)
        noted = read_manifest(self.path.parent).get("files", {}) if self._has_manifest() else {}
        known = noted.get(self.path.name, {}).get("sha256")
        return str(known) if known else sha256_of(self.path)

    def _has_manifest(self) -> bool:
        return (self.path.parent / MANIFEST).is_file()


def find_base(name: str, store: ModelStore) -> Base:
    """The model of this name, or the folder at this path; only heads of files are read.

    Raises:
        ModelError: there is no such model.
        TuningError: its family cannot be tuned.
    """
    folder = Path(name).expanduser()
    if folder.is_dir() and (folder / "config.json").is_file():
        base = _folder(folder.resolve())
    else:
        base = _gguf(name, store.path_of(name), store.info(name).licence)
    if base.family not in FAMILIES:
        raise _unknown(base.model, base.family, FAMILIES)
    return base


def _unknown(model: str, family: str, known: Iterable[str]) -> TuningError:
    return TuningError(
        f"{model} is of the family {family}, which cannot be tuned. Choose a model of {' or '.join(known)}."
    )


def _gguf(name: str, path: Path, licence: str) -> Base:
    from gguf import GGUFReader

    if path.suffix != ".gguf":
        raise TuningError(f"{name} is no chat model, so it cannot be tuned. Choose a GGUF model or a folder.")
    reader = GGUFReader(path)

    def told(key: str, otherwise: Any = None) -> Any:
        field = reader.get_field(key)
        return otherwise if field is None else field.contents()

    family = str(told("general.architecture", ""))
    heads = int(told(f"{family}.attention.head_count", 1))
    vocabulary = next((int(one.shape[1]) for one in reader.tensors if one.name == "token_embd.weight"), 0)
    shape = Shape(
        int(told(f"{family}.block_count", 0)), int(told(f"{family}.embedding_length", 0)),
        int(told(f"{family}.feed_forward_length", 0)), heads,
        int(told(f"{family}.attention.head_count_kv", heads)), vocabulary,
        all(one.name != "output.weight" for one in reader.tensors),
        int(told(f"{family}.attention.key_length", 0)),
    )  # fmt: skip
    return Base(name, path, family, licence, shape)


def _folder(folder: Path) -> Base:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TuningError(f"{folder / 'config.json'} cannot be read: {error}.") from error
    family = str(config.get("model_type", "")) or "unknown"
    if family not in FOLDERS:  # other families have other keys
        raise _unknown(folder.name, family, FOLDERS)
    heads = int(config["num_attention_heads"])
    shape = Shape(
        int(config["num_hidden_layers"]), int(config["hidden_size"]), int(config["intermediate_size"]), heads,
        int(config.get("num_key_value_heads") or heads), int(config["vocab_size"]),
        bool(config.get("tie_word_embeddings", family == "gemma3_text")), int(config.get("head_dim") or 0),
    )  # fmt: skip
    licence = str(read_manifest(folder).get("licence", "unknown"))
    return Base(folder.name, folder, FOLDERS[family], licence, shape)


def load_tokenizer(base: Base) -> Any:
    """The tokenizer of the model, with the chat template that serves it.

    Raises:
        TuningError: its files cannot be read.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(*_place(base), local_files_only=True, **_file(base))
    except (OSError, ValueError, KeyError) as error:
        raise TuningError(f"the tokenizer of {base.model} cannot be read: {error}.") from error
    if not tokenizer.chat_template:
        tokenizer.chat_template = CHATML
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(base: Base, dtype: Weights, *, four_bit: bool = False) -> Any:
    """The model with frozen weights.

    Raises:
        TuningError: its weights cannot be read, or 4-bit weights are asked for where they cannot be.
    """
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    more: dict[str, Any] = {}
    if four_bit:
        more["quantization_config"] = _four_bit(base)
    elif base.is_gguf:
        # Left to itself transformers calls the model quantised, which its trainer refuses, though all weights
        # are unpacked; with some packages installed it keeps them packed, or fetches kernels from a hub.
        more["quantization_config"] = GgufConfig(dequantize=True)
    kind = torch.bfloat16 if dtype == "bf16" else torch.float32
    try:
        model = AutoModelForCausalLM.from_pretrained(
            *_place(base),
            dtype=kind,
            local_files_only=True,
            attn_implementation="sdpa",
            **_file(base),
            **more,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise TuningError(f"the weights of {base.model} cannot be read: {error}.") from error
    model.requires_grad_(False)
    return model


def lora_config(recipe: LoraRecipe, base: Base) -> Any:
    """The configuration of a new adapter, for peft.

    Raises:
        TuningError: the recipe names a layer that the model does not have.
    """
    from peft import LoraConfig

    if unknown := sorted(set(recipe.targets) - set(base.shape.linear)):
        raise TuningError(
            f"lora.targets names {unknown[0]}, which {base.model} does not have. "
            f"It has {', '.join(base.shape.linear)}."
        )
    return LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets), bias="none", task_type="CAUSAL_LM",
    )  # fmt: skip


def continued_adapter(model: Any, folder: Path) -> Any:
    """`model` with the adapter in `folder` (as peft saved it), to be learnt on.

    Raises:
        TuningError: it does not fit the model.
    """
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(folder), is_trainable=True, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise TuningError(f"the adapter in {folder} cannot be continued: {error}.") from error


def chosen_dtype(recipe: BaseModelRecipe, shape: Shape) -> Weights:
    """What the recipe says; "auto" is bf16 where this machine computes it clearly faster, as with AMX.

    The unpacked weights of a GGUF file have 4 to 8 significant bits, so bf16 loses next to nothing of them.
    """
    if recipe.dtype != "auto":
        return recipe.dtype
    fast, exact = (multiplications(kind, shape) for kind in ("bf16", "fp32"))
    return "bf16" if fast > exact * _WORTH else "fp32"


def multiplications(dtype: str, shape: Shape, *, tokens: int = 256, seconds: float = 0.15) -> float:
    """Multiply-adds a second of the model's largest layer, at the threads that torch has now."""
    import torch

    kind = torch.bfloat16 if dtype == "bf16" else torch.float32
    inputs, outputs = shape.linear["up_proj"]
    left, right = torch.ones(tokens, inputs, dtype=kind), torch.ones(outputs, inputs, dtype=kind)
    torch.nn.functional.linear(left, right)
    began, rounds = time.perf_counter(), 0
    while rounds < 2 or time.perf_counter() - began < seconds:
        torch.nn.functional.linear(left, right)
        rounds += 1
    return tokens * inputs * outputs * rounds / (time.perf_counter() - began)


def _place(base: Base) -> Sequence[str]:
    return (str(base.path.parent if base.is_gguf else base.path),)


def _file(base: Base) -> Mapping[str, str]:
    return {"gguf_file": base.path.name} if base.is_gguf else {}


def _four_bit(base: Base) -> Any:
    import torch
    from transformers import BitsAndBytesConfig
    from transformers.utils import is_bitsandbytes_available

    if base.is_gguf:
        raise TuningError(
            "model.four_bit needs a Hugging Face folder: the weights of a GGUF file cannot be packed anew. "
            "Set model.base to a folder, or model.four_bit to false."
        )
    if not (torch.cuda.is_available() and is_bitsandbytes_available()):
        raise TuningError(
            "model.four_bit needs an NVIDIA GPU and bitsandbytes: pip install 'konkyo[gpu]'. "
            "On the CPU set model.four_bit to false."
        )
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
