"""The first and the last day of what a date says: a day, a month, a calendar year or a fiscal year (年度)."""

from __future__ import annotations

import calendar

from ingestion.dates import Moment

FISCAL_MONTH = 4
"""The month in which a fiscal year begins, where the settings say nothing else: 2024年度 is 2024-04-01 to
2025-03-31."""


def period(moment: Moment, text: str, fiscal_month: int = FISCAL_MONTH) -> tuple[str, str]:
    """The days (ISO) from which and until which `moment`, a date with a year found in `text`, lasts.

    A fiscal year begins in `fiscal_month`.
    """
    year, month, day = moment.fields
    if year is None:
        raise ValueError("a date without a year is no period")
    if month is None:
        fiscal = text[moment.start : moment.end].endswith("度")
        return fiscal_year(year, fiscal_month) if fiscal else whole_year(year)
    last = day or calendar.monthrange(year, month)[1]
    return f"{year:04}-{month:02}-{day or 1:02}", f"{year:04}-{month:02}-{last:02}"


def whole_year(year: int) -> tuple[str, str]:
    """The first and the last day of a calendar year."""
    return f"{year:04}-01-01", f"{year:04}-12-31"


def fiscal_year(year: int, fiscal_month: int = FISCAL_MONTH) -> tuple[str, str]:
    """The first and the last day of the fiscal year that begins in month `fiscal_month` of `year`."""
    if fiscal_month == 1:
        return whole_year(year)
    last = calendar.monthrange(year + 1, fiscal_month - 1)[1]
    return f"{year:04}-{fiscal_month:02}-01", f"{year + 1:04}-{fiscal_month - 1:02}-{last:02}"
