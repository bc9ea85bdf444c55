"""Which families of models an adapter can be exported for, and how each lays out its weights in GGUF.

A family is here when a tiny random model of it gives the same scores in transformers and in llama.cpp, with
an adapter and without (tests/training/tuning). Gemma 1 is not: transformers does not read its GGUF files.

Files of the Llama architecture hold the rows of the query and key projections in another order than
transformers: the two halves of each head are interleaved, because llama.cpp rotates neighbours where
transformers rotates halves. What an adapter adds to those rows moves with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.errors import ExportError

Weights = npt.NDArray[np.float32]

_PROJECTIONS = (
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
)  # fmt: skip
_HEAD = "lm_head"


@dataclass(frozen=True, slots=True)
class Family:
    """`interleaved` says that rows of q and k stand in llama.cpp's own order; `members` are for people."""

    architecture: str
    members: str
    interleaved: bool = False


FAMILIES = {
    one.architecture: one
    for one in (
        Family("qwen2", "Qwen2, Qwen2.5"),
        Family("llama", "Llama, Mistral, SmolLM2", interleaved=True),
        Family("qwen3", "Qwen3"),
        Family("gemma2", "Gemma 2"),
        Family("gemma3", "Gemma 3 (text)"),
    )
}


def family_of(architecture: str) -> Family:
    """The family of a GGUF architecture.

    Raises:
        ExportError: its export was never proven.
    """
    if architecture not in FAMILIES:
        known = "; ".join(f"{one.architecture} ({one.members})" for one in FAMILIES.values())
        raise ExportError(
            f"adapters of the architecture {architecture!r} cannot be exported: nothing proves yet that "
            f"llama.cpp applies them as they were trained. Train on a model of one of these: {known}."
        )
    return FAMILIES[architecture]


@dataclass(frozen=True, slots=True)
class BaseModel:
    """What an export must know of the base model's GGUF file at `path`.

    `tensors` are the (rows, columns) of its matrices by name, as numpy and torch count them.
    """

    path: Path
    family: Family
    blocks: int
    heads: int
    kv_heads: int
    tensors: Mapping[str, tuple[int, int]]

    @property
    def tied(self) -> bool:
        """Whether the output layer is the embedding, so that nothing can be added to it alone."""
        return "output.weight" not in self.tensors

    def tensor_of(self, module: str) -> str:
        """The name in GGUF of a module's weight ("model.layers.0.self_attn.q_proj").

        Raises:
            ExportError: llama.cpp has no such matrix, or an adapter may not change it.
        """
        if module == _HEAD and self.tied:
            raise ExportError(
                "the adapter changes lm_head, which in this base model is the embedding itself: llama.cpp "
                "cannot change one of them alone. Train without lm_head."
            )
        name = _names(self.family.architecture, self.blocks).get(module)
        if name is None or name not in self.tensors:
            raise ExportError(
                f"the adapter changes {module!r}, which llama.cpp cannot apply to this base model. "
                f"Train only {', '.join(part.rpartition('.')[2] for part in _PROJECTIONS)}."
            )
        return name

    def modules(self) -> dict[str, str]:
        """The other way: every tensor that an adapter may change, and the module whose weight it is."""
        names = _names(self.family.architecture, self.blocks)
        return {name: module for module, name in names.items() if name in self.tensors}

    def to_file(self, tensor: str, rows: Weights) -> Weights:
        """`rows` (one for each output of the matrix `tensor`) in the order in which the file has them.

        Source: LlamaModel.permute of llama.cpp's convert_hf_to_gguf.
        """
        heads = self._interleaved_heads(tensor)
        if not heads:
            return rows
        halves = rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:])
        return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows.shape))

    def from_file(self, tensor: str, rows: Weights) -> Weights:
        """Undo `to_file`."""
        heads = self._interleaved_heads(tensor)
        if not heads:
            return rows
        pairs = rows.reshape(heads, len(rows) // heads // 2, 2, *rows.shape[1:])
        return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows.shape))

    def _interleaved_heads(self, tensor: str) -> int:
        if not self.family.interleaved:
            return 0
        part = tensor.rpartition(".weight")[0].rpartition(".")[2]
        return {"attn_q": self.heads, "attn_k": self.kv_heads}.get(part, 0)


@cache
def _names(architecture: str, blocks: int) -> Mapping[str, str]:
    """Every module that an adapter may change, with its tensor's name."""
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

    kinds = {name: kind for kind, name in MODEL_ARCH_NAMES.items() if isinstance(kind, MODEL_ARCH)}
    table = get_tensor_name_map(kinds[architecture], blocks)
    places = [f"model.layers.{block}.{part}" for block in range(blocks) for part in _PROJECTIONS]
    found = {module: table.get_name(module) for module in (*places, _HEAD)}
    return {module: f"{name}.weight" for module, name in found.items() if name is not None}


def base_model(path: Path) -> BaseModel:
    """Read the head of the base model's GGUF file.

    Raises:
        ExportError: it is no readable GGUF model, or of a family whose export is not proven.
    """
    reader = open_gguf(path)
    architecture = str(field(reader, "general.architecture", ""))
    family = family_of(architecture)
    heads = int(field(reader, f"{architecture}.attention.head_count", 0))
    return BaseModel(
        path,
        family,
        int(field(reader, f"{architecture}.block_count", 0)),
        heads,
        int(field(reader, f"{architecture}.attention.head_count_kv", heads)),
        {one.name: (int(one.shape[1]), int(one.shape[0])) for one in reader.tensors if len(one.shape) == 2},
    )


def open_gguf(path: Path) -> Any:
    """A reader of the GGUF file at `path`, with its tensors mapped, not read.

    Raises:
        ExportError: it is missing or damaged.
    """
    from gguf import GGUFReader

    try:
        return GGUFReader(path)
    except (OSError, ValueError, IndexError, KeyError, OverflowError) as error:
        raise ExportError(
            f"{path} cannot be read as a GGUF file: {error}. Fetch or export it again."
        ) from error


def field(reader: Any, key: str, otherwise: Any) -> Any:
    """One value of the file's head."""
    found = reader.get_field(key)
    return otherwise if found is None else found.contents()
