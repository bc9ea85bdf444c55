"""A summary: of a short document at once, of a long one part by part, then of the parts.

Each sentence stands on passages of the document, also those of the summary of summaries: these are checked
against the passages that the sentences before stood on. Sentences of parts without ground go no further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.answers import Claim, Event, Finished, Hit, Progress, Retrieved, Source
from assistant.prompting import estimate_tokens
from assistant.tasks.steps import GROUNDED, Page, Steps
from assistant.tasks.whole_documents import Part, parts_of
from ingestion.documents import Span

PART_TOKENS = 700
"""Of a part: some 12 s of reading on two cores, and short enough for a small model to choose what matters."""
_SHOWN = 8  # hits that are told at the beginning


@dataclass(frozen=True, slots=True)
class Point:
    """What a part says: sentences with their grounds."""

    label: str
    claims: tuple[Claim, ...]

    @property
    def text(self) -> str:
        """The sentences one after another."""
        return " ".join(claim.text for claim in self.claims)


def summarise(steps: Steps, hits: Sequence[Hit], *, part_tokens: int = PART_TOKENS) -> Iterator[Event]:
    """Retrieved, Progress and Token, Checked, Finished. What was stopped gives the parts that it has.

    Raises:
        GenerationError, PromptTooLongError: as `Writer.draft`.
    """
    parts = parts_of(hits, part_tokens)
    yield Retrieved(tuple(hits[:_SHOWN]), steps.request.text)
    page = Page()
    if len(parts) == 1:
        draft = yield from steps.live(parts[0].sources, steps.request.text)
        page.text, page.claims = draft.text, draft.claims
    else:
        yield from _by_parts(steps, page, parts, part_tokens)
    page.cited(hits)
    writer = steps.writer.generator
    yield Finished(page.answer(writer, steps.request, steps.clock, stopped=steps.cancelled()))


def _by_parts(steps: Steps, page: Page, parts: Sequence[Part], part_tokens: int) -> Iterator[Event]:
    points: list[Point] = []
    total = len(parts) + 1
    for number, part in enumerate(parts):
        yield Progress(number, total, part.label)
        draft = steps.quiet(part.sources, steps.request.text, document=part.hits[0].document)
        if steps.cancelled():
            break
        points.append(Point(part.label, tuple(claim for claim in draft.claims if claim.verdict in GROUNDED)))
        yield Progress(number + 1, total, part.label, points[-1].text)
    told = [point for point in points if point.claims]
    hits = [hit for part in parts for hit in part.hits]
    if not steps.cancelled() and told:
        whole = _whole(steps, told, hits, part_tokens)
        yield from page.add(*_lines(whole))
        yield Progress(total, total)
    for point in told:
        yield from page.add(("\n\n" if page.text else "") + f"■ {point.label}\n")
        yield from page.add(*_lines(point.claims))


def _whole(steps: Steps, points: Sequence[Point], hits: Sequence[Hit], part_tokens: int) -> tuple[Claim, ...]:
    """The summary of the points, in rounds while they are too many for one prompt."""
    while True:
        groups = _groups(points, part_tokens)
        joined = [Point(group[0].label, _of_points(steps, group, hits)) for group in groups]
        if len(groups) == 1 or steps.cancelled():
            return joined[0].claims or points[0].claims
        fewer = [point for point in joined if point.claims]
        if not fewer or len(fewer) >= len(points):  # nothing more to be won
            return tuple(claim for point in points for claim in point.claims[:1])
        points = fewer


def _groups(points: Sequence[Point], budget: int) -> list[list[Point]]:
    groups: list[list[Point]] = [[]]
    used = 0
    for point in points:
        cost = estimate_tokens(point.text) + estimate_tokens(point.label) + 6
        if groups[-1] and used + cost > budget and len(groups[-1]) > 1:
            groups.append([])
            used = 0
        groups[-1].append(point)
        used += cost
    return groups


def _of_points(steps: Steps, points: Sequence[Point], hits: Sequence[Hit]) -> tuple[Claim, ...]:
    """Sentences about all `points`, each with passages of the document; those without ground are left out."""
    if len(points) == 1:
        return points[0].claims
    grounds = _grounds([claim for point in points for claim in point.claims], hits)
    shown = [_as_source(number, point, grounds) for number, point in enumerate(points, start=1)]
    whole = steps.prompt.model_copy(update={"request": steps.prompt.request_whole or steps.prompt.request})
    draft = steps.quiet(
        grounds, steps.request.text, prompt=whole, shown=shown, document=grounds[0].hit.document
    )
    return tuple(claim for claim in draft.claims if claim.verdict in GROUNDED)


def _as_source(number: int, point: Point, grounds: Sequence[Source]) -> Source:
    """The point as the model reads it: its own sentences below its label."""
    hit = replace(grounds[0].hit, title=point.label, heading_path=(), context="", rows=())
    return Source(number, hit, (Span(0, len(point.text)),), (point.text,))


def _grounds(claims: Sequence[Claim], hits: Sequence[Hit]) -> tuple[Source, ...]:
    """The passages that `claims` cite, as sources in the document's order."""
    spans: dict[str, set[tuple[int, int]]] = {}
    for citation in (one for claim in claims for one in claim.citations):
        for hit in hits:
            if hit.document == citation.document and hit.start <= citation.start and citation.end <= hit.end:
                spans.setdefault(hit.chunk_id, set()).add((citation.start, citation.end))
                break
    cited = [hit for hit in hits if hit.chunk_id in spans] or list(hits[:1])
    return tuple(_source(number, hit, spans.get(hit.chunk_id, set())) for number, hit in enumerate(cited, 1))


def _source(number: int, hit: Hit, places: set[tuple[int, int]]) -> Source:
    kept: list[Span] = []
    for start, end in sorted(places) or [(hit.start, hit.end)]:
        if kept and start < kept[-1].end:
            kept[-1] = Span(kept[-1].start, max(end, kept[-1].end))
        else:
            kept.append(Span(start, end))
    texts = tuple(hit.text[span.start - hit.start : span.end - hit.start] for span in kept)
    return Source(number, hit, tuple(kept), texts)


def _lines(claims: Sequence[Claim]) -> tuple[str, list[Claim]]:
    """The sentences as one text, and the claims with their offsets in it."""
    text, placed = "", []
    for claim in claims:
        glue = " " if text and text[-1].isascii() else ""
        start = len(text) + len(glue)
        text += glue + claim.text
        placed.append(replace(claim, start=start, end=len(text)))
    return text, placed
