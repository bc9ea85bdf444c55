"""What is made of a document that was read: chunks and vectors, ready to be stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from ingestion.chunking import chunk_document
from ingestion.contextual import embedding_text
from ingestion.documents import Chunk, Document
from ingestion.embedding import Embedder
from ingestion.finding_rows import NOT_SCREENED, Screening
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import Derived
from ingestion.location_rows import FileState
from ingestion.readers import PARSER_VERSION
from ingestion.screener import Screener
from ingestion.settings import ChunkingSettings
from ingestion.surrogates import without_surrogates
from ingestion.vectors import Vectors


@dataclass(slots=True)
class Parsed:
    """A document on its way, with all files that hold its bytes. `vectors[i]` is None until embedded.

    `read` is the document before screening.
    """

    id: str
    files: list[FileState]
    document: Document
    title: str
    chunks: list[Chunk]
    vectors: list[Vectors | None]
    screening: Screening = NOT_SCREENED
    read: Document | None = None


def derivation(target: int, maximum: int) -> str:
    """What a document's text and chunks depend on besides its bytes."""
    return f"{PARSER_VERSION}/{target}/{maximum}"


class Deriver:
    """Cuts documents into chunks and embeds them."""

    def __init__(
        self, feed: LibraryFeed, embedder: Embedder, sizes: ChunkingSettings, screener: Screener
    ) -> None:
        self._feed = feed
        self._screener = screener
        self._embedder = embedder
        self._sizes = sizes
        self.derived_by = derivation(sizes.target, sizes.maximum)

    def cut(self, id: str, files: list[FileState], document: Document, *, again: bool) -> Parsed:
        """Screen a document and cut it into chunks.

        `again` says that the library may hold vectors of the same texts.

        Raises:
            RefusedError: it holds what the folder of one of `files` refuses.
        """
        read = document = without_surrogates(document)
        sizes = self._sizes
        title = (document.title or "").strip() or PurePosixPath(files[0].path).stem
        examined, key = self._screener.look_through(id, files, document, title)
        document, title = examined.document, examined.title
        chunks = chunk_document(
            document, target=sizes.target, maximum=max(sizes.maximum, sizes.target),
            untitled=examined.keeps_out,
        )  # fmt: skip
        old: dict[str, Vectors] = {}
        if again:  # what reads as before keeps its vector
            old = self._feed.vectors_by_text(id, self._embedder.identity)
        kept = [old.get(embedding_text(title, chunk.text, chunk.context)) for chunk in chunks]
        screening = Screening(examined.findings, key, examined.masked, examined.quarantined)
        return Parsed(id, files, document, title, chunks, kept, screening, read)

    def renewed(self, parsed: Parsed) -> Parsed:
        """The document as it may be stored now: cut anew when a stricter place of it came meanwhile."""
        if parsed.read is None or self._screener.still_holds(
            parsed.id, parsed.files, parsed.screening.policy
        ):
            return parsed
        return self.cut(parsed.id, parsed.files, parsed.read, again=True)

    def embed(self, batch: list[tuple[Parsed, int]]) -> None:
        """Embed chunks, given as (document, number of its chunk)."""
        texts = [
            embedding_text(parsed.title, parsed.chunks[at].text, parsed.chunks[at].context)
            for parsed, at in batch
        ]
        for (parsed, at), vector in zip(batch, self._embedder.embed_passages(texts), strict=True):
            parsed.vectors[at] = vector

    def derived(self, parsed: Parsed) -> Derived:
        """The form in which a document whose chunks are all embedded is stored."""
        found = [vector for vector in parsed.vectors if vector is not None]
        empty = np.empty((0, self._embedder.dimension), dtype=np.float32)
        return Derived(
            parsed.id, parsed.document, parsed.title, parsed.chunks, np.stack(found) if found else empty,
            self._embedder.identity, self.derived_by, parsed.screening,
        )  # fmt: skip


def missing_vectors(waiting: list[Parsed]) -> list[tuple[Parsed, int]]:
    """Chunks that are not embedded yet, short ones first: alike lengths pad little."""
    missing = [
        (parsed, at) for parsed in waiting for at, vector in enumerate(parsed.vectors) if vector is None
    ]
    return sorted(missing, key=lambda item: len(item[0].chunks[item[1]].text))
