"""Cuts a document into chunks that follow its headings and articles and keep sentences whole.

A chunk lies on one page of a paged document and under one heading; short neighbouring sections share a chunk.
Tables are cut between their rows, and each piece has the names of its columns as context.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from ingestion.documents import Chunk, Document, Heading, Span, slice_chunk
from ingestion.headings import find_headings, is_article
from ingestion.sentences import split_sentences
from ingestion.table_rows import TableFinder

__all__ = ["chunk_document", "find_headings", "split_sentences"]

_SHORT = 0.25
"""A section shorter than this share of the target joins its neighbour."""
_STRAY = 0.08
"""And one shorter than this (a page number, a running title) goes with whatever follows it."""
_ON_A_PAGE = 1.25
"""Sections of one page share a chunk up to this many targets: what looks like a heading on slides is often
none, and a fifth of the sections have under 150 characters. Articles of rules stay on their own."""
_VISIBLE = re.compile(r"\S")
_HARD_CUT = re.compile("[、,;:\n ]")


@dataclass(frozen=True, slots=True)
class _Section:
    start: int
    end: int
    path: tuple[str, ...]


def chunk_document(
    document: Document, *, target: int, maximum: int,
    untitled: Callable[[Heading], bool] = lambda heading: False,
) -> list[Chunk]:  # fmt: skip
    """Chunks of about `target` and at most `maximum` characters, in order, without overlap.

    Every visible character of the text is in exactly one chunk. Headings that are `untitled` divide the text
    as others do, but no chunk carries their title.

    Raises:
        ValueError: `target` is not between 1 and `maximum`.
    """
    if not 1 <= target <= maximum:
        raise ValueError(f"target {target} must be between 1 and maximum {maximum}")
    headings = tuple(
        replace(heading, title="") if untitled(heading) else heading for heading in find_headings(document)
    )
    tables = TableFinder(document)
    chunks: list[Chunk] = []
    for start, end in _page_bounds(document):
        sections = _merged(_sections(document.text, start, end, headings), document.text, target)
        if document.format == "pdf":
            sections = _together(sections, document.text, target)
        for section in sections:
            spans = _pack(document, section, tables, target, maximum)
            chunks += [_chunk(document, span, section.path, tables) for span in spans]
    return chunks


def _chunk(document: Document, span: Span, path: tuple[str, ...], tables: TableFinder) -> Chunk:
    context, rows = tables.context(span.start, span.end), tables.rows(span.start, span.end)
    return slice_chunk(document, span.start, span.end, path, context, rows)


def _page_bounds(document: Document) -> list[tuple[int, int]]:
    """Stretches that no chunk may leave: pages that mean something, and text outside of them."""
    if not document.paged:
        return [(0, len(document.text))]
    bounds: list[tuple[int, int]] = []
    done = 0
    for page in document.pages:
        bounds += [(done, page.start), (page.start, page.end)]
        done = page.end
    bounds.append((done, len(document.text)))
    return [(start, end) for start, end in bounds if start < end]


def _sections(text: str, start: int, end: int, headings: tuple[Heading, ...]) -> list[_Section]:
    """The parts of [start, end) between headings, each with the titles above it."""
    starts = [heading.start for heading in headings]
    first, last = bisect_left(starts, start), bisect_left(starts, end)
    path = _path_before(headings, first)
    sections: list[_Section] = []
    at = body = start
    for heading in headings[first:last]:
        if text[body : heading.start].strip():  # titles without a text between them stay together
            sections.append(_Section(at, heading.start, _titles(path)))
            at = heading.start
        body = max(heading.end, at)
        path = [above for above in path if above.level < heading.level] + [heading]
    if text[at:end].strip():
        sections.append(_Section(at, end, _titles(path)))
    return sections


def _path_before(headings: tuple[Heading, ...], count: int) -> list[Heading]:
    path: list[Heading] = []
    level = 1 << 30
    for heading in reversed(headings[:count]):
        if heading.level < level:
            path.insert(0, heading)
            level = heading.level
        if level <= 1:
            break
    return path


def _titles(path: list[Heading]) -> tuple[str, ...]:
    return tuple(heading.title for heading in path if heading.title)


def _merged(sections: list[_Section], text: str, target: int) -> list[_Section]:
    """Sections with short ones joined to the next (or the last one to the one before).

    A heading alone goes with what follows it; the joined section keeps the titles that both are under.
    """
    merged: list[_Section] = []
    for section in sections:
        before = _size(text, merged[-1]) if merged else target
        if before < _STRAY * target:
            merged[-1] = _Section(merged[-1].start, section.end, section.path)
        elif before < _SHORT * target and _size(text, section) <= target:
            merged[-1] = _join(merged[-1], section)
        else:
            merged.append(section)
    if len(merged) > 1 and _size(text, merged[-1]) < _SHORT * target / 2:
        last = merged.pop()
        if _size(text, merged[-1]) + _size(text, last) <= target:
            merged[-1] = _join(merged[-1], last)
        else:
            merged.append(last)
    return merged


def _together(sections: list[_Section], text: str, target: int) -> list[_Section]:
    """Neighbours on one page joined while they fit, articles excepted."""
    joined: list[_Section] = []
    for section in sections:
        fits = joined and _size(text, joined[-1]) + _size(text, section) <= _ON_A_PAGE * target
        if fits and not (_is_article(joined[-1]) or _is_article(section)):
            joined[-1] = _join(joined[-1], section)
        else:
            joined.append(section)
    return joined


def _is_article(section: _Section) -> bool:
    return any(is_article(title) for title in section.path)


def _size(text: str, section: _Section) -> int:
    return len(text[section.start : section.end].strip())


def _join(first: _Section, second: _Section) -> _Section:
    if second.path[: len(first.path)] == first.path:
        return _Section(first.start, second.end, first.path if first.path else second.path)
    common = 0
    while common < min(len(first.path), len(second.path)) and first.path[common] == second.path[common]:
        common += 1
    return _Section(first.start, second.end, first.path[:common] or first.path)


def _pack(
    document: Document, section: _Section, tables: TableFinder, target: int, maximum: int
) -> list[Span]:
    """Sentences (rows, in tables) of a section put together up to the target."""
    text = document.text
    units = list(_units(document, section, tables, maximum))
    spans: list[Span] = []
    for unit in units:
        if spans and _fits(text, spans[-1], unit, target, maximum):
            spans[-1] = Span(spans[-1].start, unit.end)
        else:
            spans.append(unit)
    if (
        len(spans) > 1
        and spans[-1].end - spans[-1].start < _SHORT * target
        and spans[-1].end - spans[-2].start <= maximum
    ):
        tail = spans.pop()
        spans[-1] = Span(spans[-1].start, tail.end)
    return spans


def _fits(text: str, chunk: Span, unit: Span, target: int, maximum: int) -> bool:
    """Whether `unit` still belongs into `chunk`: up to the target, more when the chunk is short."""
    length = chunk.end - chunk.start
    together = unit.end - chunk.start
    if together > maximum:
        return False
    if together > target:
        return length < 0.5 * target
    new_paragraph = "\n" in text[chunk.end : unit.start]
    return not (new_paragraph and length > 0.85 * target)


def _units(document: Document, section: _Section, tables: TableFinder, maximum: int) -> Iterator[Span]:
    """What is not cut: sentences, and rows of tables; but nothing longer than the maximum."""
    at = section.start
    for table in tables.within(section.start, section.end):
        start = max(at, _line_start(document.text, table.start, at))
        end = min(table.end, section.end)
        yield from _sentence_units(document, at, start, maximum)
        places = [_line_start(document.text, row.start, start) for row in table.rows]
        cuts = sorted({start, end, *(place for place in places if start < place < end)})
        for first, last in pairwise(cuts):
            if (row := _trimmed(document.text, first, last)) is not None:
                yield from _cut(document.text, row, maximum)
        at = max(at, end)
    yield from _sentence_units(document, at, section.end, maximum)


def _sentence_units(document: Document, start: int, end: int, maximum: int) -> Iterator[Span]:
    part = document.text[start:end]
    in_rows = document.format in ("csv", "xlsx")
    for span in _lines(part) if in_rows else split_sentences(part):
        yield from _cut(document.text, Span(start + span.start, start + span.end), maximum)


def _line_start(text: str, place: int, lowest: int) -> int:
    """The beginning of the line of `place` when only marks of empty cells stand before it, else `place`."""
    line = text.rfind("\n", lowest, place) + 1 or lowest
    return line if not text[line:place].strip("| \t") else place


def _trimmed(text: str, start: int, end: int) -> Span | None:
    part = text[start:end]
    lead = len(part) - len(part.lstrip())
    return Span(start + lead, start + len(part.rstrip())) if part.strip() else None


def _lines(text: str) -> list[Span]:
    return [Span(m.start(), m.end()) for m in re.finditer(r"\S(?:[^\n]*\S)?", text)]


def _cut(text: str, span: Span, maximum: int) -> Iterator[Span]:
    """A sentence longer than the maximum in pieces, cut behind a comma or space where there is one."""
    start = span.start
    while span.end - start > maximum:
        places = [m.end() for m in _HARD_CUT.finditer(text, start + maximum // 2, start + maximum)]
        end = places[-1] if places else start + maximum
        yield _without_blanks(text, start, end)
        start = _VISIBLE.search(text, end).start()  # type: ignore[union-attr]  # a span ends with a visible one
    if start < span.end:
        yield Span(start, span.end)


def _without_blanks(text: str, start: int, end: int) -> Span:
    return Span(start, start + len(text[start:end].rstrip()))
