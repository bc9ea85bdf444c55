"""What the words around a number make of it: a limit, a time before or after something, a change.

以上/以下/未満, "at least"; 30日前, "30 days after"; 3%上昇, 12%に上昇, "rose by 2 to 18".
"""

from __future__ import annotations

import re

_BEFORE = 100  # characters that may bound a number; a long row has many numbers
_AT_LEAST = re.compile(
    r"^\s*(?:間|分)?(?:以上|を超|超|より多|以降|or more|and above|or above)", re.IGNORECASE
)
_AT_MOST = re.compile(
    r"^\s*(?:間|分)?(?:以下|未満|以内|まで(?!に)|を限度|を上限|or less|or fewer)", re.IGNORECASE
)
_NOT_BEYOND = re.compile(
    r"^\s*(?:間|分)?を?(?:超え|上回)(?:(?:ては|て)?(?:なら|いけ)|ない|ません|らない|りません|"
    r"ることは?でき(?:ない|ません)|ることは?認め(?:ない|られ))"
)
_NOT_BEYOND_BEFORE = re.compile(
    r"(?:\b(?:not?|never|cannot)|n['’]t)\b[^.;,]{0,40}\b(?:more than|over|beyond|exceed(?:ing)?)\s*$",
    re.IGNORECASE,
)
_AT_LEAST_BEFORE = re.compile(
    r"(?:at least|more than|over|exceed(?:s|ing)?|no (?:less|fewer) than|minimum of)\s*$", re.IGNORECASE
)
_AT_MOST_BEFORE = re.compile(
    r"(?:at most|less than|under|up to|within|no more than|maximum of|上限は?|最大)\s*$", re.IGNORECASE
)
_STRICT = re.compile(r"^\s*(?:間|分)?(?:を超|超(?!過)|未満|より[多少]|を上回|を下回)", re.IGNORECASE)
_STRICT_BEFORE = re.compile(r"(?<!no )(?:more than|less than|over|under|exceed(?:s|ing)?)\s*$", re.IGNORECASE)
_EARLIER = re.compile(
    r"^\s*(?:間)?(?:以上|以内)?(?:の)?前(?![後年期月項条払回倒])|"
    r"^\s*(?:or more |or less )?(?:before|prior to|ahead of|in advance)\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"^\s*(?:間)?(?:以上|以内)?(?:の)?後(?![半期払者任])|"
    r"^\s*(?:or more |or less )?(?:after|following|later)\b",
    re.IGNORECASE,
)
_BEFORE_IT = re.compile(r"(?<![以午])前(?:の|、)?$")
_AFTER_IT = re.compile(r"(?<![以午今前])後(?:の|、)?$")
_UP = "上昇|増|上が|伸び|拡大|改善|アップ"
_DOWN = "減|低下|下落|下が|縮小|悪化|ダウン"
_MOVED_BY = re.compile(rf"^\s*の?(?:(?P<up>{_UP})|(?P<down>{_DOWN}))")
_MOVED_TO = re.compile(rf"^\s*(?:に|へ|まで|と)(?:まで)?(?:{_UP}|{_DOWN}|なっ|なり|なる|達)")
_MOVES = (
    r"\b(?:(?P<up>rise|rises|rose|risen|rising|grow|grows|grew|grown|growing|increas\w+|climb\w*|rais\w+|improv\w+)|"
    r"(?P<down>decreas\w+|declin\w+|f[ae]ll\w*|drop\w*|reduc\w+|cut|shrank|shrunk|shrink\w*)|went)\b[^.;]{0,40}"
)
_MOVES_BY = re.compile(rf"{_MOVES}\bby (?:about |around |nearly |over )?$", re.IGNORECASE)
_MOVES_TO = re.compile(rf"{_MOVES}\bto (?:about |around |nearly |over )?$", re.IGNORECASE)
_TIMES = frozenset({"second", "day", "workday", "month", "night"})


def bound_of(start: int, end: int, text: str) -> int:
    """1 for at least, -1 for at most, 0 where `text[start:end]` has no bound."""
    after, before = text[end : end + 12], text[max(0, start - _BEFORE) : start]
    if _NOT_BEYOND.match(after) or _NOT_BEYOND_BEFORE.search(before):
        return -1
    if _AT_LEAST.match(after) or _AT_LEAST_BEFORE.search(before):
        return 1
    return -1 if _AT_MOST.match(after) or _AT_MOST_BEFORE.search(before) else 0


def side_of(start: int, end: int, unit: str, text: str) -> int:
    """-1 for a time before something (30日前), 1 for one after it, 0 where neither is said."""
    if unit not in _TIMES:
        return 0
    after, before = text[end : end + 24], text[max(0, start - 4) : start]
    if _EARLIER.match(after) or _BEFORE_IT.search(before):
        return -1
    return 1 if _LATER.match(after) or _AFTER_IT.search(before) else 0


def is_strict(start: int, end: int, text: str) -> bool:
    """Whether its bound is not reached itself (未満, "more than")."""
    after, before = text[end : end + 12], text[max(0, start - _BEFORE) : start]
    if _NOT_BEYOND.match(after) or _NOT_BEYOND_BEFORE.search(before):
        return False
    return bool(_STRICT.match(after) or _STRICT_BEFORE.search(before))


def moved_of(start: int, end: int, text: str) -> str:
    """What something becomes is "to", what it changes by "up", "down" or "by"; "" where neither is said."""
    after, before = text[end : end + 12], text[max(0, start - _BEFORE) : start]
    if _MOVED_TO.match(after) or _MOVES_TO.search(before):
        return "to"
    found = _MOVED_BY.match(after) or _MOVES_BY.search(before)
    return "" if found is None else found.lastgroup or "by"
