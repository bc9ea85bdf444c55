"""Names that a claim says and its passages do not: a sentence is proved with its names.

In 福島県が最も多い and 鳥取県が最も多い most words agree, so that likeness alone takes one for the other.
Names are those of places and people, and what Japanese sentences write in Latin letters: brands, species.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.words import detect_language
from ingestion.tokenizing import NAME_KINDS, fold, names_with_kinds, words_in
from ingestion.written_forms import one_ke

_KATAKANA = re.compile(r"[ァ-ヶー・]+")
_LATIN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9'&.+-]*[A-Za-z0-9]")
_BETWEEN = re.compile(r"[^A-Za-z0-9]+")
_SHORTEST = 4
"""Characters of a Latin name. Shorter ones are abbreviations and units, which texts write in several ways.

Of 36 true Japanese claims with a longer one that evidence has to name, none was held to lack it.
"""


def lost_names(claim: str, texts: Sequence[str]) -> list[str]:
    """The names of a Japanese claim that are in none of `texts`, as the claim has them, each once.

    What follows a name is no part of it (県 of 福島県), and what is cut out of another name does not say it
    (京都 of 東京都). Left out are people in katakana, whom the dictionary also sees in common words (リスト),
    and claims about texts in another language, where names are written otherwise.
    """
    claim = unicodedata.normalize("NFKC", claim)
    told = fold("\n".join(texts))
    if detect_language(claim) != "ja" or detect_language(told) != "ja":
        return []
    found = names_with_kinds(claim)
    names = dict.fromkeys(name for name, kind in found if kind == "地名" or not _KATAKANA.fullmatch(name))
    lost = [_as_written(name, claim) for name in names if not _is_said(name, told)]
    return [*lost, *_lost_latin(claim, told)]


def _lost_latin(claim: str, told: str) -> list[str]:
    """Names in Latin letters, compared without regard to case, spaces and hyphens (Wi-Fi, WiFi)."""
    within = _bare(told)
    names = dict.fromkeys(match.group() for match in _LATIN.finditer(claim))
    return [name for name in names if len(_bare(name)) >= _SHORTEST and _bare(name) not in within]


def _bare(text: str) -> str:
    return _BETWEEN.sub("", text).lower()


def _is_said(name: str, told: str) -> bool:
    places = [match.start() for match in re.finditer(re.escape(one_ke(name)), one_ke(told))]
    if not places or len(name) == 1:  # the dictionary often cuts single characters out of words
        return bool(places)
    others = [word for word in words_in(told) if word.kind[1] == "固有名詞" and word.kind[2] in NAME_KINDS]
    edges = ((start, start + len(name)) for start in places)
    return any(not any(word.start < edge < word.end for edge in both for word in others) for both in edges)


def _as_written(name: str, claim: str) -> str:
    folded = fold(claim)
    start = folded.find(name)
    return claim[start : start + len(name)] if start >= 0 and len(folded) == len(claim) else name
