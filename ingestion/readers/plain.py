"""Plain text and Markdown: the text is kept as it is, with a map back to the decoded characters."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ingestion.decoding import decode
from ingestion.documents import Document, Heading, Page
from ingestion.errors import ReadError
from ingestion.normalizing import Normalized, normalize
from ingestion.readers.markdown_tables import markdown_tables

_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.{0,200}?)[ \t]*#*[ \t]*$", re.MULTILINE)
_SETEXT = re.compile(r"^(?![ \t]*[-=>#|])([^\n]{1,200})\n(=+|-{2,})[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)


def read_text(path: Path) -> Document:
    """A text file."""
    normal, properties, warnings = _read(path)
    return _document(normal, "txt", (), None, properties, warnings)


def read_markdown(path: Path) -> Document:
    """A Markdown file with its headings; the signs of the mark-up stay in the text."""
    normal, properties, warnings = _read(path)
    headings = markdown_headings(normal.text)
    front = _FRONT_MATTER.match(normal.text)
    named = _FRONT_TITLE.search(front.group(1)) if front else None
    title = named.group(1).strip(" \"'") if named else None
    if title is None and headings and headings[0].level == 1:
        title = headings[0].title
    document = _document(normal, "md", headings, title, properties, warnings)
    return replace(document, tables=markdown_tables(normal.text, _blocked(normal.text)))


def markdown_headings(text: str) -> tuple[Heading, ...]:
    """The headings of Markdown text, outside code blocks and the front matter."""
    blocked = _blocked(text)
    found = [Heading(len(m.group(1)), m.start(), m.end(), m.group(2)) for m in _ATX.finditer(text)]
    for match in _SETEXT.finditer(text):
        if not match.group(1).strip():
            continue
        level = 1 if match.group(2).startswith("=") else 2
        found.append(Heading(level, match.start(1), match.end(1), match.group(1).strip()))
    free = [h for h in found if not any(start <= h.start < end for start, end in blocked)]
    return tuple(sorted(free, key=lambda heading: heading.start))


def _blocked(text: str) -> list[tuple[int, int]]:
    """Where signs mean nothing: code blocks and the front matter."""
    blocked = [match.span() for match in _FENCE.finditer(text)]
    if front := _FRONT_MATTER.match(text):
        blocked.append(front.span())
    return blocked


def _read(path: Path) -> tuple[Normalized, dict[str, str], tuple[str, ...]]:
    decoded = decode(path.read_bytes())
    normal = normalize(decoded.text)
    if not normal.text.strip():
        raise ReadError("it holds no text.")
    return normal, {"encoding": decoded.encoding}, (decoded.warning,) if decoded.warning else ()


def _document(
    normal: Normalized,
    format: str,
    headings: tuple[Heading, ...],
    title: str | None,
    properties: dict[str, str],
    warnings: tuple[str, ...],
) -> Document:
    return Document(
        text=normal.text,
        format=format,
        pages=(Page(1, 0, len(normal.text)),),
        headings=headings,
        origins=normal.origins,
        title=title,
        properties=properties,
        warnings=warnings,
    )
