"""An adapter of peft becomes a GGUF adapter of llama.cpp, and back.

llama.cpp adds `alpha / rank * b @ a` to a matrix, with one alpha for the file and the rank of each pair.
peft may scale each module in its own way (rank-stabilised, or by patterns); what one alpha cannot say then
moves into b.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from assistant.adapters import GGUF, PEFT, AdapterFolder
from ingestion.durable import replace_file
from ingestion.model_files import sha256_of
from training.errors import ExportError
from training.tuning.families import BaseModel, Weights, base_model, field, open_gguf
from training.tuning.peft_folder import Pair, PeftAdapter, read_peft, scale_of, write_peft

Precision = Literal["f32", "f16"]

_CONFIG_KEY = "konkyo.adapter.peft_config"
_HALF_MAX = 65504.0
_LIKE = 1e-6  # relative: how near scales must be to count as one


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: where, its size and its hash."""

    path: Path
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Exported:
        """Of a finished file."""
        return cls(path, path.stat().st_size, sha256_of(path))

    def as_json(self) -> dict[str, Any]:
        """The value that `konkyo train export` prints."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True, slots=True)
class FileAdapter:
    """A GGUF adapter as llama.cpp applies it: `pairs` by the name of the tensor, rows in the file's order."""

    architecture: str
    alpha: float
    pairs: Mapping[str, Pair]
    config: Mapping[str, Any] | None = None


def export_adapter(
    adapters: AdapterFolder, name: str, base: Path, *, precision: Precision = "f32"
) -> Exported:
    """Write `adapter.gguf` of the adapter `name` for the base model's GGUF file, and note it in its manifest.

    What was found about an earlier file with other bytes (parity, gate) is no longer known then.

    Raises:
        AdapterError: there is no such adapter.
        ExportError: the base model's family is not proven, or the adapter has what llama.cpp cannot apply.
    """
    adapters.read(name)
    folder = adapters.folder(name)
    written = write_gguf(read_peft(folder / PEFT), base_model(base), folder / GGUF, name, precision)
    manifest = adapters.read(name)  # again: another process may have noted something meanwhile
    noted = {"bytes": written.bytes, "sha256": written.sha256, "precision": precision}
    if (manifest.gguf or {}).get("sha256") != written.sha256:
        manifest = replace(manifest, parity=None, gate=None)
    adapters.write(replace(manifest, gguf=noted))
    return written


def write_gguf(
    adapter: PeftAdapter, base: BaseModel, path: Path, name: str, precision: Precision = "f32"
) -> Exported:
    """Write the adapter to `path`, whole or not at all.

    Raises:
        ExportError: it does not fit the base model, or 16 bits cannot hold its values.
    """
    alpha = _alpha(adapter)
    pairs = {}
    for module, pair in adapter.pairs.items():
        tensor = base.tensor_of(module)
        if (len(pair.b), pair.a.shape[1]) != base.tensors[tensor]:
            raise ExportError(
                f"the adapter's {module!r} is for a matrix of {len(pair.b)} by {pair.a.shape[1]}, but the "
                f"base model's has {base.tensors[tensor]}. Choose the base model that it was trained on."
            )
        pairs[tensor] = Pair(pair.a, base.to_file(tensor, _with_own_scale(pair, alpha)), alpha / pair.rank)
    half = path.with_name(f"{path.name}.{os.getpid()}.new")
    half.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(
            half, base, FileAdapter(base.family.architecture, alpha, pairs, adapter.config), name, precision
        )
        _read_back(half, pairs, precision)
        replace_file(half, path)
    finally:
        half.unlink(missing_ok=True)
    return Exported.of(path)


def read_gguf(path: Path) -> FileAdapter:
    """Read a GGUF adapter.

    Raises:
        ExportError: it is none, or a half of a pair is missing.
    """
    reader = open_gguf(path)
    kinds = (field(reader, "general.type", ""), field(reader, "adapter.type", ""))
    if kinds != ("adapter", "lora"):
        raise ExportError(
            f"{path} is no LoRA adapter (general.type {kinds[0]!r}, adapter.type {kinds[1]!r})."
        )
    tensors = {one.name: np.array(one.data, dtype=np.float32) for one in reader.tensors}
    alpha = float(field(reader, "adapter.lora.alpha", 0.0))
    pairs = {}
    for name, a in tensors.items():
        if not name.endswith(".lora_a"):
            continue
        tensor = name.removesuffix(".lora_a")
        b = tensors.get(f"{tensor}.lora_b")
        if b is None:
            raise ExportError(f"{path} has {name} without its other half. Export the adapter again.")
        # llama.cpp takes a missing or zero alpha for "not scaled".
        pairs[tensor] = Pair(a, b, alpha / len(a) if alpha else 1.0)
    stored = field(reader, _CONFIG_KEY, None)
    config = json.loads(stored) if stored else None
    return FileAdapter(str(field(reader, "general.architecture", "")), alpha, pairs, config)


