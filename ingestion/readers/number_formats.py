"""Numbers of a sheet as their number format shows them: rounding, thousands, units, signs, fixed digits.

Dates never come here. What a format asks beyond this (fractions, exponents) is left: the plain number is
shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[(?P<bracket>[^\]]*)\]|(?P<blank>[_*].)|(?P<plain>.)'
)
_CONDITION = re.compile(r"^(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)$")
_UNKNOWN = re.compile(r"[/ymdhsEeG@]", re.IGNORECASE)
_LONGEST = 255
_MOST_PLACES = 30

_KINDS = {".": "point", ",": "comma", "0": "digit", "#": "digit", "?": "digit"}
Token = tuple[str, str]
"""A kind ("text", "digit", "point", "comma") and its characters."""


def shown_number(value: int | float, number_format: str) -> str:
    """The number as `number_format` shows it, halves rounded away from zero as spreadsheets do."""
    try:
        return _formatted(Decimal(repr(value)), number_format[:_LONGEST]) or plain_number(value)
    except (InvalidOperation, OverflowError, ValueError):
        return plain_number(value)


def plain_number(value: int | float) -> str:
    """The number without a format."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    return str(value)


def _formatted(number: Decimal, number_format: str) -> str | None:
    if not number.is_finite():
        return None
    section, signed = _section(number, number_format)
    tokens = _tokens(section)
    if tokens is None:
        return None
    digits = [place for place, (kind, _) in enumerate(tokens) if kind == "digit"]
    if not digits:
        return "".join(text for kind, text in tokens if kind == "text").strip() or None
    point = next((place for place, (kind, _) in enumerate(tokens) if kind == "point"), len(tokens))
    before, after = [p for p in digits if p < point], [p for p in digits if p > point]
    commas = [place for place, (kind, _) in enumerate(tokens) if kind == "comma"]
    scale = sum(place > digits[-1] or (after == [] and before[-1] < place < point) for place in commas)
    percent = sum(text.count("%") for kind, text in tokens if kind == "text" and text == "%")
    if len(after) > _MOST_PLACES:
        return None
    scaled = (abs(number) * 100**percent).scaleb(-3 * scale)
    rounded = scaled.quantize(Decimal(1).scaleb(-len(after)), rounding=ROUND_HALF_UP)
    whole, _, fraction = f"{rounded:f}".partition(".")
    needed = next((len(before) - at for at, place in enumerate(before) if tokens[place][1] == "0"), 0)
    whole = (whole if whole != "0" else "").rjust(needed, "0")
    least = max((at + 1 for at, place in enumerate(after) if tokens[place][1] == "0"), default=0)
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    grouped = any(before and before[0] < place < before[-1] for place in commas)
    shown = _placed(tokens, _spread(whole, len(before), grouped=grouped), list(fraction), before, after)
    return f"-{shown}" if signed and rounded else shown


def _section(number: Decimal, number_format: str) -> tuple[str, bool]:
    """The part of the format for this number, and whether a minus is to be put before it."""
    sections = re.findall(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;])+|(?<=;)(?=;)|^(?=;)', number_format)
    for section in sections:
        for bracket in re.findall(r"\[([^\]]*)\]", section):
            if found := _CONDITION.match(bracket):
                if _holds(number, found.group(1), Decimal(found.group(2))):
                    return section, number < 0
                break
        else:
            if any(_CONDITION.match(b) for other in sections for b in re.findall(r"\[([^\]]*)\]", other)):
                return section, number < 0
    if number < 0 and len(sections) > 1:
        return sections[1], False
    if number == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0] if sections else "", number < 0


def _holds(number: Decimal, relation: str, limit: Decimal) -> bool:
    above, same = number > limit, number == limit
    return {
        "<": not above and not same, "<=": not above, ">": above, ">=": above or same, "=": same,
        "<>": not same,
    }[relation]  # fmt: skip


def _tokens(section: str) -> list[Token] | None:
    """None for a format that this module does not know."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(section):
        kind, text = found.lastgroup, found.group(found.lastgroup or 0)
        if kind in ("quoted", "escaped"):
            tokens.append(("text", text if text != "%" else "％"))
        elif kind == "bracket":
            if text.startswith("$"):  # a currency, and the country that it is written for
                tokens.append(("text", text[1:].split("-")[0]))
        elif kind == "plain":
            if _UNKNOWN.match(text):
                return None
            tokens.append(
                ({".": "point", ",": "comma"}.get(text, "digit" if text in "0#?" else "text"), text)
            )
    return tokens


def _spread(whole: str, places: int, *, grouped: bool) -> list[str]:
    """The digits of the whole part for each of its places; the first takes all that are too many."""
    if grouped:
        whole = f"{int(whole or 0):,}".rjust(len(whole), "0") if whole else ""
        return [whole, *[""] * (places - 1)] if places else []
    if not places:
        return []
    rest = list(whole[max(0, len(whole) - places + 1) :]) if places > 1 else []
    first = whole[: len(whole) - len(rest)]
    return [first, *[""] * (places - 1 - len(rest)), *rest]


def _placed(
    tokens: Sequence[Token], whole: list[str], fraction: list[str], before: list[int], after: list[int]
) -> str:
    digits = dict(zip(before, whole, strict=True))
    digits.update(zip(after, fraction, strict=False))
    parts: list[str] = []
    for place, (kind, text) in enumerate(tokens):
        if kind == "digit":
            parts.append(digits.get(place, ""))
        elif kind == "point":
            parts.append("." if fraction else "")
        elif kind == "text":
            parts.append(text)
    return "".join(parts).strip()
