"""Finds and loads the configured verifier: the one that is shipped, or any NLI model from a folder or hub."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from assistant.grounding.entailment import EncoderVerifier, Verifier
from assistant.pairs.encoder import GRAPH_FILE, PairEncoder, read_config
from assistant.pairs.tokens import PairTokenizer
from ingestion.errors import ModelError
from ingestion.hardware import available_cores
from ingestion.model_store import ModelStore
from ingestion.settings import VerifierSettings


def shipped_verifier() -> Path:
    """The folder of the verifier that comes with the program; it may hold no weights."""
    return Path(str(files("assistant") / "weights" / "verifier"))


def has_verifier(settings: VerifierSettings, models: Path) -> bool:
    """Whether a verifier can be loaded now, without fetching anything."""
    if settings.model:
        return _local(settings.model, models) is not None
    folder = shipped_verifier()
    if not (folder / GRAPH_FILE).is_file():
        return False
    return (models / str(read_config(folder)["base"]) / "tokenizer.json").is_file()


def load_verifier(settings: VerifierSettings, models: Path, threads: int = 0) -> Verifier:
    """Load the verifier of `settings`; a model of a hub is fetched once. `threads` 0: one a core.

    Raises:
        ModelError: it is not there, cannot be fetched, or does not load.
    """
    count = threads or available_cores()
    if not settings.model:
        return encoder_verifier(shipped_verifier(), models, count, supported_at=settings.supported_at)
    found = _local(settings.model, models)
    if found is not None and (found / GRAPH_FILE).is_file():
        return encoder_verifier(found, models, count, supported_at=settings.supported_at)
    from assistant.grounding.nli_models import NliVerifier, fetched

    folder = found or fetched(settings.model, models)
    return NliVerifier(folder, name=settings.model, threads=count, labels=settings.labels,
                       supported_at=settings.supported_at or 0.5)  # fmt: skip


def encoder_verifier(
    folder: Path, models: Path, threads: int, *, supported_at: float = 0.0
) -> EncoderVerifier:
    """The verifier in `folder`, as `konkyo train verifier` writes it, on its base among the models.

    `supported_at` 0: as was measured when it was trained.

    Raises:
        ModelError: either is not there or does not load.
    """
    config = read_config(folder)
    base = ModelStore(models).path_of(str(config["base"]))
    return EncoderVerifier(
        PairEncoder(folder, base, threads=threads),
        PairTokenizer(base, int(config["max_tokens"])),
        name=str(config.get("name", folder.name)),
        temperature=_number(config, "temperature", folder),
        supported_at=supported_at or _number(config, "supported_at", folder),
    )


def _number(config: dict[str, Any], key: str, folder: Path) -> float:
    try:
        return float(config[key])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder} has no number {key!r} in its encoder.json. Train or install it again."
        ) from error


def _local(model: str, models: Path) -> Path | None:
    """The folder that `model` names: a path, or a name among the models."""
    for folder in (Path(model).expanduser(), models / model.replace("/", "--")):
        if (folder / "config.json").is_file() or (folder / GRAPH_FILE).is_file():
            return folder
    return None
