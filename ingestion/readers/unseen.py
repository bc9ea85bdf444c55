"""Text of Word, PowerPoint and web files that nobody sees on the page: white, or in tiny letters.

White letters on a dark ground look the same from here, so this is a reason for doubt and never a proof. What
the files themselves call hidden is no part of the text, see the readers.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree, html

from ingestion.documents import Document, Span
from ingestion.normalizing import normalize
from ingestion.zip_errors import ZIP_ERRORS

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_WORD_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml$")
_SLIDE_PARTS = re.compile(r"ppt/(?:slides|notesSlides)/[^/]+\.xml$")
_LIGHT = re.compile(r"(?:F[0-9A-F]){3}$", re.IGNORECASE)
_STYLE = re.compile(
    r"(?:^|;|\s)(?:color\s*:\s*(?:#fff(?:fff)?\b|white\b|transparent\b|rgba?\(\s*255\s*,\s*255\s*,\s*255)"
    r"|font-size\s*:\s*0*[0-2](?:\.\d+)?\s*(?:px|pt)|opacity\s*:\s*0(?:\.0\d*)?\s*(?:;|$))",
    re.IGNORECASE,
)
_TINY_HALF_POINTS = 5
_TINY_HUNDREDTHS = 250
_SHORTEST = 6  # characters; shorter pieces say nothing and stand everywhere
_MOST_BYTES = 64 << 20
_MOST = 2000


def with_hidden(path: Path, document: Document) -> Document:
    """`document`, read from `path`, with its `hidden`; a file that cannot be looked into stays as it is."""
    find = {"docx": _word, "pptx": _slides, "html": _page}[document.format]
    try:
        spans = sorted(set(_places(document.text, find(path))), key=lambda span: span.start)
    except (*ZIP_ERRORS, etree.LxmlError, OSError, ValueError):
        return document  # it was read by other means, or mended: its text is judged as if all of it were seen
    return replace(document, hidden=(*document.hidden, *spans)) if spans else document


def _places(text: str, unseen: Iterator[str]) -> Iterator[Span]:
    for count, raw in enumerate(unseen):
        piece = normalize(raw).text.strip()
        if count >= _MOST:
            return
        if len(piece) >= _SHORTEST and (start := text.find(piece)) >= 0:
            yield Span(start, start + len(piece))


def _word(path: Path) -> Iterator[str]:
    for root in _parts(path, _WORD_PARTS):
        for paragraph in root.iter(f"{_W}p"):
            yield from _joined((_run_text(run), _unseen_run(run)) for run in paragraph.iter(f"{_W}r"))


def _run_text(run: etree._Element) -> str:
    return "".join(text.text or "" for text in run.iter(f"{_W}t"))


def _unseen_run(run: etree._Element) -> bool:
    colour, size = run.find(f"{_W}rPr/{_W}color"), run.find(f"{_W}rPr/{_W}sz")
    light = colour is not None and _LIGHT.match(str(colour.get(f"{_W}val"))) is not None
    return light or (size is not None and _number(size.get(f"{_W}val")) <= _TINY_HALF_POINTS)


def _slides(path: Path) -> Iterator[str]:
    for root in _parts(path, _SLIDE_PARTS):
        for paragraph in root.iter(f"{_A}p"):
            yield from _joined(
                ("".join(text.text or "" for text in run.iter(f"{_A}t")), _unseen_piece(run))
                for run in paragraph.iter(f"{_A}r")
            )


def _unseen_piece(run: etree._Element) -> bool:
    properties = run.find(f"{_A}rPr")
    if properties is None:
        return False
    colour = properties.find(f"{_A}solidFill/{_A}srgbClr")
    light = colour is not None and _LIGHT.match(str(colour.get("val"))) is not None
    return light or _number(properties.get("sz")) <= _TINY_HUNDREDTHS


def _page(path: Path) -> Iterator[str]:
    root = html.fromstring(path.read_bytes()[:_MOST_BYTES])
    for element in root.iterfind(".//*[@style]"):
        if _STYLE.search(element.get("style") or ""):
            yield " ".join(str(element.text_content()).split())


def _joined(runs: Iterator[tuple[str, bool]]) -> Iterator[str]:
    """Texts of unseen runs that follow one another, as one."""
    together = ""
    for text, unseen in runs:
        if unseen:
            together += text
        elif together:
            yield together
            together = ""
    if together:
        yield together


def _parts(path: Path, names: re.Pattern[str]) -> Iterator[etree._Element]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    with zipfile.ZipFile(path) as package:
        for info in package.infolist():
            if names.match(info.filename) and info.file_size <= _MOST_BYTES:
                yield etree.fromstring(package.read(info), parser)


def _number(value: str | None) -> float:
    try:
        return float(value) if value is not None else float("inf")
    except ValueError:
        return float("inf")
