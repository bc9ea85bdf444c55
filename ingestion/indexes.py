"""The two searches as one: derived from the library, never ahead of it, rebuilt from it at any time."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ingestion import vector_index
from ingestion.errors import IndexMismatchError
from ingestion.lexical_index import LexicalIndex, LexicalState
from ingestion.library import Library
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import LibraryWriter
from ingestion.vector_index import IndexState, VectorIndex
from ingestion.vectors import Rows, Vectors

logger = logging.getLogger(__name__)

SNAPSHOT_EVERY = 20_000
"""Rows that may change before vectors are written to disk; a start after a crash replays at most these."""

Progress = Callable[[str, int, int], None]
"""Called with ("vectors" or "lexical", chunks done, chunks in all)."""

MayWrite = Callable[[], AbstractContextManager[bool]]


def _always() -> AbstractContextManager[bool]:
    return nullcontext(True)


_NO_ROWS: Rows = np.empty(0, dtype=np.int64)


class SearchIndexes:
    """Dense and lexical search over one library. Thread-safe: searches go on while `catch_up` runs."""

    def __init__(
        self,
        folder: Path,
        library: Library,
        embedder: str,
        dimension: int,
        ivf_from: int = vector_index.IVF_FROM,
        may_write: MayWrite = _always,
    ) -> None:
        """Use `open`, which also checks the embedder and catches up."""
        self._may_write = may_write
        self._library = library
        self._feed = LibraryFeed(library)
        self._folder = folder
        self._embedder = embedder
        self._dimension = dimension
        self._ivf_from = ivf_from
        self._writing = threading.Lock()
        self._unsaved = 0
        with may_write() as allowed:
            self._lexical = LexicalIndex(folder / "lexical", may_write=allowed)
        self._vectors, self._generation = self._load_vectors()
        self._rows_of = lru_cache(maxsize=16)(self._load_rows_of)

    @classmethod
    def open(
        cls,
        folder: Path,
        library: Library,
        embedder_identity: str,
        dimension: int,
        *,
        ivf_from: int = vector_index.IVF_FROM,
        may_write: MayWrite = _always,
    ) -> SearchIndexes:
        """Open the indexes in `folder`, or make them, and bring them up to the library's generation.

        `may_write` tells, for as long as it is entered, whether files may be changed. While another process
        writes they may not: vectors are then caught up in memory, and words are those of its last commit.

        Raises:
            IndexMismatchError: the library holds vectors of another embedder.
        """
        active = library.embedder
        if active is not None and active.identity != embedder_identity:
            raise IndexMismatchError(
                f"the library was embedded with {active.identity!r}, but {embedder_identity!r} is set. "
                "Run `konkyo index reembed`, or set models.embedder back in konkyo.toml."
            )
        indexes = cls(folder, library, embedder_identity, dimension, ivf_from, may_write)
        indexes.catch_up()
        return indexes

    @property
    def generation(self) -> int:
        """The library's generation that both indexes hold."""
        lexical = self._lexical.state
        return min(self._generation, lexical.generation if lexical else 0)

    def dense(
        self, vector: Vectors, top_k: int, documents: frozenset[str] | None = None
    ) -> list[tuple[int, float]]:
        """(row, cosine) pairs, best first, for a unit vector; `documents` limits the search to these."""
        allowed = None if documents is None else self._rows_of(documents, self._generation)
        return self._vectors.search(vector, top_k, allowed)

    def lexical(
        self,
        query: str,
        top_k: int,
        documents: frozenset[str] | None = None,
        synonyms: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> list[tuple[int, float]]:
        """(row, BM25 score) pairs, best first; `documents` limits the search to these.

        `synonyms` are words of the query with others that may stand for them.
        """
        return self._lexical.search(query, top_k, documents, synonyms)

    def catch_up(self) -> None:
        """Replay what was committed since the indexes' generations; doing it again changes nothing."""
        with self._writing, self._may_write() as allowed:
            target = self._library.generation
            self._catch_up_vectors(target, None)
            if not (allowed and self._lexical.may_write):  # opened anew it shows what another process wrote
                self._lexical.close()
                self._lexical = LexicalIndex(self._folder / "lexical", may_write=allowed)
            if allowed:
                self._catch_up_lexical(target, None)
            if allowed and self._unsaved >= SNAPSHOT_EVERY:
                self._save_vectors()

    def rebuild(self, progress: Progress | None = None) -> dict[str, Any]:
        """Throw both indexes away and build them from the library, without reading a file."""
        with self._writing:
            target = self._library.generation
            self._generation = -1
            self._catch_up_vectors(target, progress)
            self._lexical.clear()
            self._catch_up_lexical(target, progress)
            self._save_vectors()
            return {"chunks": len(self._lexical), "vectors": len(self._vectors), "generation": target}

    def switch_embedder(self, identity: str, dimension: int) -> None:
        """Serve another embedder's vectors, which the library must hold already."""
        with self._writing:
            self._embedder, self._dimension = identity, dimension
            vectors, generation = self._load_vectors()
            if generation < 0:
                generation = self._library.generation  # before it is read: what comes meanwhile is replayed
                vectors = self._build_vectors(None)
            self._vectors, self._generation = vectors, generation
            target = self._library.generation
            self._catch_up_vectors(target, None)
            self._catch_up_lexical(target, None)
            self._save_vectors()

    def check(self) -> dict[str, Any]:
        """Compare every row of both indexes with the library.

        Returns `{ok, documents, chunks, vectors, generations: {library, vectors, lexical}, problems}`;
        `vectors` counts what the vector index holds.
        """
        with self._writing:
            rows = self._feed.rows()
            embedded = self._feed.vector_rows(self._embedder)
            problems = [
                *_differences("chunks without a vector", "vectors without a chunk", rows, embedded),
                *_differences(
                    "vector index lacks", "vector index holds removed", embedded, self._vectors.rows()
                ),
                *_differences(
                    "lexical index lacks", "lexical index holds removed", rows, self._lexical.rows()
                ),
            ]
            state = self._lexical.state
            generations = {
                "library": self._library.generation,
                "vectors": self._generation,
                "lexical": state.generation if state else -1,
            }
            problems += [
                f"{name} index is at generation {generations[name]}, the library at {generations['library']}"
                for name in ("vectors", "lexical") if generations[name] != generations["library"]
            ]  # fmt: skip
            documents, chunks = self._feed.count()
            return {
                "ok": not problems, "documents": documents, "chunks": chunks, "vectors": len(self._vectors),
                "generations": generations, "derived_by": self._feed.derivations(), "problems": problems,
            }  # fmt: skip

    def save(self) -> None:
        """Write the vectors to disk when they changed, and let the library forget replayed removals."""
        with self._writing, self._may_write() as allowed:
            if self._unsaved and allowed:
                self._save_vectors()

    def close(self) -> None:
        """Save, and give files and locks back."""
        self.save()
        self._lexical.close()

    def _catch_up_vectors(self, target: int, progress: Progress | None) -> None:
        if not self._replayable(self._generation, target):
            self._vectors = self._build_vectors(progress)
            self._unsaved = max(len(self._vectors), 1)
        elif self._generation < target:
            self._unsaved += self._vectors.remove(self._feed.removed_since(self._generation))
            for rows, vectors in self._feed.vectors_since(self._generation, self._embedder):
                self._vectors.add(rows, vectors)
                self._unsaved += len(rows)
        if self._outgrown():
            self._vectors = self._build_vectors(progress)
            self._unsaved = len(self._vectors)
        self._generation = target

    def _catch_up_lexical(self, target: int, progress: Progress | None) -> None:
        state = self._lexical.state
        since = state.generation if state else -1
        if state is None or state.library != self._library.identity or not self._replayable(since, target):
            if len(self._lexical) or state is not None:
                self._lexical.clear()
            since = -1
        if since == target:
            return
        removed = self._feed.removed_since(since) if since >= 0 else _NO_ROWS
        new = LexicalState(self._library.identity, target)
        try:
            self._lexical.update(removed, self._lexical_batches(since, progress), new)
        except OSError as error:  # another process is at it; ours serves what is on disk
            logger.warning("lexical index stays at generation %d: %s", since, error)

    def _lexical_batches(self, since: int, progress: Progress | None) -> Iterator[list[tuple[int, str, str]]]:
        done, total = 0, self._feed.count()[1] if progress else 0
        for batch in self._feed.chunks_since(since):
            yield [(chunk.row, chunk.document, chunk.text) for chunk in batch]
            done += len(batch)
            if progress:
                progress("lexical", done, total)

    def _replayable(self, generation: int, target: int) -> bool:
        """Whether the changes since `generation` are all known; an index from the future is not ours."""
        return self._feed.pruned <= generation <= target

    def _outgrown(self) -> bool:
        """Whether the index has the wrong form for its size."""
        count, trained = len(self._vectors), self._vectors.trained_on
        return count >= max(self._ivf_from, trained * vector_index.RETRAIN_AT)

    def _build_vectors(self, progress: Progress | None) -> VectorIndex:
        index = VectorIndex(self._dimension)
        total = len(self._feed.vector_rows(self._embedder))
        if total >= self._ivf_from:
            index.train(self._sample(total), total)
        for rows, vectors in self._feed.vectors_since(-1, self._embedder):
            index.add(rows, vectors)
            if progress:
                progress("vectors", len(index), total)
        return index

    def _sample(self, total: int) -> Vectors:
        """Vectors for training, drawn evenly, the same ones each time."""
        wanted = vector_index.training_size(total)
        chance = np.random.default_rng(0)
        parts = []
        for _, vectors in self._feed.vectors_since(-1, self._embedder):
            parts.append(vectors[chance.random(len(vectors)) < wanted * 1.1 / total])
        sample = np.concatenate(parts)
        return sample[:wanted] if len(sample) >= vector_index.list_count(total) else vectors

    def _load_vectors(self) -> tuple[VectorIndex, int]:
        loaded = VectorIndex.load(self._vectors_folder())
        if loaded is not None:
            index, state = loaded
            ours = (self._library.identity, self._embedder, self._dimension)
            if (state.library, state.embedder, state.dimension) == ours:
                return index, state.generation
        return VectorIndex(self._dimension), -1

    def _save_vectors(self) -> None:
        state = IndexState(
            self._library.identity, self._embedder, self._dimension, self._generation,
            self._vectors.trained_on,
        )  # fmt: skip
        self._vectors.save(self._vectors_folder(), state)
        self._unsaved = 0
        lexical = self._lexical.state
        if lexical is not None and lexical.generation >= self._generation > self._feed.pruned:
            LibraryWriter(self._library).prune_removals(self._generation)

    def _vectors_folder(self) -> Path:
        return self._folder / f"vectors-{hashlib.sha256(self._embedder.encode()).hexdigest()[:12]}"

    def _load_rows_of(self, documents: frozenset[str], generation: int) -> Rows:
        """`generation` is part of the cache's key."""
        return self._feed.rows_of(documents)


def _differences(lacking: str, extra: str, expected: Rows, found: Rows) -> list[str]:
    problems = []
    missing, left_over = np.setdiff1d(expected, found), np.setdiff1d(found, expected)
    doubled = len(found) - len(np.unique(found))
    if len(missing):
        problems.append(f"{lacking}: {_some(missing)}")
    if len(left_over):
        problems.append(f"{extra}: {_some(left_over)}")
    if doubled:
        problems.append(f"{doubled} chunks are held twice ({lacking.split(' lacks')[0]})")
    return problems


def _some(rows: Rows) -> str:
    shown = ", ".join(str(row) for row in rows[:5])
    return f"{len(rows)} (rows {shown}{', …' if len(rows) > 5 else ''})"
