"""A query becomes hits: both searches under the same limits, fused, and joined to the library.

The join decides what leaves this module: a row that the library no longer holds, or that this user may not
read now, never becomes a hit, whatever an index still remembers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assistant.answers import Hit, Query
from assistant.currency import Currency
from assistant.explaining import Explanation, Trace, explained
from assistant.fusion import Ranking, weighted_fusion
from assistant.neighbours import joined, repeated_last
from assistant.rescoring import Rescoring
from assistant.understanding.hints import MOST as MOST_LIFTED
from assistant.understanding.hints import Hints, bonus, lifted
from assistant.understanding.parts import interleaved, parts_of
from assistant.understanding.reading import Clock, Reading, read
from ingestion.dictionary import Dictionary, DictionaryFile
from ingestion.documents import LOCAL_USER, Scope, User, chunk_id
from ingestion.library import StoredChunk
from ingestion.settings import RetrievalSettings

_ROUNDS = 4
_ARRANGED = 2  # times as many hits as are wanted: joined ones leave places to those behind them
_VERSIONS_LOOKED_AT = 2  # times as many hits as are wanted: their older versions and copies give way


Found = list[tuple[StoredChunk, float]]
"""Chunks that may be read, with their scores, best first."""


class ChunkLibrary(Protocol):
    """The library, as far as retrieval needs it."""

    def readable_documents(self, user: User, scope: Scope) -> frozenset[str] | None:
        """Documents that `user` may read within `scope`; None when there is no limit."""
        ...

    def chunks_by_row(self, rows: Sequence[int], user: User, scope: Scope) -> Mapping[int, StoredChunk]:
        """The rows that exist, are current, and may be read by `user` now."""
        ...

    def whole_text(self, document_id: str, user: User) -> str | None:
        """The document's text, None when `user` may not read it now."""
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
        clock: Clock = Clock(),
    ) -> None:
        self._library = library
        self.rescoring = rescoring
        self.dictionary = dictionary
        self.currency = currency
        self.clock = clock
        self._user = LOCAL_USER
        self._indexes = indexes
        self._embedder = embedder
        self.settings = settings

    def seen_by(self, user: User) -> Retriever:
        """The same retriever, in which what is asked without a user is asked by this one."""
        other = copy.copy(self)
        other._user = user
        return other

    def retrieve(self, query: Query, user: User | None = None) -> list[Hit]:
        """At most `query.top_k` hits, best first, scores in [0, 1]; what is in force goes first.

        A question for several things is searched as a whole and in parts, in turns. More candidates are
        fetched when some of them fall out at the join.
        """
        return self._all_parts(query, user or self._user, Trace())

    def explain(self, query: Query, user: User | None = None) -> list[tuple[Hit, Explanation]]:
        """As `retrieve`, and for each hit why it is where it is."""
        trace = Trace()
        hits = self._all_parts(query, user or self._user, trace)
        return explained(hits, trace, self.settings)

    def _all_parts(self, query: Query, user: User, trace: Trace) -> list[Hit]:
        parts = parts_of(query.text) if self.settings.parts else ()
        whole = self._arranged(query, user, trace)
        if not parts:
            return whole
        others = [self._arranged(replace(query, text=part), user, trace) for part in parts]
        return interleaved(whole, others, query.top_k)

    def _arranged(self, query: Query, user: User, trace: Trace) -> list[Hit]:
        """The hits of one question; neighbours joined and repetitions last where the settings want it."""
        trace.begin(query.text)
        if self.settings.joined:
            found = self._in_force(query, user, _ARRANGED * query.top_k, trace)
            hits, trace.current.pieces = joined(repeated_last(found), self._texts(user))
            hits = [replace(hit, rank=rank) for rank, hit in enumerate(hits[: query.top_k], start=1)]
        else:
            hits = self._in_force(query, user, query.top_k, trace)
        trace.current.ranks = {hit.chunk_id: hit.rank for hit in hits}
        return hits

    def _texts(self, user: User) -> Callable[[str, int, int], str | None]:
        """Slices of documents; each document is asked for once."""
        texts: dict[str, str | None] = {}

        def text_of(document: str, start: int, end: int) -> str | None:
            if document not in texts:
                texts[document] = self._library.whole_text(document, user)
            text = texts[document]
            return None if text is None else text[start:end]

        return text_of

    def _in_force(self, query: Query, user: User, top_k: int, trace: Trace) -> list[Hit]:
        if self.currency is None:
            return self._rescored(replace(query, top_k=top_k), user, trace)
        more = replace(query, top_k=max(top_k, _VERSIONS_LOOKED_AT * query.top_k))
        found = self._rescored(more, user, trace)
        trace.current.before_versions = {hit.chunk_id: hit.rank for hit in found}
        return self.currency.prefer(query.text, found, top_k)

    def _rescored(self, query: Query, user: User, trace: Trace) -> list[Hit]:
        """The best hits in the order of fusion, or in that of the reranker, which reads more of them."""
        if self.rescoring is None or not query.rerank:
            return self._retrieve(query, user, trace)
        wider = replace(query, top_k=max(query.top_k, self.rescoring.top))
        return self.rescoring.rescored(query.text, self._retrieve(wider, user, trace))[: query.top_k]

    def _retrieve(self, query: Query, user: User, trace: Trace) -> list[Hit]:
        reading = trace.current.reading = self._read(query)
        allowed = self._library.readable_documents(user, query.scope)
        if not reading.text.strip() or allowed == frozenset():
            return []
        vector = self._vector(query, reading)
        hints = self._hints(reading)
        depth = max(self.settings.candidates, query.top_k)
        hits: list[Hit] = []
        for _ in range(_ROUNDS):
            dense, lexical = trace.current.rankings = self._search(query, reading, vector, depth, allowed)
            fused = self._fuse(query, dense, lexical)
            found = self._lifted(self._join(fused, query, user, hints), hints, trace)[: query.top_k]
            hits = [
                hit_of(rank, chunk, score, dict(dense).get(chunk.row), dict(lexical).get(chunk.row))
                for rank, (chunk, score) in enumerate(found, start=1)
            ]
            if len(hits) >= query.top_k or max(len(dense), len(lexical)) < depth:
                break
            depth *= 4
        return hits

    def _hints(self, reading: Reading) -> Hints | None:
        if not self.settings.hints:
            return None
        return Hints(reading.text, reading.times, self.clock.fiscal_month)

    def _lifted(self, found: Found, hints: Hints | None, trace: Trace) -> Found:
        """`found` in the order that what the question names asks for."""
        trace.current.rows = {chunk.chunk_id: chunk.row for chunk, _ in found}
        named = hints.of([chunk for chunk, _ in found]) if hints else []
        if not any(named):
            return found
        trace.current.hints = {
            chunk.chunk_id: fits for (chunk, _), fits in zip(found, named, strict=True) if fits
        }
        order = lifted([score for _, score in found], [bonus(fits) for fits in named])
        return [(found[at][0], score) for at, score in order]

    def candidates(
        self, query: Query, user: User | None = None
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """The raw (row, cosine) and (row, BM25) lists, before fusion and join; for evaluation."""
        reading = self._read(query)
        allowed = self._library.readable_documents(user or self._user, query.scope)
        vector = self._vector(query, reading)
        dense, lexical = self._search(query, reading, vector, self.settings.candidates, allowed)
        return list(dense), list(lexical)

    def _read(self, query: Query) -> Reading:
        words = self.dictionary.current() if self.dictionary else Dictionary()
        return read(query.text, words, self.clock, self.settings)

    def _vector(self, query: Query, reading: Reading) -> npt.NDArray[np.float32] | None:
        return None if query.mode == "lexical" else self._embedder.embed_query(reading.embedded)

    def _search(
        self,
        query: Query,
        reading: Reading,
        vector: npt.NDArray[np.float32] | None,
        depth: int,
        allowed: frozenset[str] | None,
    ) -> tuple[Ranking, Ranking]:
        dense = [] if vector is None else self._indexes.dense(vector, depth, allowed)
        if query.mode == "dense":
            return dense, []
        lexical = self._indexes.lexical(reading.text, depth, allowed, reading.synonyms)
        return dense, lexical

    def _fuse(self, query: Query, dense: Ranking, lexical: Ranking) -> list[tuple[int, float]]:
        if query.mode == "dense":
            return [(row, min(max(cosine, 0.0), 1.0)) for row, cosine in dense]
        if query.mode == "lexical":
            best = max((score for _, score in lexical), default=0.0)
            return [(row, score / best if best > 0 else 0.0) for row, score in lexical]
        return weighted_fusion(dense, lexical, self.settings.dense_weight)

    def _join(
        self, fused: Sequence[tuple[int, float]], query: Query, user: User, hints: Hints | None
    ) -> Found:
        """What may be read of `fused`: `query.top_k`, and behind them what a hint may lift among them.

        Those are looked at where the question names something: all chunks carry their document's title into
        the searches, so that a document which is named shows among the first.
        """
        found: Found = []
        step = max(2 * query.top_k, 16)
        for first in range(0, len(fused), step):
            part = fused[first : first + step]
            chunks = self._library.chunks_by_row([row for row, _ in part], user, query.scope)
            found += [(chunks[row], min(max(score, 0.0), 1.0)) for row, score in part if row in chunks]
            if len(found) < query.top_k:
                continue
            if hints is None or part[-1][1] < found[query.top_k - 1][1] - MOST_LIFTED:
                break
            if not hints.name_places and not any(hints.of([chunk for chunk, _ in found])):
                break
        return found


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
