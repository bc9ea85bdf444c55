"""Whether a printed line of a table's cell is a whole value: 0.30g, 合計量として 1.0, ○(注 2), 配合不可."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

_NOTE = r"(?:\s*\((?:※|注)?\s*\d{0,2}\))?"
_AMOUNT = r"[¥\\$€£+\-−△▲▼±]*\s*\d(?:[\d,.]*\d)?\s*[^\s\d、。,.()~〜:：]{0,6}(?<![のをにとはがもでへら])"
_VALUE = re.compile(
    rf"^(?:(?:[^\s\d、。()]{{1,8}}(?:として|:)|約|各|計|合計|最大|最小|最高|最低|上限|下限|平均|月額|年額|日額|税込|税抜)\s*)?"
    rf"{_AMOUNT}(?:\s*[~〜]\s*{_AMOUNT})?{_NOTE}$"
    rf"|^[○〇◯×✕✓◎△●\-−–—―*]{{1,3}}{_NOTE}$"
    rf"|^(?:\w{{0,4}}不可|なし|無し?|有り?|あり|可|要|不要|未定|同上|〃|対象外|非?該当|該当なし|n/?a|yes|no){_NOTE}$"
    r"|^(?:(?:19|20)\d\d|(?:令和|平成|昭和)\s?(?:\d+|元))\s?[年/.\-]\s?\d{1,2}\s?[月/.\-]\s?\d{1,2}\s?日?$",
    re.IGNORECASE,
)
_NOTE_LINE = re.compile(r"^\(?(?:※|注)\s*\d{0,2}\)?$")
_ENUMERATED = re.compile("[①-⑳㉑-㊿❶-❿]")
_OF_A_DATE = re.compile(r"\d\s*[月日]")


def are_values(lines: Sequence[str]) -> bool:
    """Whether a cell holds values line by line, two at least, of which none runs on in the next."""
    return (
        len(lines) > 1
        and all(is_value_line(line) for line in lines)
        and not any(
            above.rstrip()[-1] in "年月" and _OF_A_DATE.search(below) for above, below in pairwise(lines)
        )
    )


def is_value_line(text: str) -> bool:
    """Whether a line is a whole value and no part of one: figures with a unit, a mark, a word like なし."""
    return not _ENUMERATED.search(text) and bool(_VALUE.match(unicodedata.normalize("NFKC", text).strip()))


def is_note(text: str) -> bool:
    """Whether a line only refers to a note: (注 3), ※2."""
    return bool(_NOTE_LINE.match(unicodedata.normalize("NFKC", text).strip()))
