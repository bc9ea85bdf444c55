"""Numbers, amounts, units and dates compared by rule: 12,000円 = 1万2千円 = １２０００円, 3割 = 30%.

A rule that fails outranks any similarity. Does not know what a number is about; that is the matter of the
words around it (support.py).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from importlib.resources import files

from assistant.grounding.limits import bound_of, is_strict, moved_of, side_of
from assistant.grounding.number_words import (
    ENGLISH,
    ENGLISH_SCALES,
    english_scale,
    falls,
    half_more,
    is_negative,
    period_of,
    phrases,
)
from ingestion.dates import Moment, english_lower, moments

_KANJI_UNITS = (
    "円 割 時間 分間 秒 営業日 日間 日 週間 か月 ヶ月 カ月 箇月 年間 年 人 名 歳 回 個 台 枚 件 泊 冊 "
    "階 条 項 号 章 社 倍 つ 種類 文字"
)
"""After kanji numerals, besides units in katakana; others also end common words (一部, 一度)."""
_KATAKANA = re.compile("[ァ-ヶー]+|[か箇]所")
_NOT_NUMBERS = re.compile(
    "十分(?!間|前|後|以)|一部|一時(?!間)|万一|一般|一定|統一|同一|唯一|一人ひとり|一日も早|一つひとつ|一年中|"
    "第三者|一回り|一名称|"
    r"(?<=[(:位])\s?[十百千万億兆]+(?:円|[人件個台枚名])(?=[),、未])"  # what a table is counted in
)


@cache
def _units() -> dict[str, tuple[str, Fraction]]:
    """Spelling to (base unit, factor)."""
    tables = tomllib.loads((files("assistant.grounding") / "units.toml").read_text("utf-8"))
    return {
        spelling: (base, Fraction(factor))
        for base, table in tables.items()
        for spelling, factor in table.items()
    }


_RANGE = re.compile(r"\s*(?:~|〜|～|-|–|—|から|to)\s*$", re.IGNORECASE)
_AND = re.compile(r" ?(?:と|and )?", re.IGNORECASE)
_MONEY = frozenset({"yen", "dollar", "euro"})
_LONGEST = 1_000  # characters; longer ones are keys and dumps, and Python reads no number of 4,301 digits
_SCALES = {"十": 10, "百": 100, "千": 1000}
_GREAT = {"万": 10**4, "億": 10**8, "兆": 10**12}
_KANJI_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")}


@cache
def _pattern() -> re.Pattern[str]:
    # "9 a week" is no ampere.
    in_case = {"a": "(?-i:A)"}
    unit = "|".join(in_case.get(one, re.escape(one)) for one in sorted(_units(), key=len, reverse=True))
    spelled = (unit for unit in _units() if _KATAKANA.fullmatch(unit))
    kanji_unit = "|".join(sorted({*_KANJI_UNITS.split(), *spelled}, key=len, reverse=True))
    kanji = r"(?<![〇一二三四五六七八九])(?P<kanji>[〇一二三四五六七八九十百千万億兆]{1,40})"
    scale = rf"(?:[\s-]*(?:{'|'.join(ENGLISH_SCALES)})\b)+"
    arabic = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
    return re.compile(
        rf"""
        (?:(?P<before>[¥$€])\s*)?(?:(?<![A-Za-z0-9_-])|(?<=[^A-Za-z0-9_-]-)|(?<=\A-)|(?<=[0-9%年月日時分円人名回個件泊階]-))
          (?P<arabic>{arabic}(?:\s*[十百千万億兆]+(?:{arabic}[十百千万億兆]+)*(?:{arabic})?)?)
          (?P<scale>{scale})?(?(before)(?P<letter>[kmb](?![a-z0-9]))?)\s*(?P<unit>(?:{unit})(?![a-z]))?
        | {kanji}(?P<kanji_unit>{kanji_unit})
        | \b(?P<word>{"|".join(ENGLISH)})(?P<word_scale>{scale})?
          (?:[\s-]+(?P<word_unit>(?:{unit})(?![a-z])))?\b
        """,
        re.VERBOSE | re.IGNORECASE,
    )


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit in base units (`value` 3600, `unit` "second" for 1時間); `unit` "" when bare.

    `bound` is 1 for "at least", -1 for "at most", 0 when neither is said. `factor` of the unit and `scale`
    (万, million) made `value` of the number. `falls` says that something falls by it, so that its sign may be
    written or not. `per` is the period that it is counted by ("week" in 週平均2時間), "" where none is named.
    `side` is -1 for a time before something (30日前, "30 days before"), 1 for one after it. `strict` is a
    bound that is not reached itself (未満, を超える, "more than"). `moved` is "up", "down" or
    "by" for what something changes by (3%上昇, "fell by 2"), "to" for what it becomes ("fell to 2").
    """

    value: Fraction
    unit: str
    bound: int
    start: int
    end: int
    text: str
    factor: Fraction = Fraction(1)
    falls: bool = False
    per: str = ""
    scale: Fraction = Fraction(1)
    side: int = 0
    strict: bool = False
    moved: str = ""


