"""Words that mean a time only on the day they are said (今年度, last month), and fiscal years as written.

Words that count from another time than today are left alone: 翌年度, 前期, 当月, "in the last month" mean
what their sentence makes of them. FY2024 is the fiscal year that begins in 2024, as 2024年度 is.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from ingestion.dates import dates, english_lower, era_years
from ingestion.periods import FISCAL_MONTH, fiscal_year, whole_year

Unit = Literal["fiscal_year", "year", "month", "day"]

_JAPANESE: dict[str, tuple[Unit, int]] = {
    "一昨年度": ("fiscal_year", -2), "昨年度": ("fiscal_year", -1), "去年度": ("fiscal_year", -1),
    "今年度": ("fiscal_year", 0), "本年度": ("fiscal_year", 0), "来年度": ("fiscal_year", 1),
    "再来年度": ("fiscal_year", 2), "今期": ("fiscal_year", 0), "来期": ("fiscal_year", 1),
    "再来期": ("fiscal_year", 2),
    "一昨年": ("year", -2), "おととし": ("year", -2), "昨年": ("year", -1), "去年": ("year", -1),
    "今年": ("year", 0), "本年": ("year", 0), "来年": ("year", 1), "再来年": ("year", 2),
    "先々月": ("month", -2), "先月": ("month", -1), "今月": ("month", 0), "来月": ("month", 1),
    "再来月": ("month", 2),
    "一昨日": ("day", -2), "おととい": ("day", -2), "昨日": ("day", -1), "今日": ("day", 0),
    "本日": ("day", 0), "明日": ("day", 1), "明後日": ("day", 2), "あさって": ("day", 2),
}  # fmt: skip
_ENGLISH_STEPS = {"last": -1, "previous": -1, "this": 0, "current": 0, "next": 1}
_ENGLISH_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WORDS = "|".join(sorted(_JAPANESE, key=len, reverse=True))
_RELATIVE = re.compile(
    rf"(?<![一-鿿])(?P<ja>{_WORDS})|"  # 本年 is none in 日本年金, nor 来期 in 従来期間
    r"(?<!\bthe )(?<!\bthan )\b(?P<step>last|previous|this|current|next)\s+"
    r"(?P<unit>fiscal\s+year|financial\s+year|fy|year|month)\b|"
    r"(?<=\bthe )(?P<the_step>current|previous|next)\s+(?P<the_unit>fiscal\s+year|financial\s+year)\b|"
    r"\b(?P<day>yesterday|today|tomorrow)\b",
    re.IGNORECASE,
)
_FISCAL = re.compile(
    r"(?<![a-z0-9])(?:fy\s?'?|(?:fiscal|financial)\s+(?:year\s+|(?=[0-9]{4})))"
    r"(?P<year>(?:19|20)?[0-9]{2})(?![0-9])",
    re.IGNORECASE,
)
_FIRST_SHORT = 69  # 98 is 1998, 24 is 2024: years of two digits as POSIX reads them
_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeWord:
    """Words at `text[start:end]` and the days (ISO) from `first` until `last` that they mean.

    `forms` are other ways to write that time, in both calendars. `relative` words mean it only today.
    """

    start: int
    end: int
    words: str
    unit: Unit
    first: str
    last: str
    forms: tuple[str, ...]
    relative: bool

    @property
    def searched(self) -> tuple[str, ...]:
        """`forms` for lexical search, which knows no month of a day: "2026 11月" is in 2026年11月5日."""
        if self.unit != "month":
            return self.forms
        return (*self.forms, f"{int(self.first[:4])} {int(self.first[5:7])}月")


def time_words(text: str, today: date, fiscal_month: int = FISCAL_MONTH) -> tuple[TimeWord, ...]:
    """What `text` (NFKC) says of times relative to `today`, and its fiscal years, in order, none overlapping.

    A fiscal year begins in `fiscal_month`.
    """
    found = [*_relative(text, today, fiscal_month), *_fiscal(text, fiscal_month)]
    kept: list[TimeWord] = []
    for word in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or word.start >= kept[-1].end:
            kept.append(word)
    return tuple(kept)


def _relative(text: str, today: date, fiscal_month: int) -> Iterator[TimeWord]:
    for match in _RELATIVE.finditer(text):
        if match["ja"]:
            unit, step = _JAPANESE[match["ja"]]
        elif match["day"]:
            unit, step = "day", _ENGLISH_DAYS[english_lower(match["day"])]
        else:
            step = _ENGLISH_STEPS[english_lower(match["step"] or match["the_step"])]
            unit = _english_unit(match["unit"] or match["the_unit"])
        yield _word(match, unit, _moved(unit, step, today, fiscal_month), fiscal_month, relative=True)


def _english_unit(written: str) -> Unit:
    if written.lower() == "month":
        return "month"
    return "year" if written.lower() == "year" else "fiscal_year"


def _fiscal(text: str, fiscal_month: int) -> Iterator[TimeWord]:
    for match in _FISCAL.finditer(text):
        year = int(match["year"])
        if year < 100:
            year += 1900 if year >= _FIRST_SHORT else 2000
        yield _word(match, "fiscal_year", date(year, fiscal_month, 1), fiscal_month)
    for moment in dates(text):
        begins, month, _ = moment.fields
        if begins and month is None and text[moment.start : moment.end].endswith("度"):
            span = (moment.start, moment.end, text[moment.start : moment.end])
            yield _word(span, "fiscal_year", date(begins, fiscal_month, 1), fiscal_month)


def _moved(unit: Unit, step: int, today: date, fiscal_month: int) -> date:
    """The first day of the time that lies `step` units from that of `today`."""
    if unit == "day":
        return today + timedelta(days=step)
    if unit == "month":
        months = today.year * 12 + today.month - 1 + step
        return date(months // 12, months % 12 + 1, 1)
    if unit == "year":
        return date(today.year + step, 1, 1)
    return date(today.year + step - (today.month < fiscal_month), fiscal_month, 1)


def _word(
    at: re.Match[str] | tuple[int, int, str],
    unit: Unit,
    first: date,
    fiscal_month: int,
    *,
    relative: bool = False,
) -> TimeWord:
    start, end, words = at if isinstance(at, tuple) else (at.start(), at.end(), at.group())
    begins, ends = _days(unit, first, fiscal_month)
    forms = tuple(form for form in _forms(unit, first) if form.lower() != words.lower())
    return TimeWord(start, end, words, unit, begins, ends, forms, relative)


def _days(unit: Unit, first: date, fiscal_month: int) -> tuple[str, str]:
    if unit == "fiscal_year":
        return fiscal_year(first.year, fiscal_month)
    if unit == "year":
        return whole_year(first.year)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1]) if unit == "month" else first
    return first.isoformat(), last.isoformat()


def _forms(unit: Unit, first: date) -> list[str]:
    year, eras, month = first.year, era_years(first.year), _MONTH_NAMES[first.month - 1]
    match unit:
        case "fiscal_year":
            return [f"{year}年度", *(f"{era}度" for era in eras), f"FY{year}", f"fiscal year {year}"]
        case "year":
            return [f"{year}年", *eras]
        case "month":
            tail = f"{first.month}月"
            return [
                f"{year}年{tail}",
                *(f"{era}{tail}" for era in eras),
                first.isoformat()[:7],
                f"{month} {year}",
            ]
        case "day":
            tail = f"{first.month}月{first.day}日"
            ja = [f"{year}年{tail}", *(f"{era}{tail}" for era in eras)]
            return [*ja, first.isoformat(), f"{month} {first.day}, {year}"]
