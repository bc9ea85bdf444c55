"""Whether an answer holds the words of an accepted one, and does not deny them.

Compared without regard to width, case, spaces and commas. A part of a longer number or word holds nothing:
可能 is not in 不可能, "legal" not in "illegal"; nor does 必要 stand in 必要ありません.
"""

from __future__ import annotations

import re
import unicodedata

from assistant.grounding.numbers import facts

_LEFT_OUT = re.compile(r"[\s,、]+")
_SCALES = "十百千万億兆"
_ONES = "〇一二三四五六七八九"
_NUMERALS = f"{_ONES}{_SCALES}"
_GAP = r"[\s,、]*"
_DENIED_BEFORE = "(?<![不非無未])"
_DENIED_AFTER = (
    r"(?!(?:で|に|と)?(?:は|も|が|じゃ)?(?:(?:あり|でき|出来|なり|いたし|し)?ません|"
    r"(?:で(?:き|)|出来|なら|し)?な(?:い|く(?!て(?:は|も)))|なし|無し))"
)
_ENGLISH_BEFORE = r"(?<![a-z])(?<!\bnot )(?<!n't )(?<!\bnever )(?<!\bno )(?<!\bnon-)(?<!\bnon )"
_ENGLISH_AFTER = r"(?!(?!e?s(?![a-z]))[a-z])"
_SPACES = re.compile(r"\s+")


def comparable(text: str) -> str:
    """`text` without differences of width, case, spaces and commas."""
    return _LEFT_OUT.sub("", _folded(text))


def contains(text: str, accepted: str) -> bool:
    """Whether `text` holds `accepted`; "10日" is not held by "110日", "3" by "3.5", "2千円" by "1万2千円"."""
    wanted = comparable(accepted)
    if not wanted:
        return False
    whole = _before(wanted) + re.escape(wanted) + (rf"(?!\.?\d|[{_SCALES}])" if wanted[-1].isdigit() else "")
    return re.search(whole, comparable(text)) is not None and _is_affirmed(wanted, _folded(text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _before(wanted: str) -> str:
    """What keeps a number from being the end of a longer one."""
    if wanted[0].isdigit():
        return rf"(?<![\d{_NUMERALS}])(?<!\d\.)"
    if wanted[0] not in _NUMERALS or not any(fact.start == 0 for fact in facts(wanted)):
        return ""
    # Without spaces the digit of a list item may stand before 一人, but 2 before 千円 is 2,000 yen.
    return rf"(?<![\d{_NUMERALS}])" if wanted[0] in _SCALES else f"(?<![{_NUMERALS}])"


def _is_affirmed(wanted: str, text: str) -> bool:
    """Whether `wanted` stands somewhere in `text` as whole English words, but for a plural, undenied."""
    before = _ENGLISH_BEFORE if _is_english(wanted[0]) else _DENIED_BEFORE
    after = _ENGLISH_AFTER if _is_english(wanted[-1]) else _DENIED_AFTER if wanted[-1].isalpha() else ""
    pattern = before + _GAP.join(map(re.escape, wanted)) + after
    return re.search(pattern, _SPACES.sub(" ", text.replace("’", "'"))) is not None


def _is_english(char: str) -> bool:
    return char.isascii() and char.isalpha()
