"""A query becomes hits: both searches under the same limits, fused, and joined to the library.

The join decides what leaves this module: a row that the library no longer holds, or that this user may not
read now, never becomes a hit, whatever an index still remembers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assistant.answers import Hit, Query
from assistant.currency import Currency
from assistant.fusion import Ranking, weighted_fusion
from assistant.rescoring import Rescoring
from ingestion.dictionary import Dictionary, DictionaryFile
from ingestion.documents import LOCAL_USER, Scope, User, chunk_id
from ingestion.library import StoredChunk
from ingestion.normalizing import normalize_query
from ingestion.settings import RetrievalSettings

_ROUNDS = 4
_VERSIONS_LOOKED_AT = 2  # times as many hits as are wanted: their older versions and copies give way


class ChunkLibrary(Protocol):
    """The library, as far as retrieval needs it."""

    def readable_documents(self, user: User, scope: Scope) -> frozenset[str] | None:
        """Documents that `user` may read within `scope`; None when there is no limit."""
        ...

    def chunks_by_row(self, rows: Sequence[int], user: User, scope: Scope) -> Mapping[int, StoredChunk]:
        """The rows that exist, are current, and may be read by `user` now."""
        ...


class ChunkIndexes(Protocol):
    """The two searches. Both return (row, score) pairs, best first."""

    def dense(self, vector: npt.NDArray[np.float32], top_k: int, documents: frozenset[str] | None) -> Ranking:
        """Rows nearest to a unit vector of shape (dim,), with cosine similarity."""
        ...

    def lexical(
        self,
        query: str,
        top_k: int,
        documents: frozenset[str] | None,
        synonyms: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> Ranking:
        """Rows by BM25. `synonyms` are words of the query with others that may stand for them."""
        ...


class QueryEmbedder(Protocol):
    """Turns a query into a unit vector of shape (dim,), float32."""

    def embed_query(self, text: str) -> npt.NDArray[np.float32]: ...  # noqa: D102


class Retriever:
    """Finds the chunks that may answer a query."""

    def __init__(
        self,
        library: ChunkLibrary,
        indexes: ChunkIndexes,
        embedder: QueryEmbedder,
        settings: RetrievalSettings,
        dictionary: DictionaryFile | None = None,
        currency: Currency | None = None,
        rescoring: Rescoring | None = None,
    ) -> None:
        self._library = library
        self.rescoring = rescoring
        self.dictionary = dictionary
        self.currency = currency
        self._indexes = indexes
        self._embedder = embedder
        self.settings = settings

    def retrieve(self, query: Query, user: User = LOCAL_USER) -> list[Hit]:
        """At most `query.top_k` hits, best first, scores in [0, 1]; what is in force goes first.

        More candidates are fetched when some of them fall out at the join.
        """
        if self.currency is None:
            return self._rescored(query, user)
        more = replace(query, top_k=_VERSIONS_LOOKED_AT * query.top_k)
        return self.currency.prefer(query.text, self._rescored(more, user), query.top_k)

    def _rescored(self, query: Query, user: User) -> list[Hit]:
        """The best hits in the order of fusion, or in that of the reranker, which reads more of them."""
        if self.rescoring is None or not query.rerank:
            return self._retrieve(query, user)
        wider = replace(query, top_k=max(query.top_k, self.rescoring.top))
        return self.rescoring.rescored(query.text, self._retrieve(wider, user))[: query.top_k]

    def _retrieve(self, query: Query, user: User) -> list[Hit]:
        text = normalize_query(query.text)
        allowed = self._library.readable_documents(user, query.scope)
        if not text.strip() or allowed == frozenset():
            return []
        vector = None if query.mode == "lexical" else self._embedder.embed_query(self._words.annotated(text))
        depth = max(self.settings.candidates, query.top_k)
        hits: list[Hit] = []
        for _ in range(_ROUNDS):
            dense, lexical = self._search(query, text, vector, depth, allowed)
            hits = self._join(self._fuse(query, dense, lexical), dict(dense), dict(lexical), query, user)
            if len(hits) >= query.top_k or max(len(dense), len(lexical)) < depth:
                break
            depth *= 4
        return hits

    def candidates(
        self, query: Query, user: User = LOCAL_USER
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """The raw (row, cosine) and (row, BM25) lists, before fusion and join; for evaluation."""
        text = normalize_query(query.text)
        allowed = self._library.readable_documents(user, query.scope)
        vector = None if query.mode == "lexical" else self._embedder.embed_query(self._words.annotated(text))
        dense, lexical = self._search(query, text, vector, self.settings.candidates, allowed)
        return list(dense), list(lexical)

    @property
    def _words(self) -> Dictionary:
        return self.dictionary.current() if self.dictionary else Dictionary()

    def _search(
        self,
        query: Query,
        text: str,
        vector: npt.NDArray[np.float32] | None,
        depth: int,
        allowed: frozenset[str] | None,
    ) -> tuple[Ranking, Ranking]:
        dense = [] if vector is None else self._indexes.dense(vector, depth, allowed)
        synonyms = [(found.words, found.others) for found in self._words.expansions(text)]
        lexical = [] if query.mode == "dense" else self._indexes.lexical(text, depth, allowed, synonyms)
        return dense, lexical

    def _fuse(self, query: Query, dense: Ranking, lexical: Ranking) -> list[tuple[int, float]]:
        if query.mode == "dense":
            return [(row, min(max(cosine, 0.0), 1.0)) for row, cosine in dense]
        if query.mode == "lexical":
            best = max((score for _, score in lexical), default=0.0)
            return [(row, score / best if best > 0 else 0.0) for row, score in lexical]
        return weighted_fusion(dense, lexical, self.settings.dense_weight)

    def _join(
        self,
        fused: Sequence[tuple[int, float]],
        dense: Mapping[int, float],
        lexical: Mapping[int, float],
        query: Query,
        user: User,
    ) -> list[Hit]:
        hits: list[Hit] = []
        step = max(2 * query.top_k, 16)
        for first in range(0, len(fused), step):
            part = fused[first : first + step]
            chunks = self._library.chunks_by_row([row for row, _ in part], user, query.scope)
            for row, score in part:
                if row in chunks and len(hits) < query.top_k:
                    rank = len(hits) + 1
                    hits.append(hit_of(rank, chunks[row], score, dense.get(row), lexical.get(row)))
            if len(hits) >= query.top_k:
                break
        return hits


def hit_of(
    rank: int, chunk: StoredChunk, score: float, dense: float | None = None, lexical: float | None = None
) -> Hit:
    """The chunk as a hit; `score` is brought into [0, 1]."""
    return Hit(
        rank=rank, document=chunk.document, source=chunk.source, path=chunk.path,
        title=chunk.title or chunk.path.rsplit("/", 1)[-1], format=chunk.format, page=chunk.page,
        page_label=chunk.page_label, locator=chunk.locator,
        chunk_id=chunk_id(chunk.document, chunk.start, chunk.end), start=chunk.start, end=chunk.end,
        score=min(max(score, 0.0), 1.0), text=chunk.text, heading_path=tuple(chunk.heading_path),
        dense=dense, lexical=lexical, context=chunk.context, rows=chunk.rows, articles=chunk.articles,
    )  # fmt: skip
