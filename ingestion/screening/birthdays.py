"""Dates of birth, in the western calendar and in Japanese eras: a date that something calls a birthday."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingestion.screening.findings import Finding, personal

_MONTHS = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?:18|19|20)\d\d ?(?P<s>[/.-]) ?\d{1,2} ?(?P=s) ?\d{1,2}"
    r"|(?:(?:18|19|20)\d\d|(?:明治|大正|昭和|平成|令和) ?(?:\d{1,2}|元|[一二三四五六七八九十]{1,3})) ?年 ?"
    r"(?:\d{1,2}|[一二三四五六七八九十]{1,3}) ?月 ?(?:\d{1,2}|[一二三四五六七八九十]{1,3}) ?日"
    r"|[MTSHRmtshr]\.? ?\d{1,2} ?(?P<e>[/.-]) ?\d{1,2} ?(?P=e) ?\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTHS}\.?,? (?:18|19|20)\d\d"
    rf"|{_MONTHS}\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:18|19|20)\d\d"
    r"|\d{1,2}/\d{1,2}/(?:18|19|20)\d\d"
    r"|(?:18|19|20)\d{6}"
    r")(?![\d/]|-\d)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:生年月日|誕生日|出生日|生まれた日|date of birth|birth ?date|birth ?day|d\.?o\.?b\.?|born(?: on)?)"
    r"[\s::はが=()「|/、,]{0,6}(?:西暦|和暦)?[\s::]{0,2}$",
    re.IGNORECASE,
)
_AFTER = re.compile(r" ?[)]?(?:に)?[ (]?(?:生まれ|生(?![一-龥])|誕生)")


def find_birthdays(text: str) -> Iterator[Finding]:
    """Dates of birth in folded text."""
    for match in _DATE.finditer(text):
        bare = match.group().isdigit()
        labelled = _BEFORE.search(text[max(0, match.start() - 24) : match.start()]) is not None
        followed = not bare and _AFTER.match(text[match.end() : match.end() + 8]) is not None
        if (labelled or followed) and _could_be_a_day(match.group()):
            yield personal("DOB", match.start(), match.end(), 0.97 if labelled else 0.93)


def _could_be_a_day(date: str) -> bool:
    """Whether no part of a date in digits goes beyond its calendar."""
    if date.isdigit():
        return 1 <= int(date[4:6]) <= 12 and 1 <= int(date[6:]) <= 31
    parts = [int(part) for part in re.findall(r"\d+", date)]
    if re.match(r"\d{1,2}/", date) or len(parts) != 3:
        return all(part > 0 for part in parts)
    return 1 <= parts[1] <= 12 and 1 <= parts[2] <= 31
