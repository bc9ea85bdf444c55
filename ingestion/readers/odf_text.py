"""Inline text of OpenDocument: spaces and tabs by element, notes and comments apart, deletions out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingestion.readers.building import clean_line
from ingestion.readers.safe_xml import local_name

_LEFT_OUT = frozenset(
    (
        "note", "annotation", "annotation-end", "tracked-changes", "ruby-text", "text-box", "title", "desc",
        "object", "image", "bookmark", "forms", "hidden-text", "change", "script",
    )
)  # fmt: skip
_MOST_SPACES = 200
_BEGIN, _END = "\0(", "\0)"
_DELETED = re.compile("\0\\(.*?(?:\0\\)|$)", re.DOTALL)
"""Flat files keep the text of tracked deletions in its place, between two marks."""


def text_of(element: Any, hidden: frozenset[str]) -> str:
    """The text of one paragraph as it is shown. `hidden` are names of styles whose text nobody sees."""
    parts: list[str] = []
    _collect(element, hidden, parts, 0)
    return _DELETED.sub("", "".join(parts))


def _collect(element: Any, hidden: frozenset[str], parts: list[str], depth: int) -> None:
    if depth > 200 or _attribute(element, "style-name") in hidden:
        return
    parts.append(_spaced(element.text))
    for child in element:
        name = local_name(child)
        if name == "s":
            count = _attribute(child, "c")
            parts.append(" " * min(int(count) if count.isdigit() else 1, _MOST_SPACES))
        elif name == "tab":
            parts.append("\t")
        elif name == "line-break":
            parts.append("\n")
        elif name in ("change-start", "change-end") and _attribute(child, "change-id") in hidden:
            parts.append(_BEGIN if name == "change-start" else _END)
        elif name not in _LEFT_OUT and isinstance(child.tag, str):
            _collect(child, hidden, parts, depth + 1)
        parts.append(_spaced(child.tail))


def _spaced(text: str | None) -> str:
    """White space of the XML stands for one space (ODF 1.3, part 3, 6.1.2)."""
    if not text:
        return ""
    words = " ".join(text.split())
    before = " " if text[0].isspace() else ""
    after = " " if text[-1].isspace() and words else ""
    return f"{before}{words}{after}"


def note_lines(block: Any, hidden: frozenset[str], *, own: Any = None, place: str = "") -> Iterator[str]:
    """Footnotes, endnotes and comments in a block, each as one line; with `own` just that one.

    `place` is where the block is, to be named beside a comment's author.
    """
    for element in block.iter() if own is None else [own]:
        name = local_name(element)
        if name == "note":
            body = next((child for child in element if local_name(child) == "note-body"), None)
            if body is not None and (text := _paragraphs(body, hidden)):
                yield text
        elif name == "annotation":
            author = "".join(
                "".join(child.itertext()) for child in element if local_name(child) == "creator"
            ).strip()
            if text := _paragraphs(element, hidden):
                by = ", ".join(part for part in (clean_line(author), place) if part)
                yield f"Comment ({by}): {text}" if by else f"Comment: {text}"


def _paragraphs(parent: Any, hidden: frozenset[str]) -> str:
    texts = (text_of(child, hidden) for child in parent.iter() if local_name(child) in ("p", "h"))
    return clean_line(" ".join(texts))


def hidden_names(content: Any) -> frozenset[str]:
    """Names of automatic styles that hide text, sheets or slides, and ids of tracked deletions."""
    names: set[str] = set()
    for style in content.iter():
        if local_name(style) == "changed-region" and any(local_name(child) == "deletion" for child in style):
            names.add(_attribute(style, "id"))
        if local_name(style) != "style":
            continue
        for properties in style:
            for key, value in properties.attrib.items():
                name = key.rpartition("}")[2]
                of_text = local_name(properties) == "text-properties"
                if (name == "display" and value == ("none" if of_text else "false")) or (
                    name == "visibility" and value == "hidden"
                ):
                    names.add(_attribute(style, "name"))
    return frozenset(names - {""})


def _attribute(element: Any, name: str) -> str:
    return next((value for key, value in element.attrib.items() if key.endswith(f"}}{name}")), "")
