"""Whole documents in reading order, as far as a user may read them now, and their parts for a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.answers import Hit, Source
from assistant.errors import TaskError
from assistant.prompting import estimate_tokens, heading_of
from assistant.retrieval import hit_of
from ingestion.documents import EVERYTHING, Scope, Span, User
from ingestion.library import StoredChunk


class DocumentLibrary(Protocol):
    """The library, as far as whole documents need it."""

    def rows_of(self, document_id: str) -> list[int]:
        """Rows of a document's chunks in reading order."""
        ...

    def chunks_by_row(self, rows: Sequence[int], user: User, scope: Scope) -> Mapping[int, StoredChunk]:
        """The rows that exist, are current, and may be read by `user` now."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """Chunks of a document that follow each other and fit into one prompt."""

    label: str
    hits: tuple[Hit, ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The chunks as sources of a prompt, numbered from 1."""
        return tuple(
            Source(
                number, hit, (Span(hit.start, hit.end),), (hit.text,),
                (f"{hit.context}\n{hit.text}",) if hit.context else (),
            )
            for number, hit in enumerate(self.hits, start=1)
        )  # fmt: skip


def document_hits(library: DocumentLibrary, document: str, user: User) -> list[Hit]:
    """Every chunk of a document in reading order, `rank` its place.

    Raises:
        TaskError: there is no such document for this user, or it holds no text.
    """
    rows = library.rows_of(document)
    chunks = library.chunks_by_row(rows, user, EVERYTHING)
    hits = [hit_of(rank, chunks[row], 1.0) for rank, row in enumerate(rows, start=1) if row in chunks]
    if not hits:
        raise TaskError(f"there is no text to read in {document!r}. See: konkyo documents list")
    return hits


def parts_of(hits: Sequence[Hit], budget: int) -> list[Part]:
    """Consecutive chunks of at most `budget` tokens a part, one chunk at least; a new heading may begin one.

    A part that is half full ends where the first heading changes, so that parts are chapters where they can.
    """
    parts: list[list[Hit]] = []
    used = 0
    for hit in hits:
        cost = estimate_tokens(f"{hit.context}\n{hit.text}") + estimate_tokens(heading_of(hit))
        chapter_ends = bool(parts) and used > budget // 2 and _chapter(parts[-1][-1]) != _chapter(hit)
        if not parts or used + cost > budget or chapter_ends:
            parts.append([])
            used = 0
        parts[-1].append(hit)
        used += cost
    return [Part(_label(part), tuple(part)) for part in parts]


def _chapter(hit: Hit) -> str:
    return next((part for part in hit.heading_path if part != hit.title), "")


def _label(hits: Sequence[Hit]) -> str:
    """The heading of a part, else its pages, else its title."""
    if chapter := _chapter(hits[0]):
        return chapter
    first, last = hits[0].page, hits[-1].page
    if first is not None:
        return f"p. {first}" if first == last or last is None else f"p. {first}–{last}"
    return hits[0].title
