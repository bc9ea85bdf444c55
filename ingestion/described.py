"""What a model said of a document's figures, as lines of its text that nobody takes for the document's own.

Each sentence is a line of its own and begins with a mark, so every quote of it carries the mark: on the page,
in the terminal, in JSON, and in the prompt.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from ingestion.documents import NO_ORIGIN, Document, Figure, Page, Span, Table, TableCell
from ingestion.normalizing import normalize
from ingestion.sentences import split_sentences

MARK_JA = "〔AIによる図の説明〕"
MARK_EN = "[AI description of a figure] "
PROPERTY = "figure descriptions"
"""Key of `Document.properties` that says how many there are, and by which model."""

_LONGEST_LINE = 200
"""Characters: longer sentences are parted, since a chunk may not hold them whole."""

_LONGEST = 1500
_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_MARKS = re.compile(f"^(?:{re.escape(MARK_JA)}|{re.escape(MARK_EN)})", re.MULTILINE)


def is_japanese(text: str) -> bool:
    """Whether a text is written in Japanese, judged by its beginning."""
    begin = text[:4000]
    return len(_JAPANESE.findall(begin)) * 10 > len(begin)


def without_marks(text: str) -> str:
    """Marked lines as plain text."""
    japanese = MARK_JA in text
    return ("" if japanese else " ").join(_MARKS.sub("", text).splitlines())


def marked(description: str) -> str:
    """A description as marked lines, normalised; "" when it says nothing."""
    plain = " ".join(_MARKS.sub("", normalize(description).text).split())[:_LONGEST]
    mark = MARK_JA if is_japanese(plain) else MARK_EN
    pieces = [plain[span.start : span.end] for span in split_sentences(plain)]
    return "\n".join(f"{mark}{line}" for piece in pieces for line in _lines(piece))


def with_descriptions(document: Document, said: Mapping[int, str], model: str) -> Document:
    """`document` with what `model` said of its figures, by their place in `document.figures`.

    Descriptions stand at the end of a figure's page, where pages mean something, else below its caption, and
    not within a table. They have no origins: no box on a page is theirs.
    """
    lines = {place: text for place, words in sorted(said.items()) if (text := marked(words))}
    if not lines:
        return document
    by_page = document.paged or len(document.pages) > 1
    places = {place: _place(document, document.figures[place], by_page=by_page) for place in lines}
    order = sorted(lines, key=lambda place: (places[place], document.figures[place].page, place))
    inserted = [
        _Inserted(places[place], _framed(document.text, places[place], lines[place])) for place in order
    ]
    moved = _Moved(document, inserted)
    at = {place: moved.own(number) for number, place in enumerate(order)}
    pages = _pages(document, order, inserted, by_page=by_page)
    properties = {**document.properties, PROPERTY: f"{len(lines)} by {model}"}
    return replace(
        moved.document(pages, _figures(document, pages, moved, at, by_page=by_page)), properties=properties
    )


@dataclass(frozen=True, slots=True)
class _Inserted:
    at: int
    text: str


class _Moved:
    """Where everything is after the insertions, which are given in order."""

    def __init__(self, document: Document, inserted: Sequence[_Inserted]) -> None:
        self._old = document
        self._inserted = inserted
        self._at = [one.at for one in inserted]
        self._shift = [0, *accumulate(len(one.text) for one in inserted)]

    def start(self, place: int) -> int:
        """Of what begins at `place`: it goes behind what is inserted there."""
        return place + self._shift[bisect_right(self._at, place)]

    def end(self, place: int) -> int:
        """Of what ends at `place`: it stays before what is inserted there."""
        return place + self._shift[bisect_left(self._at, place)]

    def own(self, number: int) -> tuple[int, int]:
        """Where the lines of insertion `number` are, without the line ends around them."""
        one = self._inserted[number]
        start = one.at + self._shift[number]
        lead = len(one.text) - len(one.text.lstrip("\n"))
        return start + lead, start + len(one.text.rstrip("\n"))

    def document(self, pages: tuple[Page, ...], figures: tuple[Figure, ...]) -> Document:
        old, start, end = self._old, self.start, self.end
        bounds = [0, *self._at, len(old.text)]
        pieces = [old.text[first:last] for first, last in pairwise(bounds)]
        text = "".join(
            part
            for pair in zip(pieces, [*(one.text for one in self._inserted), ""], strict=True)
            for part in pair
        )
        origins = old.origins
        if origins is not None:
            gaps = np.repeat(self._at, [len(one.text) for one in self._inserted])
            origins = np.insert(origins, gaps, NO_ORIGIN)
        return replace(
            old,
            text=text,
            pages=pages,
            figures=figures,
            origins=origins,
            headings=tuple(replace(one, start=start(one.start), end=end(one.end)) for one in old.headings),
            cells=tuple(replace(one, start=start(one.start), end=end(one.end)) for one in old.cells),
            tables=tuple(self._table(table) for table in old.tables),
            recognised=tuple(
                replace(one, start=start(one.start), end=end(one.end)) for one in old.recognised
            ),
            hidden=tuple(Span(start(one.start), end(one.end)) for one in old.hidden),
        )

    def _table(self, table: Table) -> Table:
        cells: Iterable[TableCell] = (
            replace(cell, start=(first := self.start(cell.start)), end=max(first, self.end(cell.end)))
            for cell in table.cells
        )
        return replace(table, start=self.start(table.start), end=self.end(table.end), cells=tuple(cells))


def _pages(
    document: Document, order: Sequence[int], inserted: Sequence[_Inserted], *, by_page: bool
) -> tuple[Page, ...]:
    """Each page with what was inserted in it: by the number of a figure's page, or by place."""
    moved: list[Page] = []
    shift = 0
    for page in document.pages:
        own = sum(
            len(one.text)
            for place, one in zip(order, inserted, strict=True)
            if not by_page or document.figures[place].page == page.number
        )
        moved.append(replace(page, start=page.start + shift, end=page.end + shift + own))
        shift += own
    return tuple(moved)


