"""Whether an answer holds the words of an accepted one, and does not deny them.

Compared without regard to width, case, spaces and commas. A part of a longer number or word holds nothing:
可能 is not in 不可能, "legal" not in "illegal"; nor does 必要 stand in 必要ありません. A denial further
away (対象に含まれるものではない) is not seen.
"""

from __future__ import annotations

import re
import unicodedata

from assistant.grounding.numbers import facts

_LEFT_OUT = re.compile(r"[\s,、]+")
_SPACES = re.compile(r"\s+")
_GAP = r"[\s,、]*"
_SCALES = "十百千万億兆"
_ONES = "〇一二三四五六七八九"
_NUMERALS = f"{_ONES}{_SCALES}"

_NEGATING_SIGN = re.compile("(?:[不非未]|(?<!有)無)$")
_PARTICLE = "(?:じゃ|[でにと][はもが]?|[はもが])"
_SAID = "さ[れせ]|し(?:[てたまな、。]|$)|す[るれ]|みな|定め|決[めま]|規定|思|考え"
_VERB = (  # 必要ないとする and ないと定める state it, 承認がないとできない does not
    "(?:含まれ|当たり|該当し|され|でき|出来|いたし|ござい|あり|なり|なら|なっ|し)?(?:て(?:は)?い)?"
    rf"(?:ません|(?:ない|無い)(?!と(?!{_SAID})|限|場合|とき|時|わけ|訳))"
)
_NOT_BUT = "(?:では?|でも|じゃ)なく(?!ては|な)"  # 部長でなく課長; 部長でなくては says that it must be him
_NOR = rf"{_PARTICLE}なく(?!ては|な)|{_PARTICLE}?なくな[りっる]|(?<=必要)なく(?!ては|な)"
_NONE = "[はもが]?[な無]し(?!で(?!す|あ|した)|に(?!な|す))|ない(?![でにとか限場わ])"
_DENIED_AFTER = re.compile(f"{_PARTICLE}?{_VERB}|{_NOT_BUT}|{_NOR}|{_NONE}|外")
"""Behind a word. Not to be allowed something without it (承認がないと, 許可なく) does not deny it."""
_DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|never|neither|no longer|cannot(?: be)?|non)|n't)"
    r"(?: (?:yet|currently|always|usually|generally|be|been))?[ -]$|"
    r"\bno $"
)
_STOPS = frozenset("。.!?」)")
_SHORTEST_INFLECTED = 4
_SHORTEST_WITH_MENT = 7
"""Letters of a word that may have endings: "on" is not in "ones", nor "depart" in "department"; of those
of three letters there are plurals only."""


def comparable(text: str) -> str:
    """`text` without differences of width, case, spaces and commas."""
    return _LEFT_OUT.sub("", _folded(text))


def contains(text: str, accepted: str) -> bool:
    """Whether `text` holds `accepted`; "10日" is not held by "110日", "3" by "3.5", "2千円" by "1万2千円"."""
    wanted = comparable(accepted)
    if not wanted:
        return False
    text = _SPACES.sub(" ", _folded(text).replace("’", "'"))
    whole = _before(wanted) + _GAP.join(map(re.escape, wanted)) + _after(wanted)
    return any(not _is_denied(text, *found.span()) for found in re.finditer(whole, text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _before(wanted: str) -> str:
    """What keeps a number or a word from being the end of a longer one."""
    if _is_english(wanted[0]):
        return "(?<![a-z])"
    if wanted[0].isdigit():
        digits = len(wanted) - len(wanted.lstrip("0123456789"))
        # "1, 500" is one number, "1, 20" is two, and "1, 200 and 300" are three.
        listed = r"(?=\d+(?:,? (?:and|or) |, )\d)"
        grouped = rf"(?:(?<!\d, )|{listed})" if digits % 3 == 0 else ""
        return rf"(?<![\d{_NUMERALS}])(?<!\d[.,]){grouped}"
    if wanted[0] not in _NUMERALS or not any(fact.start == 0 for fact in facts(wanted)):
        return ""
    # The digit of a list item may stand before 一人, but 2 before 千円 is 2,000 yen.
    return rf"(?<![\d{_NUMERALS}])" if wanted[0] in _SCALES else f"(?<![{_NUMERALS}])"


def _after(wanted: str) -> str:
    """What keeps it from being the beginning of one; words may be inflected."""
    if wanted[-1].isdigit():
        return rf"(?!\.?\d|,\d{{3}}|,? \d{{3}}(?!\d)|[{_SCALES}])"
    if not _is_english(wanted[-1]):
        return ""
    endings = "e?s|e?d|ing" if len(wanted) >= _SHORTEST_INFLECTED else "s" if len(wanted) > 2 else ""
    ment = "|ment" if len(wanted) >= _SHORTEST_WITH_MENT else ""
    return f"(?:{endings}{ment})?(?![a-z])"


def _is_denied(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is denied by what stands around it; twice is not at all (不可能ではない)."""
    before = bool(_NEGATING_SIGN.search(text[max(0, start - 2) : start]))
    after = text[end - 1] not in _STOPS and bool(_DENIED_AFTER.match(text, end))
    return before != after or bool(_DENIED_BEFORE.search(text[max(0, start - 30) : start]))


def _is_english(char: str) -> bool:
    return char.isascii() and char.isalpha()
