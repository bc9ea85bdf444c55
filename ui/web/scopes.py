"""What a question is limited to, as the reader chooses and reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.answers import Language
from ui.texts import t
from ui.web.presenting import file_name

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that can be searched alone: `prefix` is relative to `source`, "" for all of it."""

    source: str
    prefix: str
    label: str
    documents: int


def folders(documents: Sequence[Json], sources: Sequence[Json], language: Language) -> list[Folder]:
    """Every source and every folder below it that holds documents, parents before children."""
    counts: Counter[tuple[str, str]] = Counter()
    for document in documents:
        places = {
            (location["source"], prefix)
            for location in document["locations"]
            for prefix in _prefixes(location["path"])
        }
        counts.update(places)
    names = {
        source["source"]: t(language, "web", "uploads")
        if source.get("uploads")
        else source.get("shown_as") or source["source"]
        for source in sources
    }
    return [
        Folder(source, prefix, folder_label(names.get(source, source), prefix), counts[source, prefix])
        for source, prefix in sorted(counts)
    ]


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


def folder_label(source: str, prefix: str) -> str:
    """How a folder is called: the last part of its source, and the path below it."""
    top = file_name(source) or source
    return f"{top}/{prefix}" if prefix else top


def scope_label(scope: Json | None, documents: Sequence[Json], language: Language) -> str:
    """How a scope is called in an answer: a folder, a document's title, "3 documents", all documents."""
    if not scope or not (scope.get("documents") or scope.get("folder")):
        return t(language, "web", "scope_all")
    folder = scope.get("folder")
    if folder:
        return folder_label(folder["source"], folder["path"])
    chosen = scope["documents"]
    if len(chosen) == 1:
        titles = [document["title"] for document in documents if document["id"] == chosen[0]]
        if titles and titles[0]:
            return str(titles[0])
    return t(language, "web", "scope_documents_label", number=len(chosen))


def asked_in(scope: Json | None, documents: Sequence[Json], language: Language) -> str:
    """The line below an answer that says what was searched."""
    return t(language, "web", "asked_scope", scope=scope_label(scope, documents, language))
