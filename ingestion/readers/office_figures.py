"""Pictures in Word and PowerPoint files: which part of the package each is, where it stands, its caption.

Pictures are only named here; `figure_images.py` takes them out. What lies outside of the file is not fetched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from ingestion.documents import Document, Figure, Span
from ingestion.figure_images import FIGURE_SUFFIXES
from ingestion.normalizing import normalize
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.safe_xml import local_name

CAPTION = re.compile(
    r"^\s*(?:図表?|表|写真|グラフ|資料|画像|Fig(?:ure|\.)?|Table|Photo|Chart)\s*[0-9０-９A-Z]", re.IGNORECASE
)
"""How captions begin."""

LONGEST_CAPTION = 120
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_VML = "{urn:schemas-microsoft-com:vml}"
_ALT = "Alt text: "
_NO_ALT = re.compile(
    r"automatically generated|自動的に生成|\.(?:png|jpe?g|gif|bmp|[ew]mf|tiff?|svg|webp)$|^https?:"
    r"|^(?:図|図形|画像|写真|グラフィックス|picture|image|graphic)?\s*[0-9]*$",
    re.IGNORECASE,
)
"""What programs write themselves where people wrote nothing."""

_LEAST_EMU = 508_000  # 40 points
_LEAST_POINTS = 40.0
_LENGTH = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*([0-9.]+)(pt|in|cm|mm)?")
_POINTS = {"pt": 1.0, "in": 72.0, "cm": 28.35, "mm": 2.835, "": 0.75}
_MOST = 1000
_OFTEN = 3
_REACH = 4000
"""Characters before and after a picture in which its caption is looked for."""


@dataclass(frozen=True, slots=True)
class _Noted:
    figure: Figure
    captions: tuple[str, ...]
    alt: Span | None


class Pictures:
    """Notes pictures while a document is built, and adds them to it when it is done."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._noted: list[_Noted] = []
        self._outside = 0
        self._unknown: Counter[str] = Counter()

    def add(self, element: Any, part: Any, captions: Sequence[str] = ()) -> None:
        """Note the picture that `element` (a:blip or v:imagedata) of a package's part shows.

        It stands where the text ends now. `captions` are texts that may be its caption, the best first. What
        its author wrote for those who cannot see it becomes a line of text.
        """
        relation = part.rels.get(element.get(f"{_RELATION}embed") or element.get(f"{_RELATION}id") or "")
        if relation is None or relation.is_external:
            self._outside += bool(relation is not None or element.get(f"{_RELATION}link"))
            return
        name = str(relation.target_part.partname).lstrip("/")
        suffix = PurePosixPath(name).suffix.lower()
        if _is_small(element) or len(self._noted) >= _MOST:
            return
        if suffix not in FIGURE_SUFFIXES:
            self._unknown[suffix.lstrip(".") or "?"] += 1
            return
        at, alt = self._builder.length, None
        if words := _alt_text(element):
            line = self._builder.line(_ALT + words)
            alt = Span(line.start + len(_ALT), line.end)
        self._noted.append(_Noted(Figure(self._builder.page, at, at, name=name), tuple(captions), alt))

    def warn(self) -> None:
        """Tell of pictures that are not shown. To be called before the document is built."""
        if self._outside:
            self._builder.warnings.append(f"pictures outside of the file were not fetched: {self._outside}")
        if self._unknown:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self._unknown.items()))
            self._builder.warnings.append(f"pictures of these kinds cannot be shown: {kinds}")

    def into(self, document: Document) -> Document:
        """`document` with its figures; pictures that come again and again (logos) are left out."""
        often = max(_OFTEN, len(document.pages) // 4)
        counts = Counter(noted.figure.name for noted in self._noted)
        kept = [noted for noted in self._noted if counts[noted.figure.name] <= often]
        figures = tuple(_placed(document, noted) for noted in kept)
        hidden = tuple(noted.alt for noted in self._noted if noted.alt is not None)
        return replace(document, figures=figures, hidden=(*document.hidden, *hidden))


def pictures_in(element: Any) -> Iterator[Any]:
    """The elements below `element` that show a picture; of two ways to show the same only the newer one."""
    for found in element.iter(f"{_DRAWING}blip", f"{_VML}imagedata"):
        if not any(
            local_name(above) in ("Fallback", "del", "moveFrom", "buBlip") for above in found.iterancestors()
        ):
            yield found


def is_caption(text: str, *, styled: bool = False) -> bool:
    """Whether a paragraph can be a caption: it begins like one, or has the style of one."""
    return 0 < len(text.strip()) <= LONGEST_CAPTION and (styled or CAPTION.match(text) is not None)


def _placed(document: Document, noted: _Noted) -> Figure:
    at = noted.figure.start
    page = next((page for page in document.pages if page.number == noted.figure.page), None)
    low, high = (page.start, page.end) if page else (0, len(document.text))
    low, high = max(low, at - _REACH), min(high, at + _REACH)
    for caption in noted.captions:
        for wanted in (normalize(caption).text.strip(), clean_line(caption)):
            places = [match.start() for match in re.finditer(re.escape(wanted), document.text[low:high])]
            if wanted and places:
                start = low + min(places, key=lambda place: abs(low + place - at))
                return replace(noted.figure, start=start, end=start + len(wanted))
    return replace(noted.figure, start=noted.alt.start, end=noted.alt.end) if noted.alt else noted.figure


def _alt_text(element: Any) -> str:
    for above in element.iterancestors():
        if text := clean_line(_described(above)):
            return "" if len(text) < 4 or _NO_ALT.search(text) else text
        if local_name(above) in ("p", "spTree", "tc"):
            break
    return ""


def _described(element: Any) -> str:
    """The alternative text that a drawing, a shape on a slide or an old drawing has itself."""
    if local_name(element) == "shape" and element.tag.startswith(_VML):
        return str(element.get("alt") or "")
    for child in element:
        name = local_name(child)
        if name == "docPr":
            return str(child.get("descr") or "")
        if name in ("nvPicPr", "nvSpPr", "nvGraphicFramePr"):
            return next((str(one.get("descr") or "") for one in child if local_name(one) == "cNvPr"), "")
    return ""


def _is_small(element: Any) -> bool:
    """Whether the picture is an icon or a line, judged by the size in which it is shown."""
    for above in element.iterancestors():
        if local_name(above) in ("inline", "anchor"):
            size = next((child for child in above if local_name(child) == "extent"), None)
            return size is not None and _below(size)
        if local_name(above) == "pic":
            size = next((one for one in above.iter(f"{_DRAWING}ext") if one.get("cx")), None)
            if size is not None and _below(size):
                return True
        if above.tag == f"{_VML}shape":
            lengths = [
                float(value) * _POINTS[unit] for _, value, unit in _LENGTH.findall(above.get("style") or "")
            ]
            return bool(lengths) and min(lengths) < _LEAST_POINTS
    return False


def _below(size: Any) -> bool:
    try:
        return min(int(size.get("cx", 0)), int(size.get("cy", 0))) < _LEAST_EMU
    except ValueError:
        return False
