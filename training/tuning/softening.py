"""A weaker copy of an adapter: part of what was trained, for one that won but forgot too much beside it.

What lies between a model and what it was tuned to often keeps most of the gain and forgets little of the
rest (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", arXiv 2109.01903). For LoRA that is a
smaller alpha: `strength * alpha / rank * b @ a`. Nothing is trained again; the copy is exported, proven and
evaluated like any other adapter.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.adapters import PEFT, AdapterFolder, Manifest
from training.errors import ExportError
from training.tuning.peft_folder import CONFIG


def soften(adapters: AdapterFolder, name: str, strength: float, new: str) -> Manifest:
    """Make the adapter `new` of `name` at `strength`, a share of what was trained in (0, 1).

    The copy names `name` as its parent, and what taught it, the whole recipe but its alpha, as before. It is
    there whole or not at all.

    Raises:
        AdapterError: there is no adapter `name`, or `new` is no name.
        ExportError: `strength` is no such share, `new` is there already, or what was trained is missing.
    """
    if not 0 < strength < 1:
        raise ExportError(f"a strength of {strength:g} is not between 0 and 1. Give, say, 0.75.")
    manifest, folder = adapters.read(name), adapters.folder(new)
    if folder.exists():
        raise ExportError(f"there is an adapter {new!r} already. Give another name.")
    source = adapters.folder(name) / PEFT
    if not (source / CONFIG).is_file():
        raise ExportError(f"{source} holds no trained adapter. Soften the one that it was made from.")
    softer = replace(
        manifest, name=new, created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        recipe=_softer_recipe(manifest.recipe, strength), parents=(name,), gguf=None, parity=None, gate=None,
    )  # fmt: skip
    making = folder.with_name(f".{new}.part")
    shutil.rmtree(making, ignore_errors=True)
    try:
        shutil.copytree(source, making / PEFT)
        _scale(making / PEFT / CONFIG, strength)
        making.rename(folder)
        adapters.write(softer)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        raise ExportError(f"{folder} cannot be written: {error}. Make room, or check its rights.") from error
    return softer


def _scale(config: Path, strength: float) -> None:
    told = json.loads(config.read_text("utf-8"))
    told["lora_alpha"] *= strength
    patterns: Mapping[str, float] = told.get("alpha_pattern") or {}
    told["alpha_pattern"] = {module: alpha * strength for module, alpha in patterns.items()}
    config.write_text(json.dumps(told, indent=2, sort_keys=True), "utf-8")


def _softer_recipe(recipe: Mapping[str, Any], strength: float) -> dict[str, Any]:
    lora = dict(recipe.get("lora", {}))
    if "alpha" in lora:
        lora["alpha"] *= strength
    return {**recipe, "lora": lora}
