"""What a model is, read from its own files: a GGUF chat model, or a sentence-transformers embedder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.catalog import Role
from ingestion.errors import ModelError
from ingestion.model_files import model_files, read_manifest

_GGUF_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class Facts:
    """`bytes` on disk, `context` in tokens (0: not stated), `licence` "unknown" when the files do not say."""

    role: Role
    family: str
    licence: str
    bytes: int
    context: int


def facts_of_gguf(path: Path) -> Facts:
    """Read the head of a GGUF file.

    Raises:
        ModelError: it is no GGUF file, is damaged, or is an adapter instead of a model.
    """
    from gguf import GGUFReader

    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}). Check the path.") from error
    if magic != _GGUF_MAGIC:
        raise ModelError(
            f"{path} is not a GGUF file (it begins with {magic!r}). Import a .gguf file or a "
            "sentence-transformers folder."
        )
    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise ModelError(f"{path} is a damaged GGUF file ({error}). Copy or download it again.") from error
    family = _field(reader, "general.architecture", "")
    if not family or _field(reader, "general.type", "model") != "model":
        raise ModelError(f"{path} is a GGUF file, but not of a whole model. Import the model itself.")
    return Facts(
        "chat",
        family,
        _field(reader, "general.license", "unknown"),
        path.stat().st_size,
        int(_field(reader, f"{family}.context_length", 0)),
    )


def facts_of_folder(folder: Path) -> Facts:
    """Read the configuration of a sentence-transformers folder.

    Raises:
        ModelError: it is no such folder, or its configuration is damaged.
    """
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"{folder} is not a sentence-transformers folder (modules.json is missing). Save the model with "
            "SentenceTransformer.save, or import a .gguf file."
        )
    config = _json(folder / "config.json")
    limits = (
        _json(folder / "sentence_bert_config.json").get("max_seq_length"),
        _json(folder / "tokenizer_config.json").get("model_max_length"),
        config.get("max_position_embeddings"),
    )
    return Facts(
        "embedder",
        str(config.get("model_type", "unknown")),
        str(read_manifest(folder).get("licence", "unknown")),
        sum(path.stat().st_size for path in model_files(folder)),
        int(min((limit for limit in limits if limit), default=0)),
    )


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not JSON ({error}). Copy or download the model again.") from error
    return values if isinstance(values, dict) else {}


def _field(reader: Any, key: str, otherwise: Any) -> Any:
    field = reader.get_field(key)
    return otherwise if field is None else field.contents()
