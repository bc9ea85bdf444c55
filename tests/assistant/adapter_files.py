"""Adapters on disk whose weights nobody reads: manifests, files of some bytes, and a model they belong to."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant.adapter_serving import AdapterServing, BaseModel
from assistant.adapters import GGUF, AdapterFolder, Manifest

WEIGHTS = b"the weights of the chat model"
PASSED = {"passed": True, "reasons": []}


def serving(root: Path, model: str = "small") -> AdapterServing:
    """Adapters below `root`/adapters over the chat model `root`/`model`.gguf, which is made once."""
    path = root / f"{model}.gguf"
    if not path.exists():
        path.write_bytes(WEIGHTS)
    return AdapterServing(
        AdapterFolder(root / "adapters"),
        lambda other: BaseModel(other or model, root / f"{other or model}.gguf"),
    )


def add(folder: AdapterFolder, name: str, *, content: bytes | None = None, **changes: Any) -> Manifest:
    """An adapter that may be published, with `changes` of its manifest."""
    data = content if content is not None else f"adapter {name}".encode()
    made = Manifest(
        name=name, created_at="2026-01-02T00:00:00.000+00:00", base={
            "model": "small", "sha256": sha256(WEIGHTS).hexdigest(), "family": "qwen2"
        },
        method="sft", recipe={"rank": 8}, run="r1",
        data={"hash": "cd", "train": 3, "validation": 1, "documents": ["d1", "d2"]}, seed=0,
        versions={"torch": "2"}, parents=("older",), parity=PASSED, gate=PASSED,
        gguf={"bytes": len(data), "sha256": sha256(data).hexdigest()},
    )  # fmt: skip
    manifest = replace(made, **changes)
    folder.write(manifest)
    (folder.folder(name) / GGUF).write_bytes(data)
    return manifest
