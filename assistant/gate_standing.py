"""Whether a verdict of the gate still counts: for this file of the adapter, on this model."""

from __future__ import annotations

from typing import Literal

from assistant.adapters import Manifest

Standing = Literal["none", "passed", "failed", "void"]


def gate_standing(manifest: Manifest, *, adapter_sha256: str, base_sha256: str) -> Standing:
    """What the gate says of an adapter: nothing yet, passed, failed, or what counts no more.

    `adapter_sha256` is of the adapter's GGUF that is there now, `base_sha256` of the model that it would be
    served on. A verdict on another file or on another model is void.
    """
    gate = manifest.gate
    if gate is None:
        return "none"
    if gate.get("adapter_sha256") != adapter_sha256 or gate.get("base_sha256") != base_sha256:
        return "void"
    return "passed" if gate.get("passed") is True else "failed"
