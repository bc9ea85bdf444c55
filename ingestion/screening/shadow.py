"""The text behind a disguise: without invisible characters and letter spacing, with a map back.

Instructions are hidden from filters as I G N O R E, 無 視 し て, with zero-width characters, with Cyrillic
letters that look Latin, or in Base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingestion.screening.folding import folded

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_WIDE = "一-龥ぁ-んァ-ヶー"
_SPACED = re.compile(
    r"(?<![^\W_])(?:[A-Za-z][ _.*-]){3,}[A-Za-z](?![^\W_])"
    rf"|(?<![{_WIDE}])(?:[{_WIDE}] ){{3,}}[{_WIDE}](?![{_WIDE}])"
)
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһАВЕКМНОРСТУХІЈЅ", "aeopcyxijsdhABEKMHOPCTYXIJS")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{16,4000}={0,2}")


@dataclass(frozen=True, slots=True)
class Shadow:
    """`text[i]` was at `places[i]` of the original; at `touched` places that had something else, or more."""

    text: str
    places: tuple[int, ...]
    touched: frozenset[int]


def shadow_of(text: str) -> Shadow:
    """What a model may read in `text`, in one form."""
    plain = folded(text)
    gone = {match.start() for match in _INVISIBLE.finditer(plain)}
    for match in _SPACED.finditer(plain):
        gone |= {i for i in range(match.start() + 1, match.end(), 2)}
    swapped = plain.translate(_LOOKALIKES) if _has_lookalikes(plain) else plain
    other = {i for i in range(len(plain)) if swapped[i] != plain[i]} if swapped != plain else set()
    places = tuple(i for i in range(len(text)) if i not in gone)
    return Shadow("".join(swapped[i] for i in places), places, frozenset(gone | other))


def encoded_texts(text: str) -> Iterator[tuple[int, int, str]]:
    """Runs of Base64 in `text` that hold readable text: (start, end, what they hold)."""
    for match in _BASE64.finditer(text):
        packed = match.group().rstrip("=")
        try:
            held = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if held.isprintable() and re.search(r"[^\W\d_]{3}", held):
            yield match.start(), match.end(), held


def _has_lookalikes(text: str) -> bool:
    """Latin and Cyrillic letters within one word: real Russian text stays what it is."""
    return re.search("[A-Za-z][аеорсухіјѕԁһ]|[аеорсухіјѕԁһАВЕКМНОРСТУХІЈЅ][A-Za-z]", text) is not None