Fact = Quantity | Moment


def facts(text: str) -> list[Fact]:
    """Every date, time of day and quantity in `text`, in order; a date's digits are not counted again."""
    text = unicodedata.normalize("NFKC", text)
    dates = list(moments(text))
    taken = [(moment.start, moment.end) for moment in dates]
    taken += [match.span() for match in _NOT_NUMBERS.finditer(text)]
    worded = [_worded(*phrase, text) for phrase in phrases(text, kanji_number)]
    taken += [(quantity.start, quantity.end) for quantity in worded]
    found: list[Fact] = list(dates)
    numbers = worded + [
        quantity
        for match in _pattern().finditer(text)
        if not any(match.start() < end and start < match.end() for start, end in taken)
        and (quantity := _quantity(match, text)) is not None
    ]
    numbers.sort(key=lambda quantity: quantity.start)
    found += _joined(_with_range_units(numbers, text), text)
    return sorted(found, key=lambda fact: fact.start)


def kanji_number(text: str) -> Fraction:
    """A number in digits and kanji scales: "1万2千" is 12000, "三億五千万" 350000000, "二〇二四" 2024."""
    text = text.replace(",", "").replace(" ", "")
    if re.fullmatch(r"[0-9.]+", text):
        return Fraction(text)
    if not re.search(r"[十百千万億兆]", text):
        return Fraction("".join(str(_KANJI_DIGITS.get(char, char)) for char in text))
    total = part = Fraction(0)
    digits = ""
    for char in text:
        if char in _SCALES:
            part += (Fraction(digits) if digits else 1) * _SCALES[char]
            digits = ""
        elif char in _GREAT:
            part += Fraction(digits) if digits else 0
            total += (part or 1) * _GREAT[char]
            part, digits = Fraction(0), ""
        else:
            digits += str(_KANJI_DIGITS.get(char, char))
    return total + part + (Fraction(digits) if digits else 0)


def _quantity(match: re.Match[str], text: str) -> Quantity | None:
    found = match.groupdict()
    unit, end = _unit_of(match)
    if found["word"]:
        word = english_lower(found["word"])
        if word == "one" and not unit and not found["word_scale"]:
            return None  # "one" is mostly a pronoun
        value = Fraction(ENGLISH[word])
        unit = unit or ("times" if word in ("once", "twice") else "")
    elif len(match.group()) > _LONGEST:
        return None
    else:
        value = kanji_number(found["arabic"] or found["kanji"])
    scale = english_scale(found["scale"] or found["word_scale"] or "", found["letter"] or "")
    value *= scale
    name, factor = _units().get(unit, ("", Fraction(1)))
    if half_more(text, end, name):
        value, end = value + Fraction(1, 2), end + 1
    at = match.start() + len(match.group()) - len(match.group().lstrip())
    sign = -1 if is_negative(text, at, name) else 1
    return Quantity(
        sign * value * factor, name, bound_of(match.start(), end, text), match.start(), end,
        text[match.start() : end].strip(), factor, falls(text, end), period_of(text, at, end),
        scale * _written_scale(found["arabic"]), side_of(match.start(), end, name, text),
        is_strict(match.start(), end, text), moved_of(match.start(), end, text),
    )  # fmt: skip


def _unit_of(match: re.Match[str]) -> tuple[str, int]:
    """As it is spelled, and where the quantity ends.

    What has a currency's sign is money, whatever letter stands behind it.
    """
    found = match.groupdict()
    written = found["unit"] or found["kanji_unit"] or found["word_unit"] or ""
    if written and found["before"] and _units().get(written.lower(), ("",))[0] not in _MONEY:
        number = match.group()[: -len(written)].rstrip()
        return (found["before"] or "").lower(), match.start() + len(number)
    return (written or found["before"] or "").lower(), match.end()


def _written_scale(arabic: str | None) -> Fraction:
    """What the kanji behind digits multiply them by: 10000 in 3.5万, 1 in 1万2千."""
    number = re.fullmatch(r"[0-9,.]+\s*([十百千万億兆]+)", arabic or "")
    return kanji_number(number[1]) if number else Fraction(1)


def _worded(start: int, end: int, value: Fraction, unit: str, text: str) -> Quantity:
    return Quantity(
        value, unit, bound_of(start, end, text), start, end, text[start:end], falls=falls(text, end)
    )


def _with_range_units(numbers: list[Quantity], text: str) -> list[Quantity]:
    """The first number of "3〜5日" gets the unit of the second, and of "3〜5万円" its scale if it is less."""
    result: list[Quantity] = []
    for i, number in enumerate(numbers):
        following = numbers[i + 1] if i + 1 < len(numbers) else None
        if (
            not number.unit
            and following
            and (following.unit or following.scale > 1)
            and _RANGE.fullmatch(text[number.end : following.start])
        ):
            value = number.value * following.factor
            if number.scale == 1 and value * following.scale < following.value:
                value *= following.scale
            number = replace(number, value=value, unit=following.unit)
        result.append(number)
    return result


