"""A chunk's text with its context in front, for embedding and for lexical search; never stored or quoted.

`context` is what a piece of a table is read with (Chunk.context); both searches take it.
Lexical search takes title and headings, vectors only the title: what looks like a heading in reports and
slides often is none, which weighted words survive and a vector does not (page_hit@1 of 173 questions over
PDFs: dense 0.520 with headings, 0.555 without; BM25 0.694 with, 0.665 without).
"""

from __future__ import annotations

from collections.abc import Sequence


def embedding_text(title: str, text: str, context: str = "") -> str:
    """What is embedded for a chunk."""
    return contextual_text(title, (), text, context)


def contextual_text(title: str, heading_path: Sequence[str], text: str, context: str = "") -> str:
    """Title, headings and context, then the text. A line that repeats what is there is left out."""
    lines: list[str] = []
    for line in (title, *heading_path, *context.splitlines()):
        line = line.strip()
        if line and line not in lines and not text.startswith(line):
            lines.append(line)
    return "\n".join([*lines, text])
