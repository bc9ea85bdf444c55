"""Planted documents and answers, and the pages that belong to them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

Json = dict[str, Any]

WIDTH, HEIGHT = 420.0, 300.0
_LEFT, _TOP, _LINE, _SIZE = 40.0, 40.0, 22.0, 12.0
SCRIPT = "<script>document.title='owned'</script>"
_FONTS = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",)


def _font(scale: float) -> Any:
    for path in _FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, int(_SIZE * scale))
    return ImageFont.load_default(size=_SIZE * scale)


def _pages(texts: Sequence[str], locators: Sequence[str] | None = None) -> tuple[str, list[Json]]:
    pages, text = [], ""
    for number, page in enumerate(texts, start=1):
        start = len(text)
        text += page
        pages.append(
            {
                "number": number,
                "label": None,
                "start": start,
                "end": len(text),
                "locator": locators[number - 1] if locators else None,
            }
        )
        text += "\n"
    return text.removesuffix("\n"), pages


def make_document(
    identity: str,
    title: str,
    path: str,
    texts: Sequence[str],
    *,
    source: str = "/srv/docs",
    cells: Sequence[Json] = (),
    heading: str = "",
    warnings: Sequence[str] = (),
) -> Json:
    kind = path.rsplit(".", 1)[-1]
    text, pages = _pages(texts)
    chunks = [
        {
            "chunk_id": f"{identity}:{page['start']}-{page['end']}",
            "start": page["start"],
            "end": page["end"],
            "heading_path": [heading] if heading else [],
        }
        for page in pages
    ]
    shown = f"\\\\server\\share\\{path.replace('/', chr(92))}"
    return {
        "id": identity,
        "title": title,
        "format": kind,
        "paged": kind in ("pdf", "pptx", "xlsx"),
        "status": "ready",
        "reason": None,
        "added_at": "2026-11-01T02:03:04+00:00",
        "warnings": list(warnings),
        "properties": {"author": "総務部"},
        "text": text,
        "pages": pages,
        "chunks": chunks,
        "locations": [{"source": source, "path": path, "shown_as": shown}],
        "cells": list(cells),
        "headings": [],
        "bytes": len(text.encode()),
    }


def _sheet() -> Json:
    table = [["品番", "部品名", "単価"], ["AB-1234X", "圧力センサー", "12,000円"], ["CD-55", "ねじ", "8円"]]
    text, cells = "", []
    for row, values in enumerate(table, start=1):
        for column, value in zip("ABC", values, strict=True):
            cells.append(
                {"start": len(text), "end": len(text) + len(value), "locator": f"部品!{column}{row}"}
            )
            text += value + "\t"
        text = text[:-1] + "\n"
    return make_document("sheet", "部品表", "parts/部品表.xlsx", [text[:-1]], cells=cells)


def library() -> list[Json]:
    rules = make_document(
        "rules",
        "就業規則",
        "規程/就業規則.pdf",
        [
            "就業規則\n第1条 この規則は社員の就業について定める。\n第2条 社員は誠実に勤務する。",
            "第12条 年次有給休暇は入社6か月後に10日与える。\n第13条 休暇は3日前までに申請する。\n"
            "第14条 繰り越しは翌年度までとする。",
        ],
        heading="第3章 休暇",
    )
    slides = make_document(
        "slides", "安全教育", "教育/安全教育.pptx", ["安全教育 2026", "非常口は各階に2か所ある。"]
    )
    hostile = make_document("hostile", f"{SCRIPT}title", "misc/hostile.md", [f"Rule one. {SCRIPT} is a tag."])
    return [rules, _sheet(), slides, hostile]


@dataclass
class Planted:
    """An answer: sentences as (text, verdict, document, quoted words or None)."""

    keyword: str
    sentences: Sequence[tuple[str, str, str, str | None]]


ANSWERS = [
    Planted(
        "休暇",
        [
            (
                "年次有給休暇は入社6か月後に10日与えられます。",
                "supported",
                "rules",
                "年次有給休暇は入社6か月後に10日与える。",
            ),
            ("申請は3日前までに行います。", "partly", "rules", "休暇は3日前までに申請する。"),
            ("半日単位でも取得できます。", "unsupported", "rules", None),
        ],
    ),
    Planted(
        "単価", [("AB-1234Xの単価は12,000円です。", "supported", "sheet", "AB-1234X\t圧力センサー\t12,000円")]
    ),
    Planted(
        "非常口", [("非常口は各階に2か所あります。", "supported", "slides", "非常口は各階に2か所ある。")]
    ),
    Planted("script", [(f"It says {SCRIPT} here.", "supported", "hostile", f"Rule one. {SCRIPT} is a tag.")]),
]


def draw_page(document: Json, number: int, scale: float) -> bytes:
    """A page as PNG, each character at the place that `line_boxes` says."""
    page = document["pages"][number - 1]
    image = Image.new("RGB", (int(WIDTH * scale), int(HEIGHT * scale)), "white")
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(document["text"][page["start"] : page["end"]].split("\n")):
        for column, sign in enumerate(line):
            at = ((_LEFT + column * _SIZE) * scale, (_TOP + row * _LINE) * scale)
            draw.text(at, sign, fill="black", font=_font(scale))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def line_boxes(document: Json, start: int, end: int) -> list[Json]:
    """One box for each line that the span touches, in points."""
    boxes = []
    for page in document["pages"]:
        offset = page["start"]
        for row, line in enumerate(document["text"][page["start"] : page["end"]].split("\n")):
            low, high = max(start, offset) - offset, min(end, offset + len(line)) - offset
            if low < high:
                left, top = _LEFT + low * _SIZE, _TOP + row * _LINE
                right = _LEFT + high * _SIZE
                boxes.append({"page": page["number"], "x0": left, "y0": top, "x1": right, "y1": top + 16})
            offset += len(line) + 1
    return boxes