def _joined(numbers: list[Quantity], text: str) -> list[Quantity]:
    """Quantities in two units become one: "1年6か月" is 18 months, as is "1 year and 6 months"."""
    result: list[Quantity] = []
    for number in numbers:
        last = result[-1] if result else None
        if (
            last is not None
            and last.unit
            and last.unit == number.unit
            and last.factor > number.factor
            and _AND.fullmatch(text[last.end : number.start])
        ):
            result[-1] = replace(
                last, value=last.value + number.value, bound=number.bound or last.bound, end=number.end,
                text=text[last.start : number.end].strip(), factor=number.factor,
            )  # fmt: skip
        else:
            result.append(number)
    return result


def matches(claimed: Fact, given: Fact) -> bool:
    """Whether the source's fact says what the claim's says. A bare number fits any unit."""
    if isinstance(claimed, Moment) and isinstance(given, Moment):
        return claimed.agrees(given)
    if isinstance(claimed, Quantity) and isinstance(given, Quantity):
        same_unit = claimed.unit == given.unit or not claimed.unit or not given.unit
        same = claimed.value == given.value or (
            claimed.value == -given.value and (claimed.falls or given.falls)
        )
        same_period = claimed.per == given.per or not claimed.per or not given.per
        same_side = claimed.bound * given.bound >= 0 and claimed.side * given.side >= 0
        same_move = _is_same_move(claimed.moved, given.moved)
        return same_unit and same and same_period and same_side and same_move
    return _year_matches(claimed, given)


def _is_same_move(one: str, other: str) -> bool:
    """Whether both become something or change by it, and not one up and the other down."""
    if not one or not other:
        return True
    return one == other or ("by" in (one, other) and "to" not in (one, other))


def conflicts(claimed: Fact, given: Fact) -> bool:
    """Whether the source's fact is of the claim's kind but says another value."""
    if isinstance(claimed, Moment) and isinstance(given, Moment):
        return claimed.conflicts(given)
    if isinstance(claimed, Quantity) and isinstance(given, Quantity):
        return bool(claimed.unit) and claimed.unit == given.unit and not matches(claimed, given)
    return False


def as_said(fact: Fact, text: str) -> str:
    """The fact in the words of `text`, which it was found in."""
    return text[fact.start : fact.end].strip() or str(fact)


def same_limit(claimed: Fact, given: Fact) -> bool:
    """Whether two facts that match draw the same line: 20歳以上 and 20歳を超える do not."""
    if not (isinstance(claimed, Quantity) and isinstance(given, Quantity)):
        return True
    return not claimed.bound or not given.bound or claimed.strict == given.strict


def names_a_time(fact: Fact) -> bool:
    """Whether a fact says of which time a row or column is (第3四半期); no amount of its own."""
    return isinstance(fact, Quantity) and fact.unit == "quarter"


def stretches(fact: Fact, text: str) -> list[tuple[Fact, str]]:
    """The facts of `text` of the same kind as `fact`, each with the words that lead to it in Japanese.

    In 上限は、一般社員は12,000円、管理職は15,000円 the words since the last comma say whose an amount is.
    """
    text = unicodedata.normalize("NFKC", text)
    same = [other for other in facts(text) if matches(fact, other) or conflicts(fact, other)]
    found: list[tuple[Fact, str]] = []
    start = 0
    for other in same:
        between = text[start : other.start]
        # The end of a range (3〜5日) has the words that lead to its beginning.
        words = found[-1][1] if found and _RANGE.fullmatch(between) else _last_part(between)
        found.append((other, words))
        start = other.end
    return found


def _last_part(text: str) -> str:
    """The words since the last mark; those before it where it only parts a topic from its number."""
    parts = re.split(r"([、。\n\t|;:])", text)
    if len(parts[-1].strip()) > 1:
        return parts[-1]
    before, mark = (parts[-3].strip(), parts[-2]) if len(parts) > 2 else ("", "")
    leads = mark in ":\t|" or (mark == "、" and before.endswith(("は", "が", "も")))
    return before if leads and len(before) > 1 else ""


def _year_matches(claimed: Fact, given: Fact) -> bool:
    """A bare 2024 of the claim is the year of a date, and the other way round."""
    if isinstance(claimed, Quantity) and isinstance(given, Moment) and given.kind == "date":
        return not claimed.unit and any(claimed.value == part for part in given.fields if part is not None)
    if isinstance(claimed, Moment) and isinstance(given, Quantity) and claimed.kind == "date":
        said = [part for part in claimed.fields if part is not None]
        return len(said) == 1 and not given.unit and given.value == said[0]
    return False
