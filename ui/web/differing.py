"""Two answers to one question side by side, with what differs marked. Knows no Streamlit."""

from __future__ import annotations

import html
import re
from difflib import SequenceMatcher

from assistant.answers import Language
from ui.texts import t

Part = tuple[str, bool]
"""A piece of a text, and whether it stands in this text only."""

_PIECE = re.compile(r"[A-Za-zÀ-ÿ]+|\d+|\s+|.", re.DOTALL)
_LONGEST = 4000
"""Pieces: longer answers are compared as wholes, because comparing takes the square of the time."""


def different_parts(base: str, tuned: str) -> tuple[list[Part], list[Part]]:
    """Both texts in pieces, in order. Words of letters and numbers differ as a whole, other signs alone."""
    first, second = _PIECE.findall(base), _PIECE.findall(tuned)
    if base == tuned:
        return _whole(base, other=False), _whole(tuned, other=False)
    if max(len(first), len(second)) > _LONGEST:
        return _whole(base, other=True), _whole(tuned, other=True)
    left: list[Part] = []
    right: list[Part] = []
    # Without autojunk: it would take frequent signs (の, 。) for noise.
    for tag, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if b > a:
            left.append(("".join(first[a:b]), tag != "equal"))
        if d > c:
            right.append(("".join(second[c:d]), tag != "equal"))
    return left, right


def _whole(text: str, *, other: bool) -> list[Part]:
    return [(text, other)] if text else []


def beside_html(base: str, tuned: str, language: Language) -> str:
    """Both answers beside each other; everything in them is escaped."""
    left, right = different_parts(base, tuned)
    columns = [
        f"<div><span>{html.escape(t(language, 'gate', name))}</span>"
        f'<div class="k-claim">{_marked(parts, name) or "–"}</div></div>'
        for name, parts in (("base", left), ("tuned", right))
    ]
    return f'<div class="k-beside">{"".join(columns)}</div>'


def _marked(parts: list[Part], side: str) -> str:
    return "".join(
        f'<span class="k-part {side}_only">{html.escape(text)}</span>' if other else html.escape(text)
        for text, other in parts
    )
