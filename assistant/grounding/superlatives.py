"""Whether a passage says that something is the most of all: one row of a table does not say it of itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_MOST = r"もっとも(?![、,なだで]|らし)|(?<![0-9])(?:1番|一番)(?![目号線町])|いちばん"
"""The adverb; 番 of a number and もっとも、 ("however") are none."""

_OF_ALL = re.compile(
    rf"最も|最多|最少|{_MOST}|"
    r"(?<!\bat )(?<!\bfor )(?<!\bmake )\bthe most\b|"
    r"\bthe (?:fewest|highest|lowest|largest|smallest|biggest|longest|shortest|best|worst)\b",
    re.IGNORECASE,
)
"""In claims. 最大5日 and "at the most" are left out: they also stand for a limit, told in other words."""

_SHOWN = re.compile(
    rf"最[も大小高低多少長短良悪上下優新古安速早遅遠軽重強弱深浅厚薄広狭]|最寄|{_MOST}|首位|トップ|筆頭|を第一|"
    r"ナンバーワン|ベスト|ワースト|(?<![0-9])1位|一位|"
    r"\b(?:most|least|fewest|highest|lowest|largest|smallest|biggest|longest|shortest|greatest|best|worst|"
    r"first|top|maximum|minimum|max|peak|latest|newest|earliest|oldest|fastest|slowest|cheapest|nearest|"
    r"closest|heaviest|lightest|strongest|utmost)\b",
    re.IGNORECASE,
)


def unshown_superlative(said: str, texts: Sequence[str]) -> str:
    """The words by which `said` calls something the most of all, when no text does; "" otherwise."""
    found = _OF_ALL.search(unicodedata.normalize("NFKC", said))
    told = unicodedata.normalize("NFKC", "\n".join(texts))
    return "" if found is None or _SHOWN.search(told) else found.group()
