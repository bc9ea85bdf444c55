"""The mojibake alarm of PDF pages: fonts whose characters are named wrongly, or not at all."""

from __future__ import annotations

import re

_ODD = re.compile(
    "[\x00-\x08\x0e-\x1f\x80-\x9f\u0180-\u036f\u03cf-\u03ff\u0460-\u052f\ue000-\uf8ff\ufff0-\uffff\U000f0000-\U0010ffff]"
)
_LATIN = re.compile("[\u00a1-\u00ff]")
_ASCII_LETTER = re.compile("[a-zA-Z]")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_LEAST_CHARACTERS = 20
_LEAST_LATIN = 15
_LATIN_SHARE = 0.4
"""Of the plain letters: languages with many accents reach 0.2."""


def looks_garbled(text: str) -> bool:
    """Whether a page is mostly private-use, replacement or oddly mixed characters.

    Bytes of Japanese characters that were taken for those of Latin-1 give accents and signs without letters.
    """
    visible = len(re.sub(r"\s", "", text))
    if visible < _LEAST_CHARACTERS:
        return False
    if len(_ODD.findall(text)) * 4 > visible:
        return True
    latin = len(_LATIN.findall(text))
    letters = len(_ASCII_LETTER.findall(text))
    return latin >= _LEAST_LATIN and latin > _LATIN_SHARE * letters and latin > len(_CJK.findall(text))
