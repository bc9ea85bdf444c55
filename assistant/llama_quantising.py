"""llama.cpp's own quantisation of a GGUF model file."""

from __future__ import annotations

import ctypes
from pathlib import Path

from assistant.errors import GenerationError

KINDS = {"q4_0": 2, "q8_0": 7, "q4_k_m": 15, "q5_k_m": 17, "q6_k": 18}
"""What `quantise` offers, and the number of each in llama_ftype."""


def quantise(source: Path, target: Path, kind: str, threads: int = 0) -> None:
    """Write the model `source` (16 or 32 bits) to `target`, quantised as `kind`, one of KINDS.

    `threads` 0 are all that this process may use.

    Raises:
        GenerationError: llama.cpp cannot read, quantise or write it.
    """
    import llama_cpp

    from assistant.llama import _SILENT, usable_cores

    llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p(0))
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.nthread = threads or usable_cores()
    parameters.ftype = KINDS[kind]
    failed = llama_cpp.llama_model_quantize(
        str(source).encode("utf-8"), str(target).encode("utf-8"), ctypes.byref(parameters)
    )
    if failed:
        raise GenerationError(f"{source} cannot be quantised as {kind}. Check the space on the disk.")
