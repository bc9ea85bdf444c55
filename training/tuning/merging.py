"""A base model and an adapter become one GGUF model, in 16 bits or quantised again.

One file is for those who serve it elsewhere. Here the adapter alone is better: it is switched on and off
without a restart, and quantising once more loses a little of both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assistant.llama_quantising import KINDS, quantise
from ingestion.durable import replace_file
from training.errors import ExportError
from training.tuning.families import Weights, base_model, field, open_gguf
from training.tuning.gguf_export import Exported, FileAdapter, read_gguf
from training.tuning.peft_folder import Pair

Progress = Callable[[int, int], None]
"""Called with the tensors that are done, and all."""

_OWN = ("general.architecture", "general.file_type", "general.quantization_version")
_HALF_MAX = 65504.0


def silent(done: int, total: int) -> None:
    """Take no notice."""


def merge(
    base: Path, adapter: Path, path: Path, *, kind: str = "f16", progress: Progress = silent
) -> Exported:
    """Write base model plus adapter, both GGUF, to `path`, whole or not at all.

    `kind` is "f16", "f32" or one of `llama_quantising.KINDS`; a quantised file takes the room of the 16-bit
    one beside it meanwhile. The base's quantised weights are unpacked first: merging is exact, up to 16 bits.

    Raises:
        ExportError: the two do not fit, or `kind` is unknown.
        GenerationError: llama.cpp cannot quantise the merged model.
    """
    if kind not in ("f16", "f32", *KINDS):
        raise ExportError(f"{kind!r} is no kind of weights. Choose f16, f32, {', '.join(KINDS)}.")
    added = _fitting(base, adapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole, packed = (path.with_name(f"{path.name}.{os.getpid()}.{part}") for part in ("new", "packed"))
    try:
        _write_merged(base, whole, added.pairs, np.float32 if kind == "f32" else np.float16, progress)
        if kind in KINDS:
            quantise(whole, packed, kind)
            whole.unlink()
            replace_file(packed, path)
        else:
            replace_file(whole, path)
    finally:
        whole.unlink(missing_ok=True)
        packed.unlink(missing_ok=True)
    return Exported.of(path)


def _fitting(base: Path, adapter: Path) -> FileAdapter:
    model, added = base_model(base), read_gguf(adapter)
    if added.architecture != model.family.architecture:
        raise ExportError(
            f"the adapter is for the architecture {added.architecture!r}, the base model {base} is "
            f"{model.family.architecture!r}. Choose the base model that it was trained on."
        )
    for tensor, pair in added.pairs.items():
        if model.tensors.get(tensor) != (len(pair.b), pair.a.shape[1]):
            raise ExportError(
                f"the adapter changes {tensor} of {len(pair.b)} by {pair.a.shape[1]}, but the base model's "
                f"has {model.tensors.get(tensor)}. Choose the base model that it was trained on."
            )
    return added


def _write_merged(
    base: Path, path: Path, pairs: Mapping[str, Pair], kind: type[np.floating[Any]], progress: Progress
) -> None:
    from gguf import GGUFWriter, LlamaFileType

    reader = open_gguf(base)
    writer = GGUFWriter(path, str(field(reader, "general.architecture", "")))
    _copy_head(reader, writer)
    writer.add_file_type(LlamaFileType.MOSTLY_F16 if kind is np.float16 else LlamaFileType.ALL_F32)
    kinds = [kind if len(one.shape) > 1 else np.float32 for one in reader.tensors]
    for one, stored in zip(reader.tensors, kinds, strict=True):
        shape = [int(size) for size in reversed(one.shape)]
        size = int(np.prod(shape)) * np.dtype(stored).itemsize
        writer.add_tensor_info(one.name, shape, np.dtype(stored), size)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    try:
        for done, (one, stored) in enumerate(zip(reader.tensors, kinds, strict=True), start=1):
            merged = _merged(one, pairs.get(one.name))
            if stored is np.float16 and float(np.abs(merged).max(initial=0.0)) > _HALF_MAX:
                raise ExportError(
                    f"{one.name} has values that 16 bits cannot hold. Merge with another kind: f32."
                )
            writer.write_tensor_data(np.ascontiguousarray(merged, dtype=stored))
            progress(done, len(reader.tensors))
    finally:
        writer.close()


def _merged(tensor: Any, pair: Pair | None) -> Weights:
    from gguf import dequantize

    weights = np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float32)
    return weights if pair is None else weights + pair.delta()


def _copy_head(reader: Any, writer: Any) -> None:
    """All that the base says of itself (vocabulary, template, shape), except how its weights are stored."""
    from gguf import GGUFValueType

    for name, one in reader.fields.items():
        if name in _OWN or name.startswith("GGUF."):
            continue
        inner = one.types[-1] if one.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, one.contents(), one.types[0], sub_type=inner)
