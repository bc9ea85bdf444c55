"""Headings of a PDF: its bookmarks, or else short lines in large letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ingestion.documents import Heading, Page
from ingestion.readers.building import clean_line
from ingestion.readers.pdf_lines import Line
from ingestion.readers.pdf_pages import PageText

_MOST_HEADINGS = 3000
_CONTENTS = re.compile(r"^(目\s*次|もくじ|索\s*引|contents|index)$", re.IGNORECASE)


def decoded(read: Callable[..., str], *arguments: object) -> str:
    """What `read` gives, on one line; "" for a broken name, which is no reason to lose the text."""
    try:
        return clean_line(read(*arguments))
    except UnicodeDecodeError:
        return ""


def headings_of(document: Any, pages: Sequence[Page], texts: Sequence[PageText]) -> tuple[Heading, ...]:
    """The file's bookmarks where it has any, else what is printed like headings."""
    return _outline_headings(document, pages, texts) or _printed_headings(pages, texts)


def body_size(lines: Sequence[Line]) -> float:
    """The size, to half a point, in which most of the text is printed; 0 without text."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[_size(line)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _size(line: Line) -> float:
    return round(line.size * 2) / 2


def _outline_headings(document: Any, pages: Sequence[Page], texts: Sequence[PageText]) -> tuple[Heading, ...]:
    """The file's bookmarks, at their words on the page; at its start when they are not printed there."""
    headings: list[Heading] = []
    for bookmark in document.get_toc():
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        title = decoded(bookmark.get_title)
        if index is None or not 0 <= index < len(pages) or not title:
            continue
        start, end = _find_title(texts[index].text, title)
        base = pages[index].start
        headings.append(Heading(bookmark.level + 1, base + start, base + end, title))
        if len(headings) >= _MOST_HEADINGS:
            break
    return tuple(sorted(headings, key=lambda heading: (heading.start, heading.level)))


def _find_title(text: str, title: str) -> tuple[int, int]:
    match = re.search(r"\s*".join(map(re.escape, title.replace(" ", ""))), text)
    return match.span() if match else (0, 0)


def _printed_headings(pages: Sequence[Page], texts: Sequence[PageText]) -> tuple[Heading, ...]:
    """Short lines in a larger font than most of the text; the larger, the higher (three levels)."""
    every = [line for page in texts for line in page.lines]
    body = body_size(every)
    larger = sorted({_size(line) for line in every if _size(line) >= 1.2 * body}, reverse=True)
    headings: list[Heading] = []
    for place, text in zip(pages, texts, strict=True):
        for line in text.lines:
            size = _size(line)
            if size >= 1.2 * body and _could_be_title(line.text):
                start, end = _place_of(text, line)
                title = text.text[start:end].strip()
                if title and _stands_alone(text.text, start, end):
                    level = 1 + min(2, larger.index(size) * 3 // len(larger))
                    headings.append(Heading(level, place.start + start, place.start + end, title))
    return tuple(headings[:_MOST_HEADINGS])


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether [start, end) is a whole line, and no part of a paragraph in large letters."""
    return text[start - 1 : start] in ("", "\n") and text[end : end + 1] in ("", "\n")


def _could_be_title(text: str) -> bool:
    text = text.strip()
    if _CONTENTS.match(text) or text[:1] in "・●○■□◆◇▶※→⇒":
        return False
    return (
        2 <= len(text) <= 60
        and not re.search("[。、,]$", text)
        and len(re.findall(r"[^\W\d_]", text)) * 2 >= len(text)
    )


def _place_of(page: PageText, line: Line) -> tuple[int, int]:
    inside = np.flatnonzero((page.origins >= line.start) & (page.origins < line.end))
    if not len(inside):
        return 0, 0
    return int(inside[0]), int(inside[-1]) + 1
