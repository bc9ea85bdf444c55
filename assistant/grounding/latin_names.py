"""Names in Latin letters that a Japanese claim says and its passages do not: brands, species, products.

Compared as whole words without regard to case, spaces, hyphens and plurals (Wi-Fi, WiFi), and with what
katakana makes of them (Excel, エクセル).
"""

from __future__ import annotations

import re
import unicodedata

_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9'&.+-]*[A-Za-z0-9]")
_WORD = re.compile(r"[A-Za-z0-9\u00c0-\u017f]+")
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

_ROWS = {
    "k": "カキクケコヵヶ", "g": "ガギグゲゴ", "s": "サシスセソザジズゼゾヂヅ", "t": "タチツテト",
    "d": "ダデド", "n": "ナニヌネノン", "h": "ハヒフヘホ", "b": "バビブベボヴ", "p": "パピプペポ",
    "m": "マミムメモ", "r": "ラリルレロ",
}  # fmt: skip
_CONSONANT = {kana: consonant for consonant, row in _ROWS.items() for kana in row}
_AS_HEARD = (
    (re.compile("tion|sion"), "sn"), (re.compile("ch(?=[rl])"), "k"), (re.compile("ch"), "t"),
    (re.compile("c(?=[eiy])"), "s"),
    (re.compile("ck|[cq]"), "k"), (re.compile("x"), "ks"), (re.compile("th|sh"), "s"),
    (re.compile("ph|f"), "h"), (re.compile("gh"), "g"), (re.compile("[zj]|g(?=[eiy])"), "s"),
    (re.compile("v"), "b"),
    (re.compile(r"re?(?![aeiouy])"), ""), (re.compile("l"), "r"), (re.compile(r"[aeiouyw]"), ""),
    (re.compile("m(?=[bp])"), "n"), (re.compile(r"(.)\1+"), r"\1"),
)  # fmt: skip
"""English sounds as katakana has them, consonants alone; an r that ends a syllable lengthens its vowel."""
_FEWEST_SOUNDS = 3
_FEWEST_OF_LONG = 2  # where both are long: Google, グーグル
_LONG_NAME, _LONG_KANA = 5, 4


def lost_latin(claim: str, told: str) -> list[str]:
    """The names in Latin letters of `claim` that `told` does not have, as they are written, each once."""
    names = dict.fromkeys(match.group() for match in _NAME.finditer(claim))
    wanted = [name for name in names if len(name) >= (_SHORTEST if _has_capital(name) else _COMMON)]
    if not wanted:
        return []
    words, kana = _words(told), {match.group() for match in _KATAKANA.finditer(told)}
    return [name for name in wanted if not _stands(name, words) and not _heard(name, kana)]


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


def _heard(name: str, kana: set[str]) -> bool:
    """Whether a word in katakana sounds like `name`, by its consonants (エクセル: k, s, r)."""
    sounds = bare(name)
    for written, heard in _AS_HEARD:
        sounds = written.sub(heard, sounds)
    if len(sounds) < _FEWEST_SOUNDS:
        kana = {word for word in kana if len(word) >= _LONG_KANA and len(name) >= _LONG_NAME}
    return len(sounds) >= _FEWEST_OF_LONG and any(sounds == _consonants(word) for word in kana)


def _consonants(kana: str) -> str:
    heard = "".join(_CONSONANT.get(one, "") for one in kana)
    return re.sub(r"(.)\1+", r"\1", heard)
