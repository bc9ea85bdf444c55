"""Pictures on the pages of a PDF, with their captions. Drawings made of lines only are not found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingestion.documents import Figure, Page
from ingestion.normalizing import normalize
from ingestion.page_geometry import Rectangle, boxes_to_shown
from ingestion.readers.pdf_calls import IMAGE, bounds_of
from ingestion.readers.pdf_objects import PageObjects

_LEAST_SIDE = 40.0
_LARGEST_SHARE = 0.85
"""Of the page: a picture beyond it is a scan or a background."""

_REACH = 45.0
"""Points above and below a picture in which its caption is looked for."""

_TOUCH = 4.0
_MOST_OBJECTS = 4000
_CAPTION = re.compile(
    r"^\s*((?:図表?|写真|グラフ|資料|画像|Fig(?:ure|\.)?|Photo|Chart)\s*[0-9０-９]+(?:[-.－．‐][0-9０-９]+)*.{0,120})",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on a page: its box as it is shown, and the words of its caption ("" for none)."""

    box: Rectangle
    caption: str


def pictures_on(page: Any, text_page: Any, objects: PageObjects) -> tuple[Picture, ...]:
    """The pictures of an open pypdfium2 page, whose text page is `text_page`."""
    images = list(objects.of_kind(IMAGE, _MOST_OBJECTS))
    if not images:
        return ()
    page_box, rotation = page.get_bbox(), page.get_rotation()
    boxes, known = bounds_of(images)
    shown = boxes_to_shown(boxes[known].astype(np.float64), page_box, rotation)
    width, height = page.get_size()
    found = []
    for box in _merged([(x0, y0, x1, y1) for x0, y0, x1, y1 in shown.tolist()]):
        left, top, right, bottom = max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height)
        wide, high = right - left, bottom - top
        if min(wide, high) >= _LEAST_SIDE and wide * high <= _LARGEST_SHARE * width * height:
            caption = _caption(text_page, page_box, box) if rotation == 0 else ""
            found.append(Picture((left, top, right, bottom), caption))
    return tuple(found)


def figures_of(pictures: Sequence[Sequence[Picture]], pages: Sequence[Page], text: str) -> tuple[Figure, ...]:
    """The figures of a document: `pictures[i]` are those of `pages[i]`, which are parts of `text`.

    Pictures that lie at the same place of many pages (logos, frames) are left out.
    """
    places = Counter(place for found in pictures for place in {_rounded(picture.box) for picture in found})
    often = max(2, len(pages) // 4)
    figures = []
    for page, found in zip(pages, pictures, strict=True):
        for picture in found:
            if places[_rounded(picture.box)] <= often:
                start, end = _place(text, page, picture.caption)
                x0, y0, x1, y1 = (round(side, 2) for side in picture.box)
                figures.append(Figure(page.number, start, end, x0, y0, x1, y1))
    return tuple(figures)


def _rounded(box: Rectangle) -> tuple[int, ...]:
    return tuple(round(side) for side in box)


def _merged(boxes: Sequence[Rectangle]) -> list[Rectangle]:
    """Pictures are often stored in strips: those that touch become one."""
    merged: list[Rectangle] = []
    for x0, y0, x1, y1 in sorted(boxes, key=lambda each: (each[1], each[0])):
        for place, (a, b, c, d) in enumerate(merged):
            if x0 <= c + _TOUCH and a <= x1 + _TOUCH and y0 <= d + _TOUCH and b <= y1 + _TOUCH:
                merged[place] = (min(x0, a), min(y0, b), max(x1, c), max(y1, d))
                break
        else:
            merged.append((x0, y0, x1, y1))
    return merged


def _caption(text_page: Any, page_box: Rectangle, box: Rectangle) -> str:
    """The line below the picture, or else above it, that begins as captions do."""
    left, bottom, right, top = page_box
    for upper, lower in ((box[3] - 2, box[3] + _REACH), (box[1] - _REACH, box[1] + 2)):
        near = text_page.get_text_bounded(
            left=left + box[0] - 30, right=min(right, left + box[2] + 30),
            top=top - upper, bottom=max(bottom, top - lower),
        )  # fmt: skip
        for line in near.splitlines():
            if match := _CAPTION.match(line):
                return str(match[1])
    return ""


def _place(text: str, page: Page, caption: str) -> tuple[int, int]:
    """Where the caption stands in its page's text; an empty span at the page's start when it does not."""
    wanted = "".join(normalize(caption).text.split())
    pattern = r"\s*".join(re.escape(character) for character in wanted)
    found = re.compile(pattern).search(text, page.start, page.end) if wanted else None
    return found.span() if found else (page.start, page.start)
