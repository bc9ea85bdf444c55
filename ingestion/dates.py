"""Dates and times of day in Japanese and English texts, in both calendars, as comparable values.

Works on NFKC text. Does not know which era a bare "6年" belongs to. `H1.` alone is no year: headings look so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ERAS = {
    "明治": (1868, 45), "大正": (1912, 15), "昭和": (1926, 64), "平成": (1989, 31), "令和": (2019, 99),
    "M": (1868, 45), "T": (1912, 15), "S": (1926, 64), "H": (1989, 31), "R": (2019, 99),
}  # fmt: skip
"""First year and number of years of each era."""
_MONTHS = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
    "september": 9, "october": 10, "november": 11, "december": 12, "jan": 1, "feb": 2, "mar": 3, "apr": 4,
    "jun": 6, "jul": 7, "aug": 8, "sept": 9, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_KANJI = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_NUM = rf"(?:[0-9]{{1,2}}|{_KANJI})"

_DATE = re.compile(
    rf"""
    (?:(?P<era>明治|大正|昭和|平成|令和|(?<![A-Za-z])[MTSHR])\s*(?P<era_year>元|[0-9]{{1,2}}|{_KANJI})\s*[年./](?!間)
       | (?P<year>[0-9]{{4}}|[〇一二三四五六七八九]{{4}})\s*年(?!間))
      (?:度|\s*(?P<month>{_NUM})\s*[月./](?:\s*(?P<day>{_NUM})\s*日?)?)?
    | (?P<iso_year>[0-9]{{4}})(?P<sep>[-/.])(?P<iso_month>[0-9]{{1,2}})
      (?:(?P=sep)(?P<iso_day>[0-9]{{1,2}}))?(?![0-9])
    | (?<![0-9一二三四五六七八九十])(?P<m>{_NUM})\s*月\s*(?P<d>{_NUM})\s*日(?!間)
    | (?<![0-9/.])(?P<sm>[0-9]{{1,2}})/(?P<sd>[0-9]{{1,2}})(?![0-9/])
    | \b(?P<en_month>{_MONTH_NAMES})\b\.?\s+(?P<en_day>[0-9]{{1,2}})(?:st|nd|rd|th)?\b(?!:)
      (?:,?\s+(?P<en_year>[0-9]{{4}})\b)?
    | \b(?P<uk_day>[0-9]{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<uk_month>{_MONTH_NAMES})\b\.?
      (?:,?\s+(?P<uk_year>[0-9]{{4}})\b)?
    | \b(?P<my_month>{_MONTH_NAMES})\b\.?,?\s+(?P<my_year>[0-9]{{4}})\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TIME = re.compile(
    rf"""
    (?:(?P<half>午前|午後|正午|朝|夜)\s*)?(?P<h>[0-9]{{1,2}}|{_KANJI})\s*時(?!間|点|期|代)(?:(?P<m>{_NUM})\s*分|(?P<hm>半))?
    | (?<![0-9:])(?P<ch>[0-9]{{1,2}}):(?P<cm>[0-9]{{2}})(?![0-9])(?:\s*(?P<cap>[ap])\.?m\b\.?)?
    | \b(?P<eh>[0-9]{{1,2}})\s*(?P<ap>[ap])\.?m\b\.?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")}
_PLAIN = re.compile("[0-9]{1,4}|[〇一二三四五六七八九]{1,4}")
_TENS = re.compile("[一二三四五六七八九]?十[一二三四五六七八九]?")
_LIKE_ENGLISH = str.maketrans("ıİſ", "iis")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date (`kind` "date": year, month, day, None where not said) or a time of day ("time": hour, minute).

    It stands at `[start:end]` of the text that was searched. `half` tells whether a time says which half of
    the day it means (午後6時, 6 p.m.).
    """

    kind: str
    fields: tuple[int | None, ...]
    start: int
    end: int
    half: bool = False

    @property
    def is_year(self) -> bool:
        """Whether it says a year and nothing else."""
        return self.kind == "date" and self.fields[0] is not None and not any(self.fields[1:])

    def agrees(self, other: Moment) -> bool:
        """Whether every field that both say is equal, and `other` says all that this one says."""
        if self._same_hand(other):
            return True
        return self.kind == other.kind and all(
            mine is None or mine == theirs for mine, theirs in zip(self.fields, other.fields, strict=True)
        )

    def conflicts(self, other: Moment) -> bool:
        """Whether a field that both say differs."""
        if self._same_hand(other):
            return False
        return self.kind == other.kind and any(
            mine is not None and theirs is not None and mine != theirs
            for mine, theirs in zip(self.fields, other.fields, strict=True)
        )

    def _same_hand(self, other: Moment) -> bool:
        """Whether both are one place on the clock, and one does not say in which half of the day (6時)."""
        if self.kind != "time" or other.kind != "time" or self.half == other.half:
            return False
        bare = self if not self.half else other
        (hour, minute), (other_hour, other_minute) = self.fields, other.fields
        same = minute == other_minute and (hour or 0) % 12 == (other_hour or 0) % 12
        return same and (bare.fields[0] or 0) <= 12


def english_lower(word: str) -> str:
    """A word as a pattern without regard to case has found it: such take ı and İ for i, and ſ for s."""
    return word.translate(_LIKE_ENGLISH).lower()


def small_kanji_number(text: str) -> int | None:
    """A number in digits or kanji ("十二" is 12, "元" 1); None where none is written so ("十二三")."""
    if text == "元":
        return 1
    if _PLAIN.fullmatch(text):
        return int("".join(str(_DIGITS.get(char, char)) for char in text))
    if not _TENS.fullmatch(text):
        return None
    tens, ones = text.split("十")
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def era_years(year: int) -> list[str]:
    """A year of the western calendar in those of the eras it lies in: 2019 is 平成31年 and 令和元年."""
    return [
        f"{era}{'元' if year == first else year - first + 1}年"
        for era, (first, years) in _ERAS.items()
        if len(era) > 1 and first <= year < first + years
    ]


def dates(text: str) -> Iterator[Moment]:
    """Every date in `text` (NFKC), in order. Impossible ones (13月, 昭和70年) are left out."""
    for match in _DATE.finditer(text):
        fields = _date_fields(match.groupdict())
        if fields is not None and not _is_heading(match):
            yield Moment("date", fields, match.start(), match.end())


def moments(text: str) -> Iterator[Moment]:
    """Every date and time of day in `text` (NFKC), dates first."""
    yield from dates(text)
    for match in _TIME.finditer(text):
        fields = _time_fields(match.groupdict())
        if fields is not None:
            half = any(match[name] for name in ("half", "cap", "ap"))
            yield Moment("time", fields, match.start(), match.end(), half)


def _is_heading(match: re.Match[str]) -> bool:
    """Whether an era is one letter and only a year with a full stop follows it, as in "H1. Overview"."""
    return len(match["era"] or "") == 1 and "年" not in match.group() and match["month"] is None


def _date_fields(found: dict[str, str | None]) -> tuple[int | None, int | None, int | None] | None:
    year = _number(
        found["year"] or found["iso_year"] or found["en_year"] or found["uk_year"] or found["my_year"]
    )
    if (era := found["era"]) and (era_year := found["era_year"]):
        first, years = _ERAS.get(era) or _ERAS[era.upper()]
        number = small_kanji_number(era_year)
        if number is None or not 1 <= number <= years:
            return None
        year = first + number - 1
    name = found["en_month"] or found["uk_month"] or found["my_month"]
    month = (
        _MONTHS[english_lower(name)]
        if name
        else _number(found["month"] or found["iso_month"] or found["m"] or found["sm"])
    )
    day = _number(
        found["day"] or found["iso_day"] or found["d"] or found["sd"] or found["en_day"] or found["uk_day"]
    )
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return year, month, day


def _time_fields(found: dict[str, str | None]) -> tuple[int | None, ...] | None:
    hour = _number(found["h"] or found["ch"] or found["eh"])
    minute = 30 if found["hm"] else (_number(found["m"] or found["cm"]) or 0)
    if hour is None or hour > 24 or minute > 59:
        return None
    late = found["half"] in ("午後", "夜") or (found["cap"] or found["ap"] or "").lower() == "p"
    early = (found["cap"] or found["ap"] or "").lower() == "a" or found["half"] == "午前"
    if late and hour < 12:
        hour += 12
    elif early and hour == 12:
        hour = 0
    return hour, minute


def _number(text: str | None) -> int | None:
    return small_kanji_number(text) if text else None
