"""Model files on disk: checksums, the manifest beside each model, and swapping a finished folder in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingestion.errors import ModelError

MANIFEST = "konkyo.json"
"""Beside the files of every model: what it is, where it came from, and the SHA-256 of each file."""

ONNX_FILE = Path("onnx/konkyo-e5.onnx")
"""Our graph for onnxruntime. The name is ours: the folders of others hold graphs with other inputs."""

_BLOCK = 1 << 20


def sha256_of(path: Path, progress: Callable[[int], None] = lambda count: None) -> str:
    """SHA-256 of a file in hex. `progress` gets the bytes read since the last call."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            progress(len(block))
    return digest.hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a model folder, {} when it has none (a folder copied in by hand).

    Raises:
        ModelError: it is not JSON.
    """
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is damaged ({error}). Delete it, or pull the model again.") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} is damaged (not a table). Delete it, or pull the model again.")
    return values


def write_manifest(folder: Path, **facts: Any) -> None:
    """Write the manifest with the SHA-256 and size of every file in `folder`."""
    files = {
        path.relative_to(folder).as_posix(): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        for path in model_files(folder)
    }
    text = json.dumps(facts | {"files": files}, ensure_ascii=False, indent=2)
    write_whole(folder / MANIFEST, (text + "\n").encode())


def model_files(folder: Path) -> Iterator[Path]:
    """Every file of a model folder except the manifest, in the order of their names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            yield path


def weights_digest(folder: Path) -> str:
    """One digest over the SHA-256 of the weight files; from the manifest, else computed."""
    noted = read_manifest(folder).get("files", {})
    parts = []
    for path in model_files(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix in {".safetensors", ".bin"} and not name.startswith(("onnx/", "openvino/")):
            parts.append(f"{name}={noted[name]['sha256'] if name in noted else sha256_of(path)}")
    if not parts:
        raise ModelError(f"{folder} holds no weights (*.safetensors). Pull or import the model again.")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write under a temporary name, flush to the disk, rename: readers see the old file or the new one."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        flush(file.fileno())
    temporary.replace(path)


def flush(descriptor: int) -> None:
    """Bring what was written to the disk."""
    os.fsync(descriptor)


def swap_in(finished: Path, target: Path) -> None:
    """Put the finished folder in the place of `target`, which may exist; both on one file system."""
    for path in finished.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                flush(file.fileno())
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    finished.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def require_space(folder: Path, count: int, what: str) -> None:
    """Refuse to begin what cannot end.

    Raises:
        ModelError: fewer than `count` bytes are free where `folder` lies.
    """
    free = shutil.disk_usage(folder).free
    if free < count:
        raise ModelError(
            f"{what} needs {count / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB free. "
            "Free some space, or choose another workspace with --workspace."
        )
