"""Ways of writing one thing, brought together for search: variant characters, numbers, dates. The text stays.

Does not know words: that is the matter of tokenizing.py and of the company's dictionary.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib.resources import files

from ingestion.dates import dates

_NUMBER = re.compile(
    r"(?<![0-9a-z.,_/:-])(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?P<rest>\.[0-9]+)?(?P<scale>[十百千万億兆]*)",
    re.ASCII,
)
_LONGEST = 1_000  # characters of a number; Python reads none of more than 4,300 digits
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "億": 10**8, "兆": 10**12}
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NEAR_A_DATE = re.compile(rf"(?:年|[0-9][-/.][0-9]|(?:{_MONTH})[a-z]*\.? [0-9])")
_BEFORE, _AFTER = 12, 20  # characters of a date on either side of what tells that there may be one
_KE = re.compile("(?<=[\u4e00-\u9fff々])[ヶケ](?=[\u4e00-\u9fff])(?![月年日国所条])")


@cache
def _variants() -> tuple[dict[int, str], dict[str, str]]:
    """Code point to the form that search uses, and the same for names."""
    table = tomllib.loads((files("ingestion") / "variants.toml").read_text("utf-8"))
    characters = {ord(old): new for new, olds in table["characters"].items() for old in olds}
    return characters, {old: new for new, old in table["names"].items()}


def fold(text: str) -> str:
    """NFKC, lower case, one form for variant characters: ＡＢ is ab, ｶﾅ is カナ, 髙橋 is 高橋."""
    characters, names = _variants()
    folded = unicodedata.normalize("NFKC", text).lower().translate(characters)
    for old, new in names.items():
        folded = folded.replace(old, new)
    return folded


def plain_numbers(text: str) -> str:
    """`text` (folded) with 1,234.5 as 1234.5 and 1.2万 as 12000; what the dictionary reads itself stays."""
    return _NUMBER.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    whole, rest, scale = match["whole"].replace(",", ""), match["rest"] or "", match["scale"]
    if rest and scale and len(match.group()) <= _LONGEST:
        value = Fraction(whole + rest)
        for character in scale:
            value *= _SCALES[character]
        if value.denominator == 1:
            return str(value.numerator)
    return f"{whole}{rest}{scale}"


def one_ke(word: str) -> str:
    """霞ヶ関 and 霞ケ関 as 霞が関."""
    return _KE.sub("が", word)


def date_tokens(text: str) -> list[str]:
    """What the dates of `text` (folded) give beside their words, so that any spelling finds the others.

    2024-04-01 for 令和6年4月1日, R6.4.1 and 2024/4/1, and 2024 or 2024-04 where those are not written.
    """
    tokens: list[str] = []
    for part in _near_dates(text):
        for moment in dates(part):
            year, month, day = moment.fields
            if year is None:
                continue
            written = part[moment.start : moment.end]
            if str(year) not in written:
                tokens.append(str(year))
            if month is None:
                continue
            if day is None or "年" not in written:  # else the words say the month
                tokens.append(f"{year}-{month:02}")
            if day is not None and (full := f"{year}-{month:02}-{day:02}") != written:
                tokens.append(full)
    return tokens


def _near_dates(text: str) -> Iterator[str]:
    """Stretches around what may be a date: the pattern of dates is too slow for whole texts."""
    start = end = 0
    for match in _NEAR_A_DATE.finditer(text):
        if match.start() - _BEFORE > end:
            if end:
                yield text[start:end]
            start = max(0, match.start() - _BEFORE)
        end = min(len(text), match.end() + _AFTER)
    if end:
        yield text[start:end]
