"""With which data, models and settings an evaluation was run, as its report tells."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.evaluation.reports import Kind
from ingestion.workspace import Workspace

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.evaluation.building import EvaluationLibrary
    from assistant.evaluation.datasets import Dataset
    from assistant.retrieval import Retriever
    from ingestion.settings import Settings

Json = dict[str, Any]

_MATTERS: Mapping[Kind, tuple[str, ...]] = {
    "retrieval": ("chunking", "retrieval", "rerank"),
    "answers": ("chunking", "retrieval", "rerank", "evidence", "generation", "answers", "verifier"),
    "samples": ("chunking", "retrieval", "rerank", "evidence", "generation", "answers", "verifier"),
    "grounding": ("verifier",),
    "abstention": ("rerank", "evidence", "answers"),
}


def models_of(workspace: Workspace, assistant: Assistant, opened: EvaluationLibrary) -> Json:
    """The models that answers depend on."""
    from assistant.generation import text_identity
    from assistant.grounding.verifiers import has_verifier

    settings, rescoring = opened.settings, assistant.retriever.rescoring
    verifies = settings.answers.verifier != "off" and has_verifier(settings.verifier, workspace.models)
    return {
        "chat": text_identity(assistant.generator), "embedder": opened.embedder.identity,
        "reranker": None if rescoring is None else rescoring.reranker.name,
        "verifier": (settings.verifier.model or "konkyo-verifier") if verifies else None,
    }  # fmt: skip


def prompts_of(workspace: Workspace) -> Json:
    """What the model is told with a question, in each language."""
    from assistant.task_prompts import LANGUAGES, TaskPrompts

    prompts = TaskPrompts(workspace.prompts)
    return {language: prompts.get("answer", language).model_dump(mode="json") for language in LANGUAGES}


def untold_of(retriever: Retriever, opened: EvaluationLibrary) -> Json:
    """What an answer depends on besides what a report tells: how the library was read and is searched."""
    from ingestion.readers import PARSER_VERSION
    from ingestion.version_rows import VersionRows

    words = retriever.dictionary.path if retriever.dictionary else None
    versions = {} if retriever.currency is None else VersionRows(opened.library).all()
    return {
        "parser": PARSER_VERSION, "generation": opened.library.generation,
        "fiscal_month": retriever.clock.fiscal_month,
        "dictionary": _digest(words.read_bytes()) if words and words.is_file() else "",
        "versions": _digest(repr(sorted(versions.items())).encode()),
        "server": opened.settings.server.base_url,
        "context_tokens": opened.settings.models.context_tokens,
    }  # fmt: skip


def data_of(dataset: Dataset, state: str) -> Json:
    """A data set; `state` says what of its documents an answer depends on."""
    return {"name": dataset.folder.resolve().name, "layout": dataset.layout, "digest": state}


def file_data(file: Path, layout: str, name: str = "") -> Json:
    """A file of questions or pairs."""
    return {"name": name or file.name, "layout": layout, "digest": _digest(file.read_bytes())}


def configured(kind: Kind, settings: Settings, data: Json, models: Json, options: Json) -> Json:
    """What a report says of how it came about: only the settings that matter for its kind."""
    told = settings.model_dump(mode="json")
    return {
        "data": data, "models": models, "options": options,
        "settings": {section: told[section] for section in _MATTERS[kind]},
    }  # fmt: skip


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
