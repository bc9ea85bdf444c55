"""The mojibake alarm of PDF pages: fonts whose characters are named wrongly, or not at all."""

from __future__ import annotations

import re

_ODD = re.compile(
    "[\x00-\x08\x0e-\x1f\x80-\x9f\u0180-\u036f\u03cf-\u03ff\u0460-\u052f\ue000-\uf8ff\ufff0-\uffff\U000f0000-\U0010ffff]"
)
_LEAST_CHARACTERS = 20


def looks_garbled(text: str) -> bool:
    """Whether a page is mostly private-use, replacement or oddly mixed characters."""
    visible = len(re.sub(r"\s", "", text))
    return visible >= _LEAST_CHARACTERS and len(_ODD.findall(text)) * 4 > visible
