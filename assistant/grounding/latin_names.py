"""Names in Latin letters that a Japanese claim says and its passages do not: brands, species, products.

Compared as whole words without regard to case, spaces, hyphens and plurals (Wi-Fi, WiFi), and with what
katakana makes of them (Excel, エクセル; heard_names.py).
"""

from __future__ import annotations

import re
import unicodedata

from assistant.grounding.heard_names import sounds_like

_LETTER = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f"
_NAME = re.compile(rf"(?<![{_LETTER}0-9])[{_LETTER}][{_LETTER}0-9'&.+-]*[{_LETTER}0-9]")
_WORD = re.compile(rf"[{_LETTER}0-9]+")
_KATAKANA = re.compile(r"[ァ-ヴー]+")
_BETWEEN = re.compile(r"[\W_]+")
_ACCENT = re.compile(r"[\u0300-\u036f]")
_LONG = re.compile(r"(?<=o)[ou]|(?<=u)u")
_SHORTEST = 4
"""Characters of a name. Shorter ones are abbreviations and units, which texts write in several ways.

Of 36 true Japanese claims with a longer one that evidence has to name, none was held to lack it.
"""
_COMMON = 6  # characters of a name without a capital letter: shorter ones are units (kcal)
_MOST_WORDS = 4  # that one name is written in at most: Wi-Fi is two


def lost_latin(claim: str, told: str) -> list[str]:
    """The names in Latin letters of `claim` that `told` does not have, as they are written, each once."""
    names = dict.fromkeys(match.group() for match in _NAME.finditer(claim))
    wanted = [name for name in names if len(name) >= (_SHORTEST if _has_capital(name) else _COMMON)]
    if not wanted:
        return []
    words, kana = _words(told), {match.group() for match in _KATAKANA.finditer(told)}
    lost = [name for name in wanted if not _stands(name, words)]
    return [name for name in lost if not any(sounds_like(name, word) for word in kana)]


def is_named(name: str, text: str) -> bool:
    """Whether `text` has `name` as whole words: Nova is not in Innovation."""
    return _stands(name, _words(text))


def _words(text: str) -> list[str]:
    return [bare(word) for word in _WORD.findall(unicodedata.normalize("NFKC", text))]


def _stands(name: str, words: list[str]) -> bool:
    wanted = "".join(map(bare, _WORD.findall(name)))
    return bool(wanted) and any(_begins(words, start, wanted) for start in range(len(words)))


def _begins(words: list[str], start: int, wanted: str) -> bool:
    """Whether words from `start` on make `wanted`, or its plural."""
    joined = ""
    for word in words[start : start + _MOST_WORDS]:
        joined += word
        if joined in (wanted, f"{wanted}s", f"{wanted}es") or f"{joined}s" == wanted:
            return True
        if not wanted.startswith(joined):
            return False
    return False


def bare(text: str) -> str:
    """Letters and digits alone, without accents, and long vowels of romanised names short (Tentō, Tentou)."""
    letters = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFKD", text)))
    return _LONG.sub("", _BETWEEN.sub("", letters).lower())


def _has_capital(name: str) -> bool:
    return name != name.lower()
