"""Whether llama.cpp computes rightly with Intel's matrix units (AMX), and what to do where it does not.

GCC 12 (Debian 12) drops most of the tile configuration that ggml prepares: its `_tile_loadconfig` names 8 of
the 64 bytes as input, so the other stores look dead, and the process dies with a fault at the first product.
`make` leaves AMX out, but a wheel may come from elsewhere, and how it was made cannot be seen from outside.
So a process of its own tries it first, once for each wheel and model.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)

_TEXT = "Each rule has a number. The first rule says who may travel, the second who pays for it. " * 6
_TOKENS = 64  # more than are multiplied one by one
_ALIKE = 0.99  # cosine of the scores: both layouts round in another way
_PATIENCE = 600.0


@contextlib.contextmanager
def safe_layouts(path: Path, kept: Path | None = None) -> Iterator[None]:
    """Within, models are loaded into the fastest layouts that compute rightly here.

    `path` is a model to try them with, where that must be tried; `kept` is a file for what was found.
    """
    if not has_matrix_units() or is_right(path, kept):
        yield
        return
    logger.warning("llama.cpp was built with AMX, which fails here: slower layouts are used")
    with plain_layouts():
        yield


def has_matrix_units() -> bool:
    """Whether llama.cpp was compiled with AMX and the processor has it."""
    import llama_cpp.llama_cpp as library

    return b"AMX_INT8 = 1" in library.llama_print_system_info()


def is_right(path: Path, kept: Path | None = None) -> bool:
    """Whether the model at `path` gives the same scores in both layouts; tried in another process."""
    key = _key(path)
    known = _known(kept)
    if key not in known:
        command = [sys.executable, "-P", "-m", "assistant.llama_layouts", str(path)]
        try:
            tried = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
            known[key] = tried.returncode == 0
        except subprocess.TimeoutExpired:
            known[key] = False
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            half = kept.with_suffix(f".{os.getpid()}.half")
            half.write_text(json.dumps(known) + "\n", "utf-8")
            half.replace(kept)
    return known[key]


@contextlib.contextmanager
def plain_layouts() -> Iterator[None]:
    """Within, weights are loaded as the file has them."""
    import llama_cpp.llama_cpp as library

    defaults = library.llama_model_default_params

    def plain() -> Any:
        parameters = defaults()
        parameters.use_extra_bufts = False
        return parameters

    library.llama_model_default_params = plain
    try:
        yield
    finally:
        library.llama_model_default_params = defaults


def _key(path: Path) -> str:
    import llama_cpp

    libraries = sorted((Path(llama_cpp.__file__).parent / "lib").glob("*ggml-cpu*"))
    files = [path, *libraries[:1]]
    return "|".join(f"{file}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files)


def _known(kept: Path | None) -> dict[str, bool]:
    try:
        found = json.loads(kept.read_text("utf-8")) if kept is not None else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def alike(path: Path) -> bool:
    """Whether the scores of the next token are alike in both layouts. Dies where the fast one faults."""
    fast = _scores(path)
    with plain_layouts():
        plain = _scores(path)
    cosine = float(fast @ plain / (np.linalg.norm(fast) * np.linalg.norm(plain)))
    return bool(np.isfinite(cosine)) and cosine >= _ALIKE


def _scores(path: Path) -> npt.NDArray[np.float64]:
    import llama_cpp

    model = llama_cpp.Llama(model_path=str(path), n_ctx=2 * _TOKENS, n_gpu_layers=0, verbose=False)
    try:
        model.eval(model.tokenize(_TEXT.encode("utf-8"))[:_TOKENS])
        found = llama_cpp.llama_get_logits_ith(model.ctx, -1)
        return np.ctypeslib.as_array(found, shape=(model.n_vocab(),)).astype(np.float64)
    finally:
        model.close()


def main(arguments: Sequence[str]) -> int:
    """0 when the model that is named computes alike in both layouts."""
    return 0 if alike(Path(arguments[0])) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
