"""An example's evidence in the place of what a search finds, so that the whole assistant can be asked."""

from __future__ import annotations

from assistant.answers import Hit, Query, Source
from assistant.evaluation.containing import contains
from assistant.evidence import whole_chunks
from assistant.grounding.claims import MarkerFilter, split_claims
from assistant.grounding.verdicts import Checker
from assistant.reranking import Reranker
from assistant.retrieval import Retriever
from ingestion.documents import Span, User
from training.tuning.examples import TuningExample

_ALL = 10**9


class EvidenceRetriever(Retriever):
    """Finds the evidence of one example, whatever is asked. One question at a time: set `hits`.

    It has no library behind it; only `retrieve` may be called.
    """

    def __init__(self) -> None:
        self.hits: list[Hit] = []

    def retrieve(self, query: Query, user: User | None = None) -> list[Hit]:
        """The hits that were set."""
        return self.hits


def hits_of(example: TuningExample, reranker: Reranker | None = None) -> list[Hit]:
    """The sources of an example in their order, each as a document of its own that is nothing else.

    Their offsets count their own text, since a prompt may show more than a slice of a document. `reranker`
    reads them where questions are searched with one: whether to answer at all is decided by it, too.
    """
    texts = [one.text for one in example.evidence]
    read = reranker.rerank(example.question, texts) if reranker is not None and texts else []
    answers = [one.answers for one in read] if read else [None] * len(texts)
    return [
        Hit(
            rank=number, document=f"{example.id}:{number}", source="", path="", title=one.heading,
            format="txt", page=one.page, page_label=None, locator=None, chunk_id=f"{example.id}:{number}",
            start=0, end=len(one.text), score=1.0, text=one.text, answers=answers[number - 1],
        )
        for number, one in enumerate(example.evidence, start=1)
    ]  # fmt: skip


def without_markers(text: str, sources: int) -> tuple[str, frozenset[int]]:
    """A text without its source markers, and the numbers among 1 to `sources` that they name."""
    markers = MarkerFilter(sources)
    clean = markers.feed(text) + markers.finish()
    return clean.strip(), frozenset(one.number for one in markers.hints if 1 <= one.number <= sources)


def right_sources(example: TuningExample, checker: Checker) -> frozenset[int]:
    """The numbers of the sources that prove the answer of an answerable example.

    Those that its answer names by markers; else those that hold an accepted string; else those that the
    checks cite for the sentences of its answer. Empty where none of these tells.
    """
    answer, named = without_markers(example.answer, len(example.evidence))
    if named:
        return named
    holding = frozenset(
        number
        for number, one in enumerate(example.evidence, start=1)
        if any(contains(one.text, accepted) for accepted in example.accepted)
    )
    return holding or _proving(example, answer, checker)


def sources_of(example: TuningExample) -> tuple[Source, ...]:
    """The evidence as sources of a prompt, all of it."""
    hits = hits_of(example)
    return whole_chunks(hits, budget=_ALL, limit=len(hits)) if hits else ()


def _proving(example: TuningExample, answer: str, checker: Checker) -> frozenset[int]:
    sources = sources_of(example)
    spans = split_claims(answer) or [Span(0, len(answer))]
    found = [checker.check(answer[one.start : one.end], sources, question=example.question) for one in spans]
    return frozenset(citation.number for check in found for citation in check.citations)
