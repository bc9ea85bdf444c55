"""Raw text becomes normalised text, with a map back to the raw characters.

The result equals two steps over the whole text: `clean` (line ends, control characters, a few signs that NFKC
leaves in several forms), then Unicode NFKC. The map is kept by normalising only short segments that no
composition can cross, so most of a text is copied as it is.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingestion.documents import Offsets


@dataclass(frozen=True, slots=True)
class Normalized:
    """`origins[i]` is the index of a raw character that `text[i]` was made from; it never falls."""

    text: str
    origins: Offsets


# Japanese fonts in PDF files often map their glyphs to radicals, which NFKC keeps apart from the letters.
_RADICALS = dict(
    zip(
        "⺁⺇⺌⺎⺏⺐⺒⺓⺔⺖⺘⺙⺛⺝⺟⺠⺡⺢⺣⺤⺥⺦⺨⺩⺫⺬⺭⺮⺯⺰⺱⺹⺻⺼⺾⻁⻂⻃⻄⻅⻆⻈⻉⻊⻌⻍⻏⻐⻑⻒⻓⻖⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂几小尣尢尣巳幺彑忄扌攵无月母民氵氺灬爫爫丬犭王目示礻竹糸纟罓耂肀月艹虎衤覀西见角讠贝足辶辶邑钅長镸长阝青韦页风飞食食飠饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龟亀龟",
        strict=True,
    )
)
_CIRCLED = {chr(0x2460 + n): f"({n + 1})" for n in range(20)}
_CIRCLED |= {chr(0x3251 + n): f"({n + 21})" for n in range(15)}
_CIRCLED |= {chr(0x32B1 + n): f"({n + 36})" for n in range(15)}

_ONE_TO_ONE = {
    "\r": "\n",
    "\v": "\n",
    "\f": "\n",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    "～": "〜",  # CP932 reads the wave dash as a full-width tilde, other encodings as what it is
    "\u2010": "-",  # hyphens and minus signs of product codes and numbers: one form finds them all
    "\u2011": "-",
    "\u2212": "-",
    **_RADICALS,
}
# Circled numbers would melt into what follows: "①2024年" must not become "12024年".
_ONE_TO_MANY = _CIRCLED

_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_CARRIAGE = re.compile("\r(?=\n)")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# Characters that NFKC keeps and that never combine with the one before them.
_STABLE = (
    "\t\n\x20-\x7e\u00a1-\u00a7\u00a9\u00ab\u00ac\u00ae\u00b0\u00b1\u00b6\u00b7\u00bb\u00bf-\u0131"
    "\u0370-\u0373\u0375-\u0377\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f"
    "\u2012-\u2016\u2018-\u201f\u2020-\u2023\u2030-\u2032\u203b\u2190-\u21ff\u2200-\u222b\u2500-\u2775"
    "\u3001-\u3029\u3030-\u3035\u3041-\u3096\u309d\u309e\u30a0-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\ufffd"
)
_CHANGING = re.compile(f"[^{_STABLE}]+")


@lru_cache(maxsize=1)
def _same_length_table() -> dict[int, str]:
    """Characters that become exactly one other, whatever stands around them, among the frequent ones."""
    table = {ord(raw): clean for raw, clean in _ONE_TO_ONE.items()}
    for code in (0xA0, 0x3000, *range(0xFF01, 0xFF5E), *range(0xFF5F, 0xFF9E), *range(0xFFE0, 0xFFE7)):
        character = unicodedata.normalize("NFKC", chr(code))
        if len(character) == 1 and character != chr(code):
            table[code] = character
    for raw, clean in _RADICALS.items():
        table[ord(raw)] = clean
    table[0xFF0D] = "-"
    return table


def clean(raw: str) -> str:
    """What `normalize` does before NFKC, as a plain function of the text."""
    text = _CARRIAGE.sub("", raw)
    text = _LONE_SURROGATE.sub("\ufffd", _DROPPED.sub("", text))
    return "".join(_ONE_TO_MANY.get(c) or _ONE_TO_ONE.get(c, c) for c in text)


def normalize(raw: str) -> Normalized:
    """The normalised text of `raw` and its map back: `text == NFKC(clean(raw))`."""
    kept, origins = _drop(raw)
    if kept.isascii() and not any(c in kept for c in "\r\v\f"):
        return Normalized(kept, origins)
    kept = _LONE_SURROGATE.sub("\ufffd", kept).translate(_same_length_table())
    pieces: list[str] = []
    maps: list[Offsets] = []
    done = 0
    for match in _CHANGING.finditer(kept):
        start = max(match.start() - 1, done)  # the character before may take up a combining mark
        pieces.append(kept[done:start])
        maps.append(origins[done:start])
        text, sources = _normalize_run(kept[start : match.end()])
        pieces.append(text)
        maps.append(origins[start : match.end()][sources])
        done = match.end()
    if not pieces:
        return Normalized(kept, origins)
    pieces.append(kept[done:])
    maps.append(origins[done:])
    return Normalized("".join(pieces), np.concatenate(maps))


def normalize_query(text: str) -> str:
    """A question or search words in the form that documents have, on one line."""
    return " ".join(normalize(text).text.split())


def _drop(raw: str) -> tuple[str, Offsets]:
    origins = np.arange(len(raw), dtype=np.int32)
    gone = [match.start() for match in _DROPPED.finditer(raw)]
    gone += [match.start() for match in _CARRIAGE.finditer(raw)]
    if not gone:
        return raw, origins
    keep = np.ones(len(raw), dtype=np.bool_)
    keep[gone] = False
    return _DROPPED.sub("", _CARRIAGE.sub("", raw)), origins[keep]


def _normalize_run(run: str) -> tuple[str, list[int]]:
    """NFKC of `run` and, for each character of the result, an index into `run`."""
    text: list[str] = []
    sources: list[int] = []
    start = 0
    while start < len(run):
        end = start + 1
        while end < len(run) and _continues(run[end]):
            end += 1
        piece, origins = _normalize_segment(run[start:end])
        text.append(piece)
        sources.extend(start + origin for origin in origins)
        start = end
    return "".join(text), sources


@lru_cache(maxsize=4096)
def _normalize_segment(segment: str) -> tuple[str, tuple[int, ...]]:
    replaced = [_ONE_TO_MANY.get(c, c) for c in segment]
    text = unicodedata.normalize("NFKC", "".join(replaced))
    if len(segment) == 1:
        return text, (0,) * len(text)
    return text, _trace(text, [unicodedata.normalize("NFKD", c) for c in replaced])


def _trace(text: str, parts: list[str]) -> tuple[int, ...]:
    """For each character of `text`, the next of `parts` that holds its base letter."""
    sources: list[int] = []
    at = 0
    for character in text:
        base = unicodedata.normalize("NFKD", character)[0]
        at = next((i for i in range(at, len(parts)) if base in parts[i]), at)
        sources.append(at)
    return tuple(sources)


@lru_cache(maxsize=4096)
def _continues(character: str) -> bool:
    """Whether `character` may combine with, or be reordered among, what stands before it."""
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.combining(first) != 0 or first in _seconds()


@lru_cache(maxsize=1)
def _seconds() -> frozenset[str]:
    """Starters that compose with the character before them: Hangul vowels and finals, some Indic vowels."""
    found = {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for code in (*range(0x0900, 0x1200), *range(0x1B00, 0x1C00), *range(0x11000, 0x12000), 0x16D67):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            found.add(chr(int(parts[1], 16)))
    return frozenset(found)
