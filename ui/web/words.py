"""The company's dictionary as rows of an editable table, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def word_rows(entries: Sequence[Json]) -> list[Json]:
    """The entries as they are edited: synonyms in one cell, separated by |."""
    return [
        {"term": entry["term"], "reading": entry["reading"], "synonyms": " | ".join(entry["synonyms"])}
        for entry in entries
    ]


def words_of(rows: Iterable[Mapping[str, Any]]) -> list[Json]:
    """The entries of edited rows; rows without anything in them are left out."""
    found = []
    for row in rows:
        term, reading, joined = (str(row.get(key) or "").strip() for key in ("term", "reading", "synonyms"))
        synonyms = [word.strip() for word in joined.replace("｜", "|").split("|") if word.strip()]
        if term or reading or synonyms:
            found.append({"term": term, "reading": reading, "synonyms": synonyms})
    return found