def _figures(
    document: Document,
    pages: tuple[Page, ...],
    moved: _Moved,
    at: Mapping[int, tuple[int, int]],
    *,
    by_page: bool,
) -> tuple[Figure, ...]:
    shifts = {new.number: new.start - old.start for new, old in zip(pages, document.pages, strict=True)}
    found = []
    for place, figure in enumerate(document.figures):
        if by_page and figure.page in shifts:
            start, end = figure.start + shifts[figure.page], figure.end + shifts[figure.page]
        elif figure.start == figure.end:
            start = end = moved.end(figure.start)
        else:
            start, end = moved.start(figure.start), moved.end(figure.end)
        described = at.get(place, (0, 0))
        found.append(
            replace(figure, start=start, end=end, described_start=described[0], described_end=described[1])
        )
    return tuple(found)


def _place(document: Document, figure: Figure, *, by_page: bool) -> int:
    if by_page:
        return next((page.end for page in document.pages if page.number == figure.page), len(document.text))
    place = figure.end
    for table in document.tables:
        if table.start <= place <= table.end:
            place = table.end
    if place == 0 or document.text[place - 1] == "\n":
        return place
    line_end = document.text.find("\n", place)
    return len(document.text) if line_end < 0 else line_end + 1


def _framed(text: str, at: int, lines: str) -> str:
    """The lines with a line end before them, where none stands there, and one behind them."""
    before = "\n" if at and text[at - 1] != "\n" else ""
    return f"{before}{lines}\n"


def _lines(sentence: str) -> Iterable[str]:
    while len(sentence) > _LONGEST_LINE:
        cut = max(sentence.rfind(sign, _LONGEST_LINE // 2, _LONGEST_LINE) for sign in "、, ") + 1
        cut = cut or _LONGEST_LINE
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence
