"""Headers, footers and page numbers: what stands at the edge of page after page and belongs to none of them.

A line is one when it stands in a margin, nothing but such lines stands farther out, and it comes again at the
same height with the same words on other pages. A page number beside the words may differ. Lines in larger
letters than the text are none: titles of pages and slides look so. The first time that words run they stay in
the text, so that every word of the file can be found.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.page_geometry import Rectangle
from ingestion.readers.pdf_lines import Line

_MARGIN = 0.14
"""Share of the page's height at its top and bottom; half of it is that of its width at its sides."""
_LEAST_PAGES = 3
_DENSITY = 0.4
"""Share of the pages between the first and the last of them that carry the line (every second one does)."""
_LARGER = 1.05
"""Words in letters larger than the body's by this are titles, not running lines."""
_LARGE, _LARGE_DENSITY = 1.3, 0.6
"""Page numbers so much larger may be those of chapters: they must come again on most pages of the file."""
_STEP = 8.0
_PAGE_NUMBER = re.compile(
    r"^[^\w]*(?:p(?:age)?|頁)?[\s.・]*(?P<number>\d{1,4}|[ivxlc]{1,7})\s*(?:[/／|]\s*\d{1,4}|ページ|頁|of\s*\d{1,4})?[^\w]*$",
    re.IGNORECASE,
)
_AT_AN_END = re.compile(r"^\d{1,4}(?=\s)|(?<=\s)\d{1,4}$")
_AT_START = re.compile(r"^[^\w]*(?P<number>\d{1,4})(?=[\s|｜・–—−－―])")
_AT_END = re.compile(
    r"(?:(?<=[\s|｜/・–—−－―\-:(（\[])|(?<=\bp\.)|(?<=page))(?P<number>\d{1,4})\s*"
    r"(?:(?:[/／|]|of)\s*\d{1,4}|ページ|頁)?[^\w]*$",
    re.IGNORECASE,
)
"""Where a page number stands beside words; one in their midst (様式第1号) belongs to them."""
_COUNTED = re.compile(
    r"(?:別紙|別表|別添|別記|様式|付録|附録|資料|図|表|問|回|第|No\.?|[a-z]*\b(?:appendix|annex|exhibit|table|figure|part|chapter|section|form))[\s\-–—−－―]*$",
    re.IGNORECASE,
)
"""What is counted itself: 別紙 2 is a title on whichever page it stands."""
_YEARS = range(1900, 2100)
_ROMAN = re.compile(r"^(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3})$")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")


@dataclass(frozen=True, slots=True)
class EdgePage:
    """A page as this module sees it: its size as shown, its lines, and the boxes of tables by cell number."""

    width: float
    height: float
    lines: Sequence[Line]
    table_of_cell: Mapping[int, Rectangle] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """Indices of the running lines of one page, and the number printed on it ("iv"), if any."""

    lines: frozenset[int] = frozenset()
    label: str | None = None


def find_running(pages: Sequence[EdgePage], body_size: float) -> list[Running]:
    """For each page, its running lines. `body_size` is the height of most of the text, in points."""
    if len(pages) < _LEAST_PAGES:
        return [Running() for _ in pages]
    keys = [_keys_of(page, number) for number, page in enumerate(pages)]
    seen: dict[str, set[int]] = defaultdict(set)
    for number, of_lines in enumerate(keys):
        for found in of_lines.values():
            for key in found:
                seen[key].add(number)
    often = {key for key, numbers in seen.items() if _comes_again(numbers, _DENSITY)}
    everywhere = {key for key in often if len(seen[key]) >= _LARGE_DENSITY * len(pages)}
    repeated = _repeated_words(pages, keys)
    result = []
    for page, of_lines in zip(pages, keys, strict=True):
        flagged = {
            index
            for index, found in of_lines.items()
            if _runs(page.lines[index], found, body_size, often, everywhere, repeated)
        }
        kept = _outermost(page, flagged)
        result.append(Running(frozenset(kept), _label(page, of_lines, kept, often)))
    if not _leaves_a_text(pages, result):
        return [Running() for _ in pages]
    return _without_firsts(pages, result, keys, often)


def _runs(
    line: Line, found: set[str], body_size: float, often: set[str], everywhere: set[str], repeated: set[str]
) -> bool:
    """Whether a line in a margin, with its keys `found`, is a page number or comes again."""
    if _PAGE_NUMBER.match(_plain(line.text)):
        return bool(found & (everywhere if line.size > _LARGE * body_size else often))
    return line.size <= _LARGER * body_size and bool(found & often) and _words(line.text) in repeated


def _repeated_words(pages: Sequence[EdgePage], keys: Sequence[Mapping[int, set[str]]]) -> set[str]:
    """The words that stand in the margins of more than one page, whatever the number beside them."""
    counts: Counter[str] = Counter()
    for page, of_lines in zip(pages, keys, strict=True):
        counts.update({_words(page.lines[index].text) for index in of_lines})
    return {words for words, count in counts.items() if count > 1}


def _without_firsts(
    pages: Sequence[EdgePage],
    running: Sequence[Running],
    keys: Sequence[Mapping[int, set[str]]],
    often: set[str],
) -> list[Running]:
    """The same without those lines whose words run for the first time."""
    seen: set[str] = set()
    result = []
    for page, found, of_lines in zip(pages, running, keys, strict=True):
        dropped = set(found.lines)
        for index in sorted(found.lines):
            text = page.lines[index].text
            as_it_is = any(key.partition(":")[2] == _plain(text) for key in of_lines[index] & often)
            words = _plain(text) if as_it_is else _words(text)
            if not _PAGE_NUMBER.match(_plain(text)) and words not in seen:
                seen.add(words)
                dropped.discard(index)
        result.append(Running(frozenset(dropped), found.label))
    return result


def _leaves_a_text(pages: Sequence[EdgePage], running: Sequence[Running]) -> bool:
    """Whether more of the file stays than goes: pages may be alike from top to bottom."""
    sizes = [[len(line.text) for line in page.lines] for page in pages]
    gone = sum(of_page[index] for of_page, found in zip(sizes, running, strict=True) for index in found.lines)
    return 2 * gone < sum(map(sum, sizes))


def _comes_again(numbers: set[int], density: float) -> bool:
    return len(numbers) >= _LEAST_PAGES and len(numbers) >= density * (max(numbers) - min(numbers) + 1)


def _keys_of(page: EdgePage, number: int) -> dict[int, set[str]]:
    """For each line in a margin, the keys under which it may come again on other pages."""
    keys: dict[int, set[str]] = {}
    for index, line in enumerate(page.lines):
        place = _margin(page, line)
        if place is not None:
            words = set(_wordings(line.text, number))
            keys[index] = {f"{edge}:{word}" for edge in place for word in words}
    return keys


def _margin(page: EdgePage, line: Line) -> tuple[str, str] | None:
    """Two names of the place of `line` in its margin (its neighbours share one of them); None in the body."""
    box = page.table_of_cell.get(line.cell, line.box)
    edge, distance = "", 0.0
    if box[3] <= _MARGIN * page.height:
        edge, distance = "top", line.box[1]
    elif box[1] >= (1 - _MARGIN) * page.height:
        edge, distance = "bottom", page.height - line.box[3]
    elif _at_side(page, box):
        edge, distance = "side", line.box[1]
    if not edge:
        return None
    return f"{edge}{int(distance // _STEP)}", f"{edge}~{int((distance + _STEP / 2) // _STEP)}"


def _wordings(text: str, number: int) -> Iterator[str]:
    """The words of a line, and the same with its page number told by its distance to the page's.

    Beside a title that changes from chapter to chapter the number alone counts with the pages.
    """
    plain = _plain(text)
    if not plain:
        return
    if not plain.isdigit():
        yield plain
    for before, printed, after in _numbered(text):
        yield f"{_plain(before)}<{printed - number}>{_plain(after)}"
        if _AT_AN_END.search(text.translate(_FULL_WIDTH).strip()):
            yield f"…<{printed - number}>"
    page = _PAGE_NUMBER.match(plain)
    value = _roman(page.group("number")) if page else None
    if page and value:
        start, end = page.span("number")
        yield f"{plain[:start]}<roman {value - number}>{plain[end:]}"


def _plain(text: str) -> str:
    return "".join(text.translate(_FULL_WIDTH).split()).lower()


def _words(text: str) -> str:
    """The words of a line without the number that may be its page's."""
    for before, _, after in _numbered(text):
        return _plain(before + after)
    return _plain(text)


def _numbered(text: str) -> Iterator[tuple[str, int, str]]:
    """Each number of a line that may be its page's, with what stands before and after it."""
    text = text.translate(_FULL_WIDTH).strip()
    bare = _PAGE_NUMBER.match(text)
    if bare:
        patterns = [bare] if bare.group("number").isdigit() else []
    else:
        patterns = [match for match in (_AT_START.search(text), _AT_END.search(text)) if match]
    for match in patterns:
        start, end = match.span("number")
        printed = int(match.group("number"))
        if bare or not (_COUNTED.search(text[:start]) or printed in _YEARS):
            yield text[:start], printed, text[end:]


def _roman(text: str) -> int | None:
    if not text or not _ROMAN.match(text):
        return None
    values = [_ROMAN_VALUES[c] for c in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _outermost(page: EdgePage, flagged: set[int]) -> set[int]:
    """Those of `flagged` that have no other line between them and the edge of the page."""
    others = [line.box for index, line in enumerate(page.lines) if index not in flagged]
    return {index for index in flagged if _is_outermost(page, page.lines[index].box, others)}


def _is_outermost(page: EdgePage, box: Rectangle, others: Sequence[Rectangle]) -> bool:
    if _at_side(page, box):
        return True
    if box[1] + box[3] < page.height:
        return not any(other[3] <= box[1] + 1 for other in others)
    return not any(other[1] >= box[3] - 1 for other in others)


def _at_side(page: EdgePage, box: Rectangle) -> bool:
    margin = 0.5 * _MARGIN * page.width
    return box[2] <= margin or box[0] >= page.width - margin


def _label(page: EdgePage, keys: Mapping[int, set[str]], running: set[int], often: set[str]) -> str | None:
    for index in sorted(running):
        match = _PAGE_NUMBER.match(page.lines[index].text.translate(_FULL_WIDTH).strip())
        if match and any("<" in key for key in keys[index] & often):
            return match.group("number")
    return None


def wordings_of(running: Sequence[Running], pages: Sequence[EdgePage]) -> list[str]:
    """The running lines of a file without page numbers, each once, the most frequent first."""
    counts: Counter[str] = Counter()
    for found, page in zip(running, pages, strict=True):
        for index in sorted(found.lines):
            text = _AT_AN_END.sub("", " ".join(page.lines[index].text.translate(_FULL_WIDTH).split())).strip()
            if len(text) > 1 and not _PAGE_NUMBER.match(text):
                counts[text] += 1
    return [text for text, _ in counts.most_common()]
