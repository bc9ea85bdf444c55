"""Runs the comparison of an exported adapter in both runtimes, and notes it in the adapter's manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.adapters import GGUF, PEFT, AdapterFolder, Manifest
from assistant.llama_probing import LlamaProbe
from ingestion.errors import ModelError
from ingestion.model_files import sha256_of
from ingestion.model_store import ModelStore
from training.errors import ParityError
from training.tuning.families import base_model
from training.tuning.parity import ParityReport, TokenPrompt, compare_weights, judged, scores_of
from training.tuning.parity_prompts import ParityPrompt, conversations
from training.tuning.reference import TransformersReference
from training.tuning.templates import first_difference

Progress = Callable[[str, int, int], None]
"""Called with the phase ("parity"), what is done, and all."""


def silent(phase: str, done: int, total: int) -> None:
    """Take no notice."""


def base_of(manifest: Manifest, models: Path) -> Path:
    """The GGUF file that the adapter is for.

    Raises:
        ModelError: that model is not here.
        ParityError: it is no GGUF file, or another one than the adapter was trained on.
    """
    name = str(manifest.base.get("model", ""))
    try:
        path = ModelStore(models).path_of(name)
    except ModelError as error:
        raise ModelError(f"the base model of {manifest.name} is not here: {error}") from error
    if not path.is_file():
        raise ParityError(
            f"the base model {name!r} of {manifest.name} is no GGUF file, which llama.cpp needs. Name the "
            "same model as GGUF with --base."
        )
    known = manifest.base.get("sha256")
    if known and sha256_of(path) != known:
        raise ParityError(
            f"{path} is not the file that {manifest.name} was trained on (with SHA-256 {str(known)[:16]}…). "
            "Fetch that model again, or train anew."
        )
    return path


def prove(
    adapters: AdapterFolder,
    name: str,
    base: Path,
    prompts: Sequence[ParityPrompt],
    *,
    weights: Path | None = None,
    layouts: Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Compare the exported adapter `name` on the GGUF model `base` with what was trained; the stored report.

    `weights` is a folder of Hugging Face that it was trained on, where that was not `base` itself. `layouts`
    is as for LlamaGenerator.

    Raises:
        AdapterError: there is no such adapter, or llama.cpp cannot load it.
        ParityError: it was not exported yet, or transformers cannot load what it was trained on.
        ExportError: the base model's family is not proven.
    """
    manifest = adapters.read(name)
    exported = adapters.folder(name) / GGUF
    if manifest.gguf is None or not exported.is_file():
        raise ParityError(f"{name} was not exported yet. Run: konkyo train export {name}")
    found = sha256_of(exported)
    if found != manifest.gguf.get("sha256"):
        raise ParityError(f"{exported} is not what was exported. Run: konkyo train export {name}")
    trained_on = weights or base
    report = _run(adapters.folder(name) / PEFT, exported, base, trained_on, prompts, layouts, progress)
    stored = {**report.as_json(), **_circumstances(found, base, trained_on)}
    now = adapters.read(name)  # again: a comparison takes minutes
    if (now.gguf or {}).get("sha256") != found:
        raise ParityError(f"{name} was exported again meanwhile. Run: konkyo train parity {name}")
    adapters.write(replace(now, parity=stored))
    return stored


def _run(
    peft: Path,
    exported: Path,
    base: Path,
    trained_on: Path,
    prompts: Sequence[ParityPrompt],
    layouts: Path | None,
    progress: Progress,
) -> ParityReport:
    done, total = 0, 4 * len(prompts)

    def step() -> None:
        nonlocal done
        done += 1
        progress("parity", done, total)

    progress("parity", 0, total)
    model = base_model(base)
    reference = TransformersReference(trained_on, peft)
    compared = compare_weights(model, exported, reference.weights())
    probe = LlamaProbe(base, context_tokens=_context(prompts), layouts=layouts)
    try:
        tokens = [_tokens(probe, one) for one in prompts]
        template = first_difference(probe, reference.tokenizer, conversations(prompts))
        served = []
        for adapter in (exported, None):
            probe.use(adapter)
            served.append(scores_of(probe, tokens, step))
    finally:
        probe.close()
    trained = []
    for adapted in (True, False):
        reference.use(adapted)
        trained.append(scores_of(reference, tokens, step))
    return judged(
        len(prompts),
        (trained[0], served[0]),
        (trained[1], served[1]),
        compared,
        template.as_json() if template else None,
        same_file=trained_on == base,
    )


def _tokens(probe: LlamaProbe, prompt: ParityPrompt) -> TokenPrompt:
    before = probe.served_tokens(prompt.messages)
    return TokenPrompt((*before, *probe.text_tokens(prompt.reply)), len(before))


def _context(prompts: Sequence[ParityPrompt]) -> int:
    """Room for the longest prompt in a vocabulary that has a token for each byte only."""
    longest = max(
        sum(len(text.encode("utf-8")) for text in (*(m.content for m in one.messages), one.reply))
        for one in prompts
    )
    return min(32768, 512 + longest)


def _circumstances(adapter: str, base: Path, trained_on: Path) -> Mapping[str, Any]:
    packages = ("llama-cpp-python", "transformers", "peft", "torch")
    return {
        "adapter_sha256": adapter,
        "base_file": base.name,
        "base_sha256": sha256_of(base),
        "trained_on": trained_on.name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in packages},
    }
