"""How a passage is shown in its document: marked in a page image, in a table's cells, or in its text."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from typing import Any, Literal

from PIL import Image, ImageChops, ImageDraw, ImageFont

from ui.web.tables import table_at

Json = dict[str, Any]

PAGE_FORMATS = frozenset({"pdf", "png", "jpg", "tiff", "bmp", "webp"})
"""Formats whose pages have pictures."""

MARK = (255, 226, 110)
LIGHT_MARK = (255, 243, 196)
CELL_MARK = (255, 190, 90)
OUTLINE = (47, 93, 140)
_WINDOW = 900
_ROWS_AROUND = 6
_GAP_LINES = 5
_COLUMNS = 40
_CELL = re.compile(r"(?:.*!)?\$?([A-Z]{1,3})\$?(\d+)$")
_TABLES = frozenset({"xlsx", "xlsm", "xls", "csv", "tsv"})


def kind_of(document: Json, start: int, end: int) -> Literal["page", "table", "slide", "text"]:
    """What suits the passage: a page image, a table, a slide's text, or running text."""
    if document["format"] in PAGE_FORMATS:
        return "page"
    if table_at(document, start, end) is not None:
        return "table"
    if document["format"] in _TABLES and cell_rows(document, start, end):
        return "table"
    return "slide" if document["format"] == "pptx" else "text"


def is_description(document: Json, start: int, end: int) -> bool:
    """Whether the passage is, in part, what a model said of a figure."""
    return any(
        figure["described_start"] < end and start < figure["described_end"]
        for figure in document.get("figures") or ()
    )


def figures_beside(document: Json, start: int, end: int) -> list[int]:
    """Places in the document's list of those figures of an Office file that belong to the passage.

    On slides those of its slide; in running text those between the headings around it, the nearest first.
    """
    page = page_of(document, start) if document["paged"] else None
    if page is not None:
        low, high = page["start"], page["end"]
    else:
        titles = [heading["start"] for heading in document["headings"]]
        low = max((title for title in titles if title <= start), default=0)
        high = min((title for title in titles if title >= end), default=len(document["text"]))
    found = [
        (max(figure["start"] - end, start - figure["end"], 0), place)
        for place, figure in enumerate(document.get("figures") or ())
        if figure["name"] and (figure["page"] == page["number"] if page else low <= figure["start"] <= high)
    ]
    return [place for _, place in sorted(found)]


def still_holds(document: Json, start: int, end: int, quote: str) -> bool:
    """Whether the passage is still what it was when it was cited."""
    return str(document["text"][start:end]) == quote


def highlight(png: bytes, boxes: Sequence[Json], scale: float, cell: Sequence[Json] = ()) -> bytes:
    """The page image (PNG, `scale` pixels a point) with `boxes` marked as by a pen; they count in points.

    Dark characters stay dark: the mark darkens only what is lighter than itself. `cell` are the boxes of the
    table's cell that was cited of them: the others are then marked lightly, and the cell as by a second pen.
    """
    image = Image.open(io.BytesIO(png)).convert("RGB")
    pen = Image.new("RGB", image.size, (255, 255, 255))
    draw = ImageDraw.Draw(pen)
    for box in boxes:
        draw.rectangle(_pixels(box, scale, image.size, margin=1.0), fill=LIGHT_MARK if cell else MARK)
    for box in cell:
        draw.rectangle(_pixels(box, scale, image.size, margin=1.0), fill=CELL_MARK)
    return _png(ImageChops.multiply(image, pen))


