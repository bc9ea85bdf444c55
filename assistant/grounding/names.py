"""Names of places and people that a claim says and its passages do not: a sentence is proved with its names.

In 福島県が最も多い and 鳥取県が最も多い most words agree, so that likeness alone takes one for the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.grounding.latin_names import lost_latin
from assistant.words import detect_language
from ingestion.tokenizing import NAME_KINDS, fold, names_with_kinds, words_in
from ingestion.written_forms import one_ke

_KATAKANA = re.compile(r"[ァ-ヶー・]+")


def lost_names(claim: str, texts: Sequence[str], question: str = "") -> list[str]:
    """The names of a Japanese claim that neither `texts` nor `question` have, as it has them, each once.

    What follows a name is no part of it (県 of 福島県), and what is cut out of another name does not say it
    (京都 of 東京都). latin_names.py has those in Latin letters. Left out are people in katakana, whom the
    dictionary also sees in common words (リスト), and claims about texts in another language, where names are
    written otherwise.
    """
    claim = unicodedata.normalize("NFKC", claim)
    if detect_language(claim) != "ja" or detect_language("\n".join(texts)) != "ja":
        return []
    told = fold("\n".join([*texts, question]))
    found = names_with_kinds(claim)
    names = dict.fromkeys(name for name, kind in found if kind == "地名" or not _KATAKANA.fullmatch(name))
    lost = [_as_written(name, claim) for name in names if not is_said(name, told)]
    return [*lost, *lost_latin(claim, told)]


def is_said(name: str, told: str) -> bool:
    """Whether `told` (folded) has `name`, not as a part of another name."""
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
