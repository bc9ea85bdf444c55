"""Text in one form for the rules, character for character, so that places stay what they are."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LONG_MARK = re.compile("(?<=[0-9])ー(?=[0-9])")
_HYPHENS = "‐‑‒–—―−－﹣"
_SPACES = "\u00a0\u2002\u2003\u2009\u202f\u3000"


def folded(text: str) -> str:
    """`text` with full-width letters, digits and signs as ASCII; as long as before."""
    return _LONG_MARK.sub("-", text.translate(_table()))


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    table = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFF01, 0xFF5F)}
    table |= {ord(hyphen): "-" for hyphen in _HYPHENS}
    table |= {ord(space): " " for space in _SPACES}
    return table
