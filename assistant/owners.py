"""Whom to ask where the documents do not say: the owner that the settings name for a folder, else the author.

The longest configured folder that holds a file wins. An author is what the file itself names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ingestion.settings import SourceSettings
from ingestion.sources.configured import folder_of

_AUTHOR_KEYS = ("author", "creator", "from")
_NOBODY = frozenset(
    {"openpyxl", "python-docx", "user", "admin", "administrator", "owner", "unknown", "windows user",
     "microsoft office user", "microsoft account", "作成者", "ユーザー", "管理者"}
)  # fmt: skip
"""What programs write where nobody gave a name."""


class Owners:
    """Who answers for a document. `properties` gives the facts from a file's head, by document."""

    def __init__(
        self,
        sources: Mapping[str, SourceSettings],
        mirrors: Path,
        properties: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._owners = {
            folder_of(name, source, mirrors): source.owner for name, source in sources.items() if source.owner
        }
        self._properties = properties

    def of(self, document: str, source: str, path: str) -> str:
        """The owner of a document at this place, "" when nobody is known."""
        full = f"{source.rstrip('/')}/{path}"
        holding = [folder for folder in self._owners if full == folder or full.startswith(f"{folder}/")]
        if holding:
            return self._owners[max(holding, key=len)]
        found = {key.lower(): value for key, value in self._properties(document).items()}
        named = (found.get(key, "").strip() for key in _AUTHOR_KEYS)
        return next((name for name in named if name and name.casefold() not in _NOBODY), "")

    def of_hits(self, hits: Iterable[Mapping[str, Any]], most: int = 3) -> list[dict[str, Any]]:
        """`[{owner, documents: [{document, title}]}]` of the first `most` documents among hits (JSON)."""
        documents: dict[str, Mapping[str, Any]] = {}
        for hit in hits:
            if len(documents) < most:
                documents.setdefault(hit["document"], hit)
        found: dict[str, list[dict[str, Any]]] = {}
        for document, hit in documents.items():
            if owner := self.of(document, hit["source"], hit["path"]):
                found.setdefault(owner, []).append({"document": document, "title": hit["title"]})
        return [{"owner": owner, "documents": held} for owner, held in found.items()]