def cut_out(png: bytes, box: Json, scale: float) -> bytes:
    """What lies in `box` (points) of the page image, as PNG."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    left, top, right, bottom = _pixels(box, scale, image.size, margin=0.0)
    corner = (int(left), int(top), max(int(right), int(left) + 1), max(int(bottom), int(top) + 1))
    return _png(image.crop(corner))


def outline(png: bytes, groups: Sequence[tuple[str, Sequence[Json]]], scale: float) -> bytes:
    """The page image with each group of boxes framed, and the group's label to the left of its frame.

    Boxes far below the others (a page number that belongs to the chunk) get a frame of their own.
    """
    image = Image.open(io.BytesIO(png)).convert("RGB")
    draw = ImageDraw.Draw(image)
    size = max(10.0, 8 * scale)
    font = ImageFont.load_default(size=size)
    for label, boxes in groups:
        for around in _clusters(boxes):
            left, top, right, bottom = _pixels(around, scale, image.size, margin=3.0)
            draw.rectangle((left, top, right, bottom), outline=OUTLINE, width=max(1, round(scale)))
            width = draw.textlength(label, font=font) + 8
            corner = max(0.0, left - width)
            draw.rectangle((corner, top, corner + width, top + size + 4), fill=OUTLINE)
            draw.text((corner + 4, top + 1), label, fill=(255, 255, 255), font=font)
    return _png(image)


def _clusters(boxes: Sequence[Json]) -> list[Json]:
    """The frames around boxes that follow one another down the page without a gap of many lines."""
    frames: list[Json] = []
    for box in sorted(boxes, key=lambda each: (each["y0"], each["x0"])):
        last = frames[-1] if frames else None
        if last is None or box["y0"] > last["y1"] + _GAP_LINES * (box["y1"] - box["y0"]):
            frames.append({key: box[key] for key in ("x0", "y0", "x1", "y1")})
            continue
        last |= {
            "x0": min(last["x0"], box["x0"]),
            "x1": max(last["x1"], box["x1"]),
            "y1": max(last["y1"], box["y1"]),
        }
    return frames


def _pixels(
    box: Json, scale: float, size: tuple[int, int], *, margin: float
) -> tuple[float, float, float, float]:
    left = min(max((box["x0"] - margin) * scale, 0), size[0] - 1)
    top = min(max((box["y0"] - margin) * scale, 0), size[1] - 1)
    right = min(max((box["x1"] + margin) * scale, left), size[0] - 1)
    bottom = min(max((box["y1"] + margin) * scale, top), size[1] - 1)
    return left, top, right, bottom


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def page_of(document: Json, offset: int) -> Json | None:
    """The page, sheet or slide that holds the character at `offset`, or the last one before it."""
    found = None
    for page in document["pages"]:
        if page["start"] > offset:
            break
        found = page
    return found


def marked_text(text: str, start: int, end: int, *, window: int = _WINDOW) -> str:
    """HTML of `text` around [start:end], which stands in <mark>; everything is escaped.

    At most `window` characters before and after are kept, cut at line ends where there are some.
    """
    first = max(0, start - window)
    last = min(len(text), end + window)
    if first:
        line = text.find("\n", first, start)
        first = line + 1 if line >= 0 else first
    if last < len(text):
        line = text.rfind("\n", end, last)
        last = line if line >= 0 else last
    before = ("…" if first else "") + html.escape(text[first:start])
    after = html.escape(text[end:last]) + ("…" if last < len(text) else "")
    return f'<div class="k-text">{before}<mark>{html.escape(text[start:end])}</mark>{after}</div>'


def cell_rows(document: Json, start: int, end: int) -> list[list[tuple[str, str, bool]]]:
    """The rows of cells around the passage, each cell as (locator, text, inside the passage).

    Cells of the passage's own sheet, a few rows before and after it; empty when no cell lies in the passage.
    """
    page = page_of(document, start)
    low, high = (page["start"], page["end"]) if page else (0, len(document["text"]))
    rows: dict[int, dict[int, tuple[str, str, bool]]] = {}
    for cell in document.get("cells") or ():
        place = _CELL.match(cell["locator"])
        if place is None or not low <= cell["start"] <= high:
            continue
        inside = cell["start"] < end and start < cell["end"]
        text = document["text"][cell["start"] : cell["end"]]
        column = _column_number(place[1])
        rows.setdefault(int(place[2]), {})[column] = (f"{place[1]}{place[2]}", text, inside)
    hit = [row for row, cells in rows.items() if any(inside for _, _, inside in cells.values())]
    if not hit:
        return []
    header = min(rows)
    kept = {row for row in rows if min(hit) - _ROWS_AROUND <= row <= max(hit) + _ROWS_AROUND} | {header}
    return _grid({row: rows[row] for row in sorted(kept)})


def _grid(rows: dict[int, dict[int, tuple[str, str, bool]]]) -> list[list[tuple[str, str, bool]]]:
    columns = sorted({column for cells in rows.values() for column in cells})[:_COLUMNS]
    return [
        [cells.get(column, (f"{_column_name(column)}{row}", "", False)) for column in columns]
        for row, cells in rows.items()
    ]


def table_html(rows: Sequence[Sequence[tuple[str, str, bool]]]) -> str:
    """The rows as an HTML table with column letters and row numbers; rows of the passage are marked."""
    if not rows:
        return ""
    letters = "".join(f"<th>{html.escape(_letters(name))}</th>" for name, _, _ in rows[0])
    lines = []
    previous = None
    for row in rows:
        number = int(row[0][0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        if previous is not None and number > previous + 1:
            lines.append(f'<tr class="gap"><td colspan="{len(row) + 1}">⋮</td></tr>')
        previous = number
        marked = ' class="marked"' if any(inside for _, _, inside in row) else ""
        cells = "".join(
            f"<td><mark>{html.escape(text)}</mark></td>" if inside else f"<td>{html.escape(text)}</td>"
            for _, text, inside in row
        )
        lines.append(f"<tr{marked}><th>{number}</th>{cells}</tr>")
    return f'<div class="k-table"><table><tr><th></th>{letters}</tr>{"".join(lines)}</table></div>'


def chunk_html(number: str, heading_path: Sequence[str], text: str) -> str:
    """One chunk as a numbered, framed box with its heading path; everything is escaped."""
    path = html.escape(" › ".join(heading_path))
    head = f'<span class="k-number">{html.escape(number)}</span><span class="k-path">{path}</span>'
    body = f'<div class="k-text">{html.escape(text)}</div>'
    return f'<div class="k-chunk"><div class="k-head">{head}</div>{body}</div>'


def page_text_html(text: str) -> str:
    """What was read from a page, line by line; everything is escaped."""
    return f'<div class="k-text k-page-text">{html.escape(text)}</div>'


def quote_html(quote: str) -> str:
    """A quote as an escaped block."""
    return f'<blockquote class="k-quote">{html.escape(quote)}</blockquote>'


def _letters(name: str) -> str:
    return name.rstrip("0123456789")


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _column_name(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
