"""What says a number without being one (半年, three million), turns one around (△), or says per what it is.

Works on NFKC text. Does not read 無料 as 0円: documents say that in too many other words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from ingestion.dates import english_lower

Phrase = tuple[int, int, Fraction, str]
"""Start, end, value in base units, base unit."""

ENGLISH = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "once": 1, "twice": 2,
}  # fmt: skip
ENGLISH_SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "bn": 10**9, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_OF_MONEY = {"k": 10**3, "m": 10**6, "b": 10**9}
"""Letters behind an amount that its currency is written before: $3M."""

_PHRASES: tuple[tuple[str, Fraction, str], ...] = (
    ("半年間?|half[- ](?:a )?year", Fraction(6), "month"),
    ("(?<!第[0-9一二三四])(?<![0-9]{4})四半期(?!報告)", Fraction(3), "month"),
    ("半日|half[- ](?:a )?day", Fraction(1, 2), "day"),
    ("half[- ](?:an )?hour", Fraction(1800), "second"),
    ("半額|半数|半分|half[- ]price", Fraction(50), "percent"),
    (r"全額|\bfull amount|\bin full\b", Fraction(100), "percent"),
)
_PHRASE = re.compile("|".join(f"({words})" for words, _, _ in _PHRASES), re.IGNORECASE)
_PART = re.compile(
    "(?P<whole>(?<![0-9])[0-9]{1,9}|(?<![二三四五六七八九十百])[二三四五六七八九十百]{1,9})分の"
    "(?P<part>[0-9]{1,9}(?![0-9])|[一二三四五六七八九十百]{1,9})(?!間)"
)

_QUARTER = re.compile(
    r"第(?P<ja>[1-4一二三四])四半期|(?<![A-Za-z0-9.])(?:Q(?P<q>[1-4])|(?P<n>[1-4])Q)(?![A-Za-z0-9])|"
    r"\b(?:(?P<word>first|second|third|fourth)|(?P<th>[1-4])(?:st|nd|rd|th))[ -]quarter\b",
    re.IGNORECASE,
)
_QUARTERS = {name: number for row in ("1234", "一二三四") for number, name in enumerate(row, start=1)} | {
    "first": 1, "second": 2, "third": 3, "fourth": 4,
}  # fmt: skip

_FIRST = "(?<![0-9一二三四五六七八九十])"
_EACH = "(?:あたり|当たり|につき)"
_PERIODS = {
    "hour": rf"時給|時間単価|毎時|{_FIRST}[1一]?時間{_EACH}|\bhourly\b",
    "day": rf"毎日|日額|日給|日当|{_FIRST}[1一]日(?:{_EACH}|平均)|\bdaily\b",
    "week": rf"毎週|週(?:平均|額|{_EACH}|に(?!は))|{_FIRST}[1一]週間?(?:{_EACH}|に)|\bweekly\b",
    "month": rf"毎月|月額|月給|月平均|(?<![かヶカケ箇])月{_EACH}|{_FIRST}(?<![かヶカケ箇])月間|"
    rf"{_FIRST}[1一][かヶカケ箇]月{_EACH}|\bmonthly\b",
    "year": rf"毎年|年額|年俸|年平均|{_FIRST}年(?:間|{_EACH})|{_FIRST}[1一]年間?{_EACH}|"
    r"\b(?:yearly|annual(?:ly)?)\b",
}
_PERIOD = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _PERIODS.items()), re.IGNORECASE)
_PERIOD_AFTER = re.compile(
    r"^\s*(?:/|per |an? |each |every )\s?(?P<unit>hour|day|week|month|year)\b|^\s*/\s?(?P<ja>時|日|週|月|年)",
    re.IGNORECASE,
)
_PERIOD_UNITS = {"時": "hour", "日": "day", "週": "week", "月": "month", "年": "year"}
_NEAR = 16  # characters before a number in which its period may stand

_HALF_UNITS = frozenset({"month", "second", "day", "fold"})
_HALF = re.compile("半(?![年日月期額数分径島])")

_MINUS = re.compile(r"(?:マイナス|\bminus|[△▲−])\s?$", re.IGNORECASE)
_HYPHEN = re.compile(r"(?:^|[^A-Za-z0-9_%)\]年月日時分秒円人名回個件泊階号条項番章歳台枚-])-$")
_BULLET = re.compile(r"(?:^|\n)[ \t]*-$")
_SIGNED = frozenset({"degree", "percent", "yen", "dollar", "euro"})
_FALLS = re.compile(
    r"^\s*[のをもず]?つ?\s*(?:減|低下|下落|縮小|削減|カット|下回|値下|割引|引き|\boff\b|decrease|decline|lower|down|less)",
    re.IGNORECASE,
)


def english_scale(words: str, letter: str) -> Fraction:
    """What `words` (hundred thousand) and the `letter` of an amount of money multiply a number by."""
    scale = Fraction(_OF_MONEY[english_lower(letter)] if letter else 1)
    for word in re.findall("[a-z]+", english_lower(words)):
        scale *= ENGLISH_SCALES[word]
    return scale


def phrases(text: str, number: Callable[[str], Fraction]) -> Iterator[Phrase]:
    """Phrases of `text` that stand for a quantity; `number` reads digits and kanji numerals."""
    for match in _PHRASE.finditer(text):
        _, value, unit = _PHRASES[(match.lastindex or 1) - 1]
        yield match.start(), match.end(), value, unit
    for match in _QUARTER.finditer(text):
        said = next(part for part in match.groups() if part)
        yield match.start(), match.end(), Fraction(_QUARTERS[said.lower()]), "quarter"
    for match in _PART.finditer(text):
        whole = number(match["whole"])
        if whole:
            yield match.start(), match.end(), 100 * number(match["part"]) / whole, "percent"


def half_more(text: str, end: int, unit: str) -> bool:
    """Whether 半 follows a quantity and adds half of its unit to it, as in 1年半."""
    return unit in _HALF_UNITS and _HALF.match(text, end) is not None


def is_negative(text: str, start: int, unit: str) -> bool:
    """Whether a minus stands before the number at `start`.

    A hyphen at the beginning of a line is a bullet, unless the number is of a kind that is often below zero.
    """
    before = text[max(0, start - 8) : start]
    if _MINUS.search(before):
        return True
    return bool(_HYPHEN.search(before)) and (unit in _SIGNED or not _BULLET.search(before))


def falls(text: str, end: int) -> bool:
    """Whether the words after a number say that something falls by it: 5%減 is △5% in a table."""
    return _FALLS.match(text[end : end + 14]) is not None


def period_of(text: str, start: int, end: int) -> str:
    """What the number at `text[start:end]` is counted by: "hour", "day", "week", "month", "year", or "".

    In 月間の残業を週平均0.375時間 the word that stands nearer counts; what lies behind a comma does not.
    """
    if after := _PERIOD_AFTER.match(text[end : end + 12]):
        return _PERIOD_UNITS.get(after["ja"] or "", (after["unit"] or "").lower())
    near = re.split(r"[、。,;|\n]", text[max(0, start - _NEAR) : start])[-1]
    found = [match.lastgroup or "" for match in _PERIOD.finditer(near)]
    return found[-1] if found else ""
