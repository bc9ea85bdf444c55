"""Texts looked through outside of any library, for `konkyo screening scan`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.documents import Document, Page
from ingestion.errors import ReadError
from ingestion.examining import find_all
from ingestion.screening.findings import Finding
from ingestion.screening.planted import planted_score
from ingestion.settings import IngestionSettings
from ui.errors import UsageError

_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Scanned:
    """A text and what was found in it; `score` says how much it looks planted at its worst place."""

    id: str
    text: str
    findings: tuple[Finding, ...]
    score: float

    def as_json(self) -> dict[str, Any]:
        """As in docs/cli.md."""
        return {
            "id": self.id,
            "entities": [
                {"start": one.start, "end": one.end, "type": one.type, "confidence": one.confidence}
                for one in self.findings if one.kind == "personal"
            ],
            "planted": any(one.kind == "planted" for one in self.findings),
            "score": self.score,
        }  # fmt: skip


def scanned(path: Path, limits: Callable[[], IngestionSettings]) -> Iterator[Scanned]:
    """Each line `{"id", "text"}` of a JSON Lines file; any other file is read as a document.

    Raises:
        UsageError: the file is not there, or a line of it is not such an object.
        ReadError: the document cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"{path} is not a file.")
    if path.suffix.lower() in _LINES:
        for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), start=1):
            if line.strip():
                id, text = _row(path, number, line)
                yield _look_through(id, Document(text, "txt", (Page(1, 0, len(text)),)))
        return
    from ingestion.parsing import ParserProcess

    with ParserProcess(limits()) as child:
        try:
            document = child.parse(path.resolve())
        except ReadError as error:
            raise ReadError(f"{path}: {error}") from error
    yield _look_through(path.name, document)


def _row(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        return str(row.get("id", number)), str(row["text"])
    except (ValueError, KeyError, AttributeError) as error:
        raise UsageError(f'{path}, line {number}: not an object with "id" and "text".') from error


def _look_through(id: str, document: Document) -> Scanned:
    findings = find_all(document)
    hidden = [(span.start, span.end) for span in document.hidden]
    return Scanned(id, document.text, tuple(findings), planted_score(document.text, hidden))
