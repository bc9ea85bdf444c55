"""Where the answer to an evaluation's question stands, and a retriever that gives exactly that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.answers import Citation, Hit, Query, Source
from assistant.evaluation.datasets import Layout, Question
from assistant.retrieval import Retriever, hit_of
from ingestion.documents import Scope, Span, User
from ingestion.library import Library

_WHOLE_DOCUMENT = 200  # hits of one document, so that all chunks of a page are ranked


@dataclass(frozen=True, slots=True)
class Gold:
    """Tells whether a passage is of a question's page (PDF layout), passage, or span (library layout).

    `names` gives the name that the questions have for a document's id.
    """

    layout: Layout
    names: Mapping[str, str]

    def retrieved(self, question: Question, hits: Sequence[Hit]) -> bool:
        """Whether any of the hits is."""
        return any(self.is_gold(question, hit) for hit in hits)

    def read(self, question: Question, sources: Sequence[Source]) -> bool:
        """Whether any sentence of it is among those of the sources."""
        return any(
            self._holds(question, source.hit.document, source.hit.page, span)
            for source in sources
            for span in source.spans
        )

    def cited(self, question: Question, citations: Sequence[Citation]) -> bool:
        """Whether any of the citations stands on it."""
        return any(
            self._holds(question, one.document, one.page, Span(one.start, one.end)) for one in citations
        )

    def is_gold(self, question: Question, hit: Hit) -> bool:
        """Whether a chunk is."""
        return self._holds(question, hit.document, hit.page, Span(hit.start, hit.end))

    def document(self, question: Question) -> str | None:
        """The id of its document in the library, None when that does not hold it."""
        wanted = question.target[0]
        return next((id for id, name in self.names.items() if name == wanted), None)

    def _holds(self, question: Question, document: str, page: int | None, span: Span) -> bool:
        name, place = question.target
        if self.names.get(document) != name:
            return False
        if self.layout == "pdf":
            return (page or 1) == place
        return self.layout == "passage" or span.overlaps(Span(place, question.end))


class GoldRetriever(Retriever):
    """Finds the chunks of the right page and nothing else, whatever is asked: the ceiling of retrieval.

    They are ranked as a search within their document ranks them. One question at a time: set `question`.
    """

    question: Question | None = None

    @classmethod
    def beside(cls, retriever: Retriever, library: Library, gold: Gold) -> GoldRetriever:
        """One that ranks as `retriever` does."""
        made = cls(
            retriever._library, retriever._indexes, retriever._embedder, retriever.settings,
            retriever.dictionary, None, retriever.rescoring, retriever.clock,
        )  # fmt: skip
        made._rows, made._gold = library, gold
        return made

    _rows: Library
    _gold: Gold

    def retrieve(self, query: Query, user: User | None = None) -> list[Hit]:
        """The chunks of the right page, best first; none when the library has not got it."""
        question = self.question
        document = None if question is None else self._gold.document(question)
        if question is None or document is None:
            return []
        scope = Scope(documents=frozenset([document]))
        ranked = super().retrieve(replace(query, top_k=_WHOLE_DOCUMENT, scope=scope), user)
        hits = [hit for hit in ranked if self._gold.is_gold(question, hit)]
        known = {hit.chunk_id for hit in hits}
        for row, chunk in self._rows.chunks_by_row(self._rows.rows_of(document), user, scope).items():
            found = hit_of(row, chunk, 0.0)
            if found.chunk_id not in known and self._gold.is_gold(question, found):
                hits.append(found)
        return [replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1)]
