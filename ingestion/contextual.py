"""A chunk's text with its context in front, for embedding and for lexical search; never stored or quoted."""

from __future__ import annotations

from collections.abc import Sequence


def contextual_text(title: str, heading_path: Sequence[str], text: str) -> str:
    """Title and headings, one a line, then the text. A heading that repeats what is there is left out."""
    lines: list[str] = []
    for line in (title, *heading_path):
        line = line.strip()
        if line and line not in lines and not text.startswith(line):
            lines.append(line)
    return "\n".join([*lines, text])
