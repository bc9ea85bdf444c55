"""A library in a temporary folder with a cheap embedder and an own reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ingestion.documents import Document, Page
from ingestion.errors import ReadError
from ingestion.indexes import SearchIndexes
from ingestion.library import Library
from ingestion.pipeline import IngestReport, ingest
from ingestion.settings import Settings
from ingestion.tokenizing import bigrams
from ingestion.vectors import Vectors


@dataclass
class HashingEmbedder:
    """Letter pairs hashed to a unit vector; remembers what it embedded."""

    identity: str = "hashing-64"
    dimension: int = 64
    texts: list[str] = field(default_factory=list)

    def embed_query(self, text: str) -> Vectors:
        return self._embed(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return np.stack([self._embed(text) for text in texts])

    def _embed(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for pair in bigrams(text) or [text]:
            digest = hashlib.blake2b(f"{self.identity}{pair}".encode(), digest_size=4).digest()
            vector[int.from_bytes(digest, "big") % self.dimension] += 1
        return vector / np.linalg.norm(vector)


def read_plain(path: Path) -> Document:
    """The whole file as one page; a file that begins with BROKEN cannot be read."""
    text = path.read_text("utf-8")
    if text.startswith("BROKEN"):
        raise ReadError("it is broken.")
    return Document(text, "txt", (Page(1, 0, len(text)),), origins=np.arange(len(text), dtype=np.int32))


class World:
    """A folder `docs`, and a library with its indexes that takes it in."""

    def __init__(self, root: Path, embedder: HashingEmbedder | None = None) -> None:
        self.root = root
        self.docs = root / "docs"
        self.docs.mkdir(exist_ok=True)
        self.embedder = embedder or HashingEmbedder()
        self.open()

    def open(self) -> None:
        self.library = Library.open(self.root / "library.db")
        self.indexes = SearchIndexes.open(
            self.root / "indexes", self.library, self.embedder.identity, self.embedder.dimension
        )

    def close(self) -> None:
        self.indexes.close()
        self.library.close()

    def write(self, name: str, text: str) -> Path:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def ingest(self, *paths: Path, **options: Any) -> IngestReport:
        parse: Callable[[Path], Document] = options.pop("parse", read_plain)
        settings: Settings = options.pop("settings", Settings())
        return ingest(
            paths or [self.docs], library=self.library, indexes=self.indexes, embedder=self.embedder,
            settings=settings, parse=parse, **options,
        )  # fmt: skip

    def found(self, query: str, top_k: int = 5) -> list[str]:
        """Paths of the hits of lexical search, joined to the library as every search must."""
        rows = [row for row, _ in self.indexes.lexical(query, top_k)]
        chunks = self.library.chunks_by_row(rows)
        return [chunks[row].path for row in rows if row in chunks]

    def paths(self) -> list[str]:
        """All locations in the library."""
        return sorted(place.path for summary in self.library.documents_list() for place in summary.locations)
