"""Whether a word in katakana is how a name in Latin letters sounds: Excel and エクセル, Zoom and ズーム.

Consonants tell long names. Two of them are too few (Miro, メール), so of short names the vowels are compared,
too, as far as English spelling tells them: a group of vowels stands for one of a few sounds, and katakana
puts a vowel behind each consonant that has none.
"""

from __future__ import annotations

import re
import unicodedata

_ROWS = {
    "k": "カキクケコヵヶ", "g": "ガギグゲゴ", "s": "サシスセソザジズゼゾヂヅ", "t": "タチツテト",
    "d": "ダデド", "n": "ナニヌネノン", "h": "ハヒフヘホ", "b": "バビブベボヴ", "p": "パピプペポ",
    "m": "マミムメモ", "r": "ラリルレロ",
}  # fmt: skip
_CONSONANT = {kana: consonant for consonant, row in _ROWS.items() for kana in row}
_COLUMNS = {
    "a": "アカガサザタダナハバパマヤラワ", "i": "イキギシジチヂニヒビピミリ",
    "u": "ウクグスズツヅヌフブプムユルヴ", "e": "エケゲセゼテデネヘベペメレ",
    "o": "オコゴソゾトドノホボポモヨロヲ",
}  # fmt: skip
_VOWEL = {kana: vowel for vowel, column in _COLUMNS.items() for kana in column}
_SMALL = dict(zip("ァィゥェォャュョ", "aiueoauo", strict=True))
"""Take the vowel of the kana before: ジャ is j and a."""

_CONSONANTS_HEARD = (
    (re.compile("tion|sion"), "sn"), (re.compile("ch(?=[rl])"), "k"), (re.compile("ch"), "t"),
    (re.compile("c(?=[eiy])"), "s"),
    (re.compile("ck|[cq]"), "k"), (re.compile("x"), "ks"), (re.compile("th|sh"), "s"),
    (re.compile("ph|f"), "h"), (re.compile("gh"), "g"), (re.compile("[zj]|g(?=[eiy])"), "s"),
    (re.compile("v"), "b"),
)  # fmt: skip
_ALONE = (
    (re.compile(r"re?(?![aeiouy])"), ""), (re.compile("l"), "r"), (re.compile(r"[aeiouyw]"), ""),
    (re.compile("m(?=[bp])"), "n"), (re.compile(r"(.)\1+"), r"\1"),
)  # fmt: skip
"""What is left of the consonants; an r that ends a syllable lengthens its vowel."""
_FEWEST_SOUNDS = 3
_FEWEST_OF_LONG = 2  # where both are long: Google, グーグル
_LONG_NAME, _LONG_KANA = 5, 4
_SHORTEST_KANA = 2

_PART = re.compile(
    r"(?P<silent>(?<=[b-df-hj-np-tv-z])e$)|(?P<long>(?<![aeiouy])[aeiou](?=[b-df-hj-np-tv-z]e$))|"
    r"(?P<plain>(?<![aeiouy])(?:[eo](?=[lr])|i(?=[lr]{2})|a$))|(?P<vowels>[aeiouy]+)|"
    r"(?P<consonant>[b-df-hj-np-tvxz])(?P=consonant)*|w"
)
_LONG_HEARD = {"a": "ei?", "e": "i", "i": "ai", "o": "o", "u": "u"}
"""Before a consonant and a silent e: Time is タイム, not チーム."""
_FIRST_HEARD = {
    "a": "ae", "e": "ei", "i": "ia", "o": "oua", "u": "uai", "y": "ia", "ea": "ie", "ee": "i", "oo": "u",
    "ou": "auo", "ai": "ea", "ay": "ea", "au": "oa", "oa": "o",
}  # fmt: skip
_TELL_ALONE = 5
"""Consonants that tell a name without its vowels."""
_LONGEST = 20  # letters: no name is longer, and patterns of such take for ever
_MOST_VOWELS = 3  # in a row
_VOWELS_HEARD = {
    "a": "[ae]i?", "e": "[ei]", "i": "a?i", "o": "[ou]", "u": "[ua]", "y": "a?i", "oo": "u", "ee": "i",
    "ea": "i", "ou": "(?:au|[ou])", "ai": "(?:ei?|ai)", "ay": "(?:ei?|ai)", "au": "(?:o|au)",
    "oa": "o", "ui": "u?i",
}  # fmt: skip


def sounds_like(name: str, kana: str) -> bool:
    """Whether `kana` (katakana) is what `name` (Latin letters) sounds like."""
    heard = "".join(char for char in unicodedata.normalize("NFKD", name).lower() if "a" <= char <= "z")
    for written, sound in _CONSONANTS_HEARD:
        heard = written.sub(sound, heard)
    consonants = heard
    for written, sound in _ALONE:
        consonants = written.sub(sound, consonants)
    same = consonants == _consonants(kana) and _are_enough(consonants, name, kana)
    if same and (len(consonants) >= _TELL_ALONE or _may_begin(heard, kana)):
        return True
    if not _FEWEST_SOUNDS <= len(heard) <= _LONGEST or len(kana) < _SHORTEST_KANA or not consonants:
        return False
    if any(len(run) > _MOST_VOWELS for run in re.findall("[aeiouy]+", heard)):
        return False
    return bool(_with_vowels(heard).fullmatch(_sounds(kana)))


def _may_begin(heard: str, kana: str) -> bool:
    """Whether the first vowel may be heard so: Excel is no アクセル, Meter no モーター.

    Of スラック that is ラ: as many consonants stand before it as the name begins with.
    """
    begins = re.match("([^aeiouy]*)([aeiouy]+)", heard)
    if begins is None:
        return True
    leading = len(re.sub(r"(.)\1+|w", r"\1", begins[1]))
    said = re.match(rf"(?:[aeiou]*[^aeiou]){{{leading}}}([aeiou])", _sounds(kana))
    return said is None or said[1] in _FIRST_HEARD.get(begins[2], "aiueo")


def _are_enough(consonants: str, name: str, kana: str) -> bool:
    both_long = len(kana) >= _LONG_KANA and len(name) >= _LONG_NAME
    return len(consonants) >= (_FEWEST_OF_LONG if both_long else _FEWEST_SOUNDS)


def _consonants(kana: str) -> str:
    return re.sub(r"(.)\1+", r"\1", "".join(_CONSONANT.get(one, "") for one in kana))


def _sounds(kana: str) -> str:
    """Consonants and vowels of katakana, long vowels short: ズーム is sumu."""
    found = ""
    for one in kana:
        if one in _SMALL:
            found = found[:-1] + _SMALL[one]
        else:
            found += _CONSONANT.get(one, "") + _VOWEL.get(one, "")
    return found


def _with_vowels(heard: str) -> re.Pattern[str]:
    """What katakana may make of a name whose consonants are replaced already."""
    parts = []
    for part in _PART.finditer(heard):
        if part["silent"]:
            parts.append("[uoi]?")
        elif part["long"]:
            parts.append(_LONG_HEARD[part["long"]])
        elif part["plain"]:
            parts.append(part["plain"])
        elif part["vowels"]:
            parts.append(_VOWELS_HEARD.get(part["vowels"], "".join(f"{one}?" for one in part["vowels"])))
        elif part["consonant"]:
            parts.append(part["consonant"].replace("l", "r") + "[uoi]?")
    return re.compile("".join(parts))