def import_adapter(path: Path, base: BaseModel, folder: Path) -> PeftAdapter:
    """Write the GGUF adapter at `path` as a folder of peft; what `export_adapter` wrote comes back as it was.

    Raises:
        ExportError: it is no adapter for this base model.
    """
    file = read_gguf(path)
    if file.architecture != base.family.architecture:
        raise ExportError(
            f"{path} is for the architecture {file.architecture!r}, "
            f"the base model is {base.family.architecture!r}."
        )
    modules = base.modules()
    if unknown := sorted(set(file.pairs) - set(modules)):
        raise ExportError(f"{path} changes {unknown[0]}, which is no linear layer of the base model.")
    config = dict(file.config or _plain_config(file, modules))
    pairs = {}
    for tensor, pair in file.pairs.items():
        module = modules[tensor]
        scale = scale_of(config, module, pair.rank)
        rows = base.from_file(tensor, pair.b)
        factor = pair.scale / scale
        same = abs(factor - 1) < _LIKE
        pairs[module] = Pair(pair.a, rows if same else np.asarray(rows * factor, np.float32), scale)
    adapter = PeftAdapter(config, pairs)
    write_peft(adapter, folder)
    return adapter


def _alpha(adapter: PeftAdapter) -> float:
    """The file's alpha: what the first pair asks for, so that b of an ordinary adapter stays as it is."""
    first = next(iter(adapter.pairs.values()))
    return first.scale * first.rank


def _with_own_scale(pair: Pair, alpha: float) -> Weights:
    factor = pair.scale * pair.rank / alpha
    return pair.b if abs(factor - 1) < _LIKE else np.asarray(pair.b * factor, np.float32)


def _plain_config(file: FileAdapter, modules: Mapping[str, str]) -> dict[str, Any]:
    """For an adapter that others wrote: one alpha, the most common rank, other ranks by pattern."""
    ranks = [pair.rank for pair in file.pairs.values()]
    rank = max(sorted(set(ranks)), key=ranks.count)
    return {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "bias": "none", "r": rank,
        "lora_alpha": file.alpha or rank,
        "target_modules": sorted({modules[tensor].rpartition(".")[2] for tensor in file.pairs}),
        "rank_pattern": {modules[t]: pair.rank for t, pair in file.pairs.items() if pair.rank != rank},
    }  # fmt: skip


def _write(path: Path, base: BaseModel, file: FileAdapter, name: str, precision: Precision) -> None:
    from gguf import GGUFType, GGUFWriter, Keys

    kind = np.float16 if precision == "f16" else np.float32
    writer = GGUFWriter(path, base.family.architecture)
    writer.add_type(GGUFType.ADAPTER)
    writer.add_name(name)
    writer.add_string(Keys.Adapter.TYPE, "lora")
    writer.add_float32(Keys.Adapter.LORA_ALPHA, file.alpha)
    writer.add_string(_CONFIG_KEY, json.dumps(dict(file.config or {}), ensure_ascii=False, sort_keys=True))
    for tensor, pair in file.pairs.items():
        for ending, half in (("a", pair.a), ("b", pair.b)):
            if precision == "f16" and float(np.abs(half).max(initial=0.0)) > _HALF_MAX:
                raise ExportError(
                    f"{tensor} has values that 16 bits cannot hold. Export with --precision f32."
                )
            writer.add_tensor(f"{tensor}.lora_{ending}", np.ascontiguousarray(half, dtype=kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _read_back(path: Path, pairs: Mapping[str, Pair], precision: Precision) -> None:
    """A file is only put in place when it reads as what was to be written."""
    kind = np.float16 if precision == "f16" else np.float32
    found = read_gguf(path).pairs
    right = found.keys() == pairs.keys() and all(
        np.array_equal(getattr(found[name], half), getattr(pair, half).astype(kind).astype(np.float32))
        for name, pair in pairs.items()
        for half in ("a", "b")
    )
    if not right:
        raise ExportError(
            f"{path.parent} does not keep what is written to it. Check the disk and export again."
        )
