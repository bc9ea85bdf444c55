"""An adapter as peft saves it: `adapter_config.json` and `adapter_model.safetensors`, read and written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.errors import ExportError
from training.tuning.families import Weights

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_A, _B = ".lora_A.weight", ".lora_B.weight"

_UNSUPPORTED = {
    "modules_to_save": "whole modules that were trained (modules_to_save)",
    "trainable_token_indices": "trained embeddings (trainable_token_indices)",
    "target_parameters": "parameters that are no linear layers (target_parameters)",
    "layer_replication": "replicated layers (layer_replication)",
    "use_dora": "DoRA (use_dora)",
    "lora_bias": "a trained bias (lora_bias)",
    "use_qalora": "QALoRA (use_qalora)",
    "fan_in_fan_out": "transposed weights (fan_in_fan_out)",
    "alora_invocation_tokens": "an adapter that begins at certain tokens (alora_invocation_tokens)",
}
"""Settings of peft that llama.cpp has no counterpart for, when they are not empty."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is added to one matrix: `scale * b @ a`, a `(rank, columns)`, b `(rows, rank)`, both float32."""

    a: Weights
    b: Weights
    scale: float

    @property
    def rank(self) -> int:
        """The inner dimension."""
        return len(self.a)

    def delta(self) -> Weights:
        """What is added, `(rows, columns)`."""
        return np.asarray(self.scale * (self.b @ self.a), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class PeftAdapter:
    """`pairs` by the name of the module in transformers; `config` is what peft wrote."""

    config: Mapping[str, Any]
    pairs: Mapping[str, Pair]


def read_peft(folder: Path) -> PeftAdapter:
    """Read a LoRA adapter that peft saved.

    Raises:
        ExportError: it is missing or damaged, or has something that llama.cpp cannot apply.
    """
    config = _config(folder / CONFIG)
    _refuse(config)
    return PeftAdapter(config, _pairs(_tensors(folder / WEIGHTS), config))


def write_peft(adapter: PeftAdapter, folder: Path) -> None:
    """Write the adapter as peft would have saved it."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for module, pair in adapter.pairs.items():
        tensors[f"{_PREFIX}{module}{_A}"] = np.ascontiguousarray(pair.a)
        tensors[f"{_PREFIX}{module}{_B}"] = np.ascontiguousarray(pair.b)
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})
    text = json.dumps(dict(adapter.config), ensure_ascii=False, indent=2, sort_keys=True)
    (folder / CONFIG).write_text(text + "\n", "utf-8")


def scale_of(config: Mapping[str, Any], module: str, rank: int) -> float:
    """What peft multiplies `b @ a` of `module` with: alpha / rank, or alpha / √rank with use_rslora."""
    from peft.utils.other import get_pattern_key

    patterns = config.get("alpha_pattern") or {}
    alpha = float(patterns.get(get_pattern_key(list(patterns), module), config["lora_alpha"]))
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read: {error}. Train the adapter again.") from error
    if not isinstance(config, dict) or not isinstance(config.get("lora_alpha"), int | float):
        raise ExportError(f"{path} is not the configuration of a LoRA adapter: lora_alpha is missing.")
    return config


def _refuse(config: Mapping[str, Any]) -> None:
    kind = str(config.get("peft_type", "LORA"))
    if kind != "LORA":
        raise ExportError(
            f"the adapter is of the kind {kind}, and llama.cpp applies LORA only. Train a LoRA."
        )
    found = [said for key, said in _UNSUPPORTED.items() if config.get(key)]
    if config.get("bias", "none") != "none":
        found.append(f"trained biases (bias = {config['bias']!r})")
    if not config["lora_alpha"]:
        found.append("lora_alpha = 0")
    if found:
        raise ExportError(
            f"the adapter has what llama.cpp cannot apply: {', '.join(found)}. Train without it."
        )


def _tensors(path: Path) -> dict[str, Weights]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        # Through torch: numpy has no bfloat16.
        return {name: one.float().numpy() for name, one in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise ExportError(f"{path} cannot be read: {error}. Train the adapter again.") from error


def _pairs(tensors: Mapping[str, Weights], config: Mapping[str, Any]) -> dict[str, Pair]:
    halves: dict[str, dict[str, Weights]] = {}
    for name, tensor in tensors.items():
        ending = next((end for end in (_A, _B) if name.endswith(end)), None)
        if ending is None or not name.startswith(_PREFIX):
            raise ExportError(
                f"the adapter holds {name!r}, which llama.cpp cannot apply: only A and B of linear layers "
                "can be exported. Train without embeddings and modules_to_save."
            )
        halves.setdefault(name[len(_PREFIX) : -len(ending)], {})[ending] = tensor
    pairs = {}
    for module, both in halves.items():
        if both.keys() != {_A, _B} or len(both[_A]) != both[_B].shape[-1]:
            raise ExportError(f"A and B of {module!r} do not belong together. Train the adapter again.")
        pairs[module] = Pair(both[_A], both[_B], scale_of(config, module, len(both[_A])))
    if not pairs:
        raise ExportError("the adapter holds no weights. Train it again.")
    return pairs
