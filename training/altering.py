"""Small changes that make a true Japanese sentence false, or only say it in another way.

Each function returns the changed sentence, or None where the sentence offers nothing to change. All choices
come from the generator that is given, so the same seed makes the same data.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence


def _twos(table: str) -> tuple[tuple[str, str], ...]:
    """The pairs of a table: one/other, parted by blanks."""
    return tuple((one, other) for one, _, other in (entry.partition("/") for entry in table.split()))


_YEAR = re.compile(r"(?<![0-9])([12][0-9]{3})年")
_ERA = re.compile(r"(明治|大正|昭和|平成|令和)([0-9]{1,2}|元)年")
_DAY = re.compile(r"(?<![0-9])([0-9]{1,2})(月|日)")
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z.,第])([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:\.[0-9]+)?)(?![0-9A-Za-z.]|年|月|日|世紀)"
)
_KANJI_NUMBER = re.compile(r"[二三四五六七八九](?=つ|人|回|年|か国|ヶ国|種類|個|本|名)")
_UNITS = _twos(
    """
    円/ドル キロメートル/メートル km/m kg/g トン/キログラム 時間/分 年間/か月間 人/世帯
    万人/億人 %/倍 億円/万円 メートル/センチメートル ヘクタール/平方メートル 世紀/年代
    """
)
_ERA_START = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_NEGATIONS = _twos(
    """
    していない/している されていない/されている ではなかった/であった ではない/である
    できない/できる できなかった/できた しなかった/した されなかった/された られなかった/られた
    れなかった/れた なかった/あった られない/られる れていない/れている っていない/っている
    えていない/えている していなかった/していた されていなかった/されていた
    っていなかった/っていた れていなかった/れていた しない/する とならなかった/となった
    にならなかった/になった くならなかった/くなった わなかった/った ではありません/です
    しませんでした/しました しません/します ありません/あります できません/できます
    めなかった/めた けなかった/けた えなかった/えた らない/る きなかった/きた ちなかった/ちた
    いなかった/いた
    """
)
_SAFE_ENDS = ("る", "った")  # too short to be trusted alone: only behind the letters that are listed here
_POLITE = _twos(
    """
    していた/していました している/しています されている/されています であった/でした
    ではない/ではありません である/です できない/できません できる/できます
    しなかった/しませんでした された/されました した/しました する/します となった/となりました
    になった/になりました なった/なりました あった/ありました ある/あります いた/いました
    いる/います られる/られます れる/れます
    """
)
_ENTITY = re.compile(
    r"[ァ-ヴー][ァ-ヴー・＝=]{2,}|"
    r"[一-龥]{2,5}(?:大学|王国|帝国|共和国|県|市|島|山|川|党|家|社|寺|城|駅|軍|号)|"
    r"「[^」]{2,14}」|[A-Z][A-Za-z]{2,}"
)
_LEADING = re.compile(
    r"^(?:しかし|また|さらに|なお|そして|このため|そのため|一方|ただし|その後|つまり|例えば|たとえば)、?"
)
_BRACKETS = re.compile(r"\([^()]*\)|（[^（）]*）")


def other_number(text: str, generator: random.Random) -> str | None:
    """One number that is no date, changed by a digit, a factor of ten or a little."""
    found = list(_NUMBER.finditer(text)) + list(_KANJI_NUMBER.finditer(text))
    if not found:
        return None
    match = generator.choice(found)
    old = match.group()
    new = _changed(old, generator)
    return None if new == old else text[: match.start()] + new + text[match.end() :]


def _changed(old: str, generator: random.Random) -> str:
    if old in "二三四五六七八九":
        return generator.choice([one for one in "二三四五六七八九" if one != old])
    grouped, plain = "," in old, old.replace(",", "")
    if "." in plain:
        whole, part = plain.split(".")
        return f"{int(whole) + generator.choice([1, 2, 10])}.{part}" if generator.random() < 0.5 else (
            f"{whole}.{(int(part[0]) + generator.randint(1, 8)) % 10}{part[1:]}")  # fmt: skip
    value = int(plain)
    ways = [value + generator.randint(1, 9), value * 10, value + 10, max(1, value * generator.choice([2, 3]))]
    if len(plain) > 1:
        at = generator.randrange(len(plain))
        digit = str((int(plain[at]) + generator.randint(1, 8)) % 10 or 9)
        ways += [int(plain[:at] + digit + plain[at + 1 :])] * 3
    value = generator.choice(ways)
    return f"{value:,}" if grouped else str(value)


def other_date(text: str, generator: random.Random) -> str | None:
    """One year, month or day changed, in either calendar."""
    found = [*_YEAR.finditer(text), *_ERA.finditer(text), *_DAY.finditer(text)]
    if not found:
        return None
    match = generator.choice(found)
    if match.re is _YEAR:
        new = f"{int(match[1]) + generator.choice([-20, -10, -3, -2, -1, 1, 2, 3, 10, 100])}年"
    elif match.re is _ERA:
        old = 1 if match[2] == "元" else int(match[2])
        new = f"{match[1]}{generator.choice([n for n in range(2, 15) if n != old])}年"
    else:
        top = 12 if match[2] == "月" else 28
        new = f"{generator.choice([n for n in range(1, top + 1) if n != int(match[1])])}{match[2]}"
    return text[: match.start()] + new + text[match.end() :]


def other_unit(text: str, generator: random.Random) -> str | None:
    """The unit of one number changed."""
    ways = []
    for one, two in _UNITS:
        for old, new in ((one, two), (two, one)):
            for match in re.finditer(rf"(?<=[0-9万億]){re.escape(old)}(?![ァ-ヴー一-龥A-Za-z])", text):
                ways.append(text[: match.start()] + new + text[match.end() :])
    return generator.choice(ways) if ways else None


def other_calendar(text: str, generator: random.Random) -> str | None:
    """The same year in the other calendar, or the same number written another way: still true."""
    ways = []
    for match in _ERA.finditer(text):
        year = _ERA_START[match[1]] + (1 if match[2] == "元" else int(match[2]))
        ways.append(text[: match.start()] + f"{year}年" + text[match.end() :])
    for match in _YEAR.finditer(text):
        year = int(match[1])
        era = next((name for name, start in reversed(_ERA_START.items()) if year > start + 1), None)
        if era:
            ways.append(text[: match.start()] + f"{era}{year - _ERA_START[era]}年" + text[match.end() :])
    for match in re.finditer(
        r"(?<![0-9,.])([1-9][0-9]?),?0000(?![0-9])|(?<![0-9,.])([1-9][0-9]?)0,000(?![0-9])", text
    ):
        ways.append(text[: match.start()] + f"{match[1] or match[2]}万" + text[match.end() :])
    ways = [way for way in ways if not _repeats(way)]
    return generator.choice(ways) if ways else None


def _repeats(text: str) -> bool:
    """Whether a year stands there twice, as in 平成10年(平成10年)."""
    years = [match.group() for pattern in (_ERA, _YEAR) for match in pattern.finditer(text)]
    return len(set(years)) < len(years)


def denied(text: str) -> str | None:
    """The opposite of the sentence, by its ending."""
    body, mark = (text[:-1], "。") if text.endswith("。") else (text, "")
    for negative, positive in sorted(_NEGATIONS, key=lambda pair: -len(pair[0])):
        if body.endswith(negative) and len(body) > len(negative) + 4:
            return body[: -len(negative)] + positive + mark
    for negative, positive in sorted(_NEGATIONS, key=lambda pair: -len(pair[1])):
        if positive in _SAFE_ENDS:
            continue
        if body.endswith(positive) and len(body) > len(positive) + 4:
            return body[: -len(positive)] + negative + mark
    return None


def entities(text: str) -> list[str]:
    """Names by their writing: katakana, names that end in what they are, quoted and Latin words."""
    return list(dict.fromkeys(match.group() for match in _ENTITY.finditer(text)))


def other_entity(text: str, near: Sequence[str], far: Sequence[str], generator: random.Random) -> str | None:
    """One name replaced by another: from `near` (the same passage) where there is a like one, else `far`."""
    own = entities(text)
    if not own:
        return None
    old = generator.choice(own)
    ways = [one for one in near if one not in text and old not in one and _alike(one, old)]
    ways = ways or [one for one in far if one not in text and old not in one and _alike(one, old)]
    return text.replace(old, generator.choice(ways)) if ways else None


def _alike(one: str, two: str) -> bool:
    return _script(one) == _script(two) and abs(len(one) - len(two)) <= 4


def _script(name: str) -> str:
    if name[0] == "「" or name[0].isascii():
        return name[0] if name[0] == "「" else "latin"
    return "katakana" if "ァ" <= name[0] <= "ヴ" else name[-1]


def reworded(text: str, generator: random.Random) -> str:
    """The same statement: polite ending, no leading conjunction, brackets left out."""
    if generator.random() < 0.8:
        text = _LEADING.sub("", text)
    if generator.random() < 0.4:
        text = _BRACKETS.sub("", text)
    if generator.random() < 0.6 and text.endswith("。"):
        for plain, polite in sorted(_POLITE, key=lambda pair: -len(pair[0])):
            if text[:-1].endswith(plain):
                return text[: -1 - len(plain)] + polite + "。"
    return text
