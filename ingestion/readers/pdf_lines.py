"""Lines of a PDF page become paragraphs: which line goes on in the next one, and which line is a heading.

pdfium ends every printed line with a line break. A break inside a paragraph would tear words and sentences,
so it is taken out where the text and the places of the two lines say that one sentence runs over both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.documents import NO_ORIGIN, Offsets
from ingestion.page_geometry import Rectangle


@dataclass(frozen=True, slots=True)
class Line:
    """Raw characters [start, end) of a page, with the places of its first and last one as shown.

    `x0`, `y0` is the upper left of the first character, `x1`, `end_y0` the upper right of the last, in
    points; `size` and `end_size` are the heights of their fonts, which differ in a line with a bullet. For
    vertical lines these are in the coordinates of the flow (pdf_layout.py). `places` are the raw indices of
    the characters of `text` where they are not start, start + 1, …; `box` is where the line is shown, `row`
    the line of pdfium that it lay in, `cell` the table cell (-1: none), `order` its number in the file.
    """

    start: int
    end: int
    text: str
    x0: float
    y0: float
    x1: float
    size: float
    end_y0: float
    end_size: float
    places: Offsets | None = None
    box: Rectangle = (0.0, 0.0, 0.0, 0.0)
    vertical: bool = False
    row: int = -1
    cell: int = -1
    order: int = -1


_SENTENCE_END = re.compile("[。．.！？!?：:；;」』）)】〕》>…]$")
_SOFT_END = re.compile("[」』）)】〕》>.]$")
_BULLET = re.compile(
    r"^[\s]*(?:[・･●○◯◎■□◆◇▲△▼▽★☆※►▶➢➤✓✔❖•‣◦*＊→⇒\uf000-\uf0ff]|[-–—‐−ー]\s|[(（]?[0-9０-９]{1,3}[)）.．、]\D|[(（〔]?[0-9０-９a-zA-Zア-ンあ-んイロハ一二三四五六七八九十]{1,3}[)）〕]"
    r"|[①-⑳㉑-㊿❶-❿➀-➓Ⅰ-Ⅻⅰ-ⅻ]|第[0-9０-９一二三四五六七八九十百〇]+[条章節款項編部回号]|[0-9０-９]+(?:[.．-][0-9０-９]+)+|附則|別表|別紙|[【〔〈《＜\[]|[注図表][0-9０-９:：]|Q[0-9.．:：]|A[0-9.．:：])"
)
_LEADER = re.compile(r"[.…・‥]{3,}\s*[0-9ivx０-９]*$")
_CJK = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uffee々〆]")
_DIGITS = re.compile("[0-9０-９]")
_HYPHENS = "-\u00ad\u2010\x02\ufffe"
_PUT_IN = np.array([NO_ORIGIN], dtype=np.int32)
"""The map of one character that is put in between."""
_SPACED = re.compile(
    "(?:(?<=\\s)|^)((?:[一-鿿々ぁ-んァ-ヶー][ \u3000]{1,3}){2,}[一-鿿々ぁ-んァ-ヶー])(?=\\s|$)"
    "|^([一-鿿][ \u3000]{1,4}[一-鿿])$"
)


def joined(lines: Sequence[Line]) -> tuple[str, Offsets]:
    """The text of a page with its paragraphs in one line each, and the raw index of each character.

    Characters that are put in between (line breaks, spaces of joined words) have NO_ORIGIN.
    """
    texts: list[str] = []
    maps: list[Offsets] = []
    for index, line in enumerate(lines):
        text, origins = without_spacing(line)
        if index + 1 < len(lines):
            text, origins, between = _link(line, text, origins, lines[index + 1])
        else:
            between = "\n"
        texts += [text, between]
        maps += [origins, _PUT_IN] if between else [origins]
    return "".join(texts), np.concatenate(maps) if maps else np.zeros(0, dtype=np.int32)


def _link(line: Line, text: str, origins: Offsets, following: Line) -> tuple[str, Offsets, str]:
    """`text` without a hyphen that only parts a word, and what goes between it and the next line."""
    first = following.text.lstrip()[:1]
    stripped = text.rstrip()
    if not goes_on(line, following):
        return stripped, origins[: len(stripped)], "\n"
    if parts_a_word(stripped, first):
        return stripped[:-1], origins[: len(stripped) - 1], ""
    tight = is_tight(stripped, first) or stripped[-1] in _HYPHENS
    return stripped, origins[: len(stripped)], "" if tight else " "


def parts_a_word(text: str, following: str) -> bool:
    """Whether the hyphen at the end of `text` only stands there because the line was full."""
    return len(text) > 2 and text[-1] in _HYPHENS and text[-2].isalpha() and following[:1].islower()


def is_tight(text: str, following: str) -> bool:
    """Whether no space belongs between the end of one line and the beginning of the next."""
    return _CJK.match(text[-1:]) is not None or _CJK.match(following[:1]) is not None


def begins_an_item(text: str) -> bool:
    """Whether `text` begins with a bullet, or with the number of an item of a list."""
    return _BULLET.match(text) is not None


def goes_on(line: Line, following: Line) -> bool:
    """Whether the sentence in `line` runs on in `following`."""
    text, after = line.text.strip(), following.text.strip()
    if (
        line.vertical != following.vertical
        or len(text) < 8
        or not after
        or begins_an_item(after)
        or _LEADER.search(text)
    ):
        return False
    if _SENTENCE_END.search(text) and not (_SOFT_END.search(text) and _starts_with_particle(after)):
        return False
    if _DIGITS.match(text[-1]) and _DIGITS.match(after):
        return False
    if not _CJK.search(text[-3:] + after[:3]) and not (after[0].islower() or text[-1] == ","):
        return False
    return _placed_as_paragraph(line, following)


def _starts_with_particle(text: str) -> bool:
    return re.match("[とをがはにのもでやへ、。,]|する|した|され|など|及び|又は", text) is not None


def _placed_as_paragraph(line: Line, following: Line) -> bool:
    """`line` is full (its end is near or beyond the end of the next), and the next lies close under it."""
    size = max(line.end_size, 1.0)
    if not 0.8 < following.size / size < 1.25:
        return False
    down = following.y0 - line.end_y0
    indent = line.x0 - following.x0
    return (
        0.5 * size < down < 2.3 * size
        and -2.5 * size < indent < 2.3 * size
        and (
            line.x1 >= following.x1 - 1.6 * size or parts_a_word(line.text.rstrip(), following.text.lstrip())
        )
    )


def without_spacing(line: Line) -> tuple[str, Offsets]:
    """The line without the spaces that letter-spaced titles (目　次, 就 業 規 則) have between characters."""
    origins = line.places if line.places is not None else np.arange(line.start, line.end, dtype=np.int32)
    text = line.text
    gone: list[int] = []
    for match in _SPACED.finditer(text.rstrip()):
        gone += [i for i in range(*match.span()) if text[i] in " \u3000"]
    if not gone:
        return text, origins
    keep = np.ones(len(text), dtype=np.bool_)
    keep[gone] = False
    return "".join(c for c, stays in zip(text, keep, strict=True) if stays), origins[keep]
