"""Which models of the catalogue fit a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.catalog import CatalogEntry, Role
from ingestion.errors import ModelError
from ingestion.hardware import Gpu, available_cores, find_gpu, total_memory

_REST_OF_THE_HOUSE = 1_500_000_000
"""Bytes for the embedder, the indexes, the page and the system beside the chat model."""

_BYTES_PER_CORE = 700_000_000
"""Weights that one core reads fast enough for a person to wait for: 1.1 GB on two cores give 25 tokens/s."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A model and why it is the one."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the machine has, and one model for each role."""

    cores: int
    memory_bytes: int
    gpu: Gpu | None
    chat: Advice
    embedder: Advice

    def as_json(self) -> dict[str, Any]:
        """The value that `models recommend` prints."""
        gpu = self.gpu
        return {
            "cores": self.cores,
            "memory_bytes": self.memory_bytes,
            "gpu": gpu and {"name": gpu.name, "kind": gpu.kind, "memory_bytes": gpu.memory_bytes},
            "chat": {"name": self.chat.name, "reason": self.chat.reason},
            "embedder": {"name": self.embedder.name, "reason": self.embedder.reason},
        }


def recommend(
    entries: Sequence[CatalogEntry],
    *,
    cores: int | None = None,
    memory_bytes: int | None = None,
    gpu: Gpu | None = None,
) -> Recommendation:
    """Choose for this machine, or for the one described.

    The chat model is the largest that reads Japanese, fits the memory, and is small enough for the cores (or
    fits the GPU). Raises ModelError when the catalogue has no model of a role.
    """
    described = cores is not None
    cores = available_cores() if cores is None else cores
    memory = total_memory() if memory_bytes is None else memory_bytes
    gpu = gpu if described else find_gpu()
    return Recommendation(
        cores, memory, gpu, _chat(entries, cores, memory, gpu), _embedder(entries, cores, gpu)
    )


def _chat(entries: Sequence[CatalogEntry], cores: int, memory: int, gpu: Gpu | None) -> Advice:
    models = sorted(_of_role(entries, "chat"), key=lambda entry: entry.memory_bytes)
    models = [entry for entry in models if "ja" in entry.languages] or models
    room = memory - _REST_OF_THE_HOUSE
    gpu_room = (gpu.memory_bytes or room) if gpu else 0
    on_gpu = [entry for entry in models if entry.memory_bytes <= gpu_room]
    if gpu and on_gpu:
        return Advice(_largest(on_gpu).name, f"the largest that fits the {gpu.name}")
    fitting = [entry for entry in models if entry.memory_bytes <= room]
    if not fitting:
        return Advice(
            models[0].name, f"the smallest; {memory / 1e9:.1f} GB of memory are little, expect swapping"
        )
    quick = [entry for entry in fitting if entry.bytes <= cores * _BYTES_PER_CORE]
    if not quick:
        return Advice(fitting[0].name, f"the smallest, because {cores} cores without a GPU are few")
    return Advice(
        _largest(quick).name,
        f"the largest that fits {memory / 1e9:.0f} GB of memory and answers in seconds on {cores} cores",
    )


def _largest(models: Sequence[CatalogEntry]) -> CatalogEntry:
    """The last of `models` (smallest first); the default when it is about as large: it is measured."""
    near = [entry for entry in models if entry.default and entry.memory_bytes > 0.8 * models[-1].memory_bytes]
    return near[0] if near else models[-1]


def _embedder(entries: Sequence[CatalogEntry], cores: int, gpu: Gpu | None) -> Advice:
    models = _of_role(entries, "embedder")
    japanese = [entry for entry in models if "ja" in entry.languages and not entry.default]
    if gpu and japanese:
        best = max(japanese, key=lambda entry: entry.quality)
        return Advice(
            best.name, f"from a hub; finds Japanese passages best, and the {gpu.name} makes it quick"
        )
    default = next((entry for entry in models if entry.default), models[0])
    return Advice(default.name, f"quick on {cores} cores, and comes from the package index without a hub")


def _of_role(entries: Sequence[CatalogEntry], role: Role) -> list[CatalogEntry]:
    models = [entry for entry in entries if entry.role == role]
    if not models:
        raise ModelError(f"the catalogue holds no {role} model. Reinstall Konkyo.")
    return models
