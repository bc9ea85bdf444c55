"""What the text of a table's cell is: an amount, a date, a mark, a period of time, or a name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_LONGEST_NAME = 60
_UNIT = (
    r"(?:[兆億万千百]*円|ドル|ユーロ|[%％‰]|[兆億万千百]|人|名|件|個|台|本|枚|回|点|社|校|戸|冊|頭|箱|式|泊|歳|日間?|時間?|分|秒|"
    r"[かヶカ]月|年間?|週間?|km2?|m[23]?|cm|mm|kg|mg|g|t|[kM]?[VWA]|m?[lL]|MPa|Pa|[KMGT]B|℃|rpm|dB|h|min|s|ページ|倍|度|位|割)"
)
_NUMBER = re.compile(rf"^[\s¥\\$€£+\-−△▲▼約(（]*\d[\d,.]*\s*{_UNIT}?(?:\s*/\s*\S{{1,6}})?[)）]?$")
_RANGE = re.compile(rf"^\d[\d,.]*\s*{_UNIT}?\s*[~〜～\-−–]\s*(?:\d[\d,.]*)?\s*{_UNIT}?$")
_DATE = re.compile(
    r"^(?:\d{4}|(?:令和|平成|昭和|大正|明治|[RHSTM])\s?(?:\d{1,2}|元))\s?[/.\-年]\s?\d{1,2}\s?[/.\-月](?:\s?\d{1,2}日?)?"
    r"|^\d{1,2}[/月]\d{1,2}日?(?:\s|\(|（|$)|^\d{1,2}:\d{2}"
)
_PHONE = re.compile(r"^[(（]?0\d{1,4}[)）\-]\d{1,4}[)）\-]\d{3,4}$")
_MARK = re.compile(
    r"^(?:[○×△◎●〇✕✓レ\-−–—―/*…]+|n/?a|なし|有|無|可|不可|要|不要|yes|no|true|false)$", re.IGNORECASE
)
_PERIOD = re.compile(
    r"^(?:西暦)?(?:19|20)\d\d\s?(?:年度?|年期|FY)?(?:末|実績|予算|計画|予定|見込み?)?(?:\s?[(（].{1,8}[)）])?$"
    r"|^(?:令和|平成|昭和|大正|明治|[RHSTM])\s?(?:\d{1,2}|元)\s?(?:年度?)?(?:末|実績|予算|計画|予定|見込み?)?(?:\s?[(（].{1,8}[)）])?$"
    r"|^(?:1[0-2]|[1-9])月(?:期|末|分|度)?$|^第?[1-4一二三四](?:四半期|Q)$|^Q[1-4]$|^[1-4]Q$|^FY\s?\d{2,4}$"
    r"|^(?:\d{1,2}|初)年目$|^[上下]半?期$|^[月火水木金土日](?:曜日?)?$",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"^(?:\d[\d,.]*\s*(?:[かヶカ]月|年|歳|日|回|級|号|期|時間|分|人|名|個|台|km|kg|cm|mm|m|[万千]?円)\s*)+"
    r"(?:以上|未満|以下|超|まで|以内|目)?(?:\s*[~〜～].*)?$"
)

_STEPS_NAME = re.compile(
    r"(?:年数|月数|勤続.{0,4}|期間|経過.{0,4}|等級|階級|区分|段階|距離|年齢層|以上|未満|以下)(?:[(（].{1,8}[)）])?$"
)
_BOUND = re.compile(r"(?:以上|未満|以下|超|まで|以内)|[~〜～]")
_AMOUNT = re.compile(r"(\d[\d,.]*)\s*(年|[かヶカ]月|[万千])?")
_WORTH = {"年": 12.0, "万": 10_000.0, "千": 1000.0}


def is_value(text: str) -> bool:
    """Whether a cell holds an amount, a date, an address or a mark rather than a name."""
    return "@" in text or any(looks.match(text) for looks in (_NUMBER, _RANGE, _DATE, _PHONE, _MARK))


def names_something(text: str) -> bool:
    """Whether a cell may name a column or a row; years, months and weekdays may."""
    return len(text) <= _LONGEST_NAME and (bool(_PERIOD.match(text)) or not is_value(text))


def is_period(text: str) -> bool:
    """Whether a text is a year, a month, a quarter or a weekday, as they stand above columns."""
    return bool(_PERIOD.match(text))


def is_step(text: str) -> bool:
    """Whether a text is one step of a scale, as in 6か月, 1年6か月, 2年以上."""
    return bool(_STEP.match(text))


def is_bound(text: str) -> bool:
    """Whether a step says which side of it is meant: 5年以上, 10km未満, 1〜3年."""
    return bool(_BOUND.search(text))


def names_steps(text: str) -> bool:
    """Whether a name tells of a scale: 勤続年数, 等級, 距離."""
    return bool(_STEPS_NAME.search(text))


def size_of_step(text: str) -> float:
    """How far up a step stands, in months where it counts years and months."""
    first = re.split(r"[~〜～]", text)[0] or text
    size = 0.0
    for amount, unit in _AMOUNT.findall(first):
        digits = amount.replace(",", "").rstrip(".")
        size += (float(digits) if digits.count(".") < 2 else 0.0) * _WORTH.get(unit, 1.0)
    return size


def form_of(text: str) -> str:
    """A value without its digits: what has the same form counts the same thing."""
    return re.sub(r"[\d,.\s]+", "", text)


def is_usual_name(text: str) -> bool:
    """Whether a text ends in a word that usually names a column, or in a colon."""
    plain = text.lower()
    return plain[-1] in ":：" or any(plain.endswith(word) for word in _column_words())


@cache
def _column_words() -> tuple[str, ...]:
    texts: Mapping[str, str] = tomllib.loads((files("ingestion") / "column_words.toml").read_text("utf-8"))
    return tuple(f"{texts['japanese']} {texts['english']}".split())
