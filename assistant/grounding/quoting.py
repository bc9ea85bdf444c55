"""Claims whose ground is known without a search: quotes, and rows taken from a place."""

from __future__ import annotations

from assistant.answers import Citation, Claim, Hit, Source, Verdict
from ingestion.documents import Span


def passage_citation(hit: Hit, span: Span, number: int, score: float = 1.0) -> Citation:
    """The passage `span` of the hit's document, which must lie in the hit."""
    return Citation(
        document=hit.document, source=hit.source, path=hit.path, page=hit.page, page_label=hit.page_label,
        locator=hit.locator, start=span.start, end=span.end,
        quote=hit.text[span.start - hit.start : span.end - hit.start], score=score, number=number,
        title=hit.title, format=hit.format, article=hit.article_at(span.start, span.end),
        validity=hit.validity,
    )  # fmt: skip


def quoted(text: str, start: int, source: Source) -> Claim:
    """A claim at `start` that quotes every span of `source`: supported by the way it was made."""
    citations = tuple(passage_citation(source.hit, span, source.number) for span in source.spans)
    return Claim(start, start + len(text), text, Verdict.SUPPORTED, 1.0, citations)
