"""Whether a verdict of the gate still counts: for this file of the adapter, on this model, asked as now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from assistant.adapters import Manifest
from assistant.errors import PromptFileError
from assistant.task_prompts import LANGUAGES, TaskPrompts
from ingestion.settings import Settings

Standing = Literal["none", "passed", "failed", "void"]

_ANSWERS = ("answerable_at", "supported_at", "partly_at", "verifier")
_WRITING = ("max_tokens", "top_p", "top_k", "min_p", "repeat_penalty")  # the gate's own are seed, temperature


def circumstances(settings: Settings, prompts: TaskPrompts) -> dict[str, str]:
    """What a verdict depends on besides both files, as hashes.

    `bounds` is by what it was decided, `asked` with which settings and prompts the questions were answered.
    A prompt that cannot be read is none that was asked with: "".
    """
    asked: dict[str, Any] = {
        "answers": settings.answers.model_dump(mode="json", include=set(_ANSWERS)),
        "generation": settings.generation.model_dump(mode="json", include=set(_WRITING)),
        "rerank": settings.rerank.model_dump(mode="json"),
        "verifier": settings.verifier.model_dump(mode="json"),
        "context_tokens": settings.models.context_tokens,
    }
    try:
        asked["prompts"] = [prompts.get("answer", one).model_dump(mode="json") for one in LANGUAGES]
    except PromptFileError:
        return {"bounds": _hash(settings.gate.model_dump(mode="json")), "asked": ""}
    return {"bounds": _hash(settings.gate.model_dump(mode="json")), "asked": _hash(asked)}


def gate_standing(
    manifest: Manifest, *, adapter_sha256: str, base_sha256: str, now: Mapping[str, str] | None = None
) -> Standing:
    """What the gate says of an adapter: nothing yet, passed, failed, or what counts no more.

    `adapter_sha256` is of the adapter's GGUF that is there now, `base_sha256` of the model that it would be
    served on, `now` the circumstances of today, where they are known. A verdict on another file, on another
    model or under other circumstances is void; one that does not tell them is judged by the files alone.
    """
    gate = manifest.gate
    if gate is None:
        return "none"
    if gate.get("adapter_sha256") != adapter_sha256 or gate.get("base_sha256") != base_sha256:
        return "void"
    told = gate.get("circumstances")
    if now is not None and told is not None and told != dict(now):
        return "void"
    return "passed" if gate.get("passed") is True else "failed"


def _hash(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
