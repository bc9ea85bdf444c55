"""Names of places and people that a claim says and its passages do not: a sentence is proved with its names.

In 福島県が最も多い and 鳥取県が最も多い most words agree, so that likeness alone takes one for the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.words import detect_language
from ingestion.tokenizing import fold, names_with_kinds

_ENDINGS = tuple("都道府県市区町村郡")
_KATAKANA = re.compile(r"[ァ-ヶー・]+")
_SHORTEST = 2  # characters of a name without its ending


def lost_names(claim: str, texts: Sequence[str]) -> list[str]:
    """The names of a Japanese claim that are in none of `texts`, as the claim has them, each once.

    A name counts as said without its ending, too (福島 for 福島県). Left out are people in katakana, whom
    the dictionary also sees in common words (リスト), and claims about texts in another language, where
    names are written otherwise.
    """
    told = fold(unicodedata.normalize("NFKC", "\n".join(texts)))
    if detect_language(claim) != "ja" or detect_language(told) != "ja":
        return []
    found = names_with_kinds(unicodedata.normalize("NFKC", claim))
    names = dict.fromkeys(name for name, kind in found if kind == "地名" or not _KATAKANA.fullmatch(name))
    return [name for name in names if not any(form in told for form in _forms(name))]


def _forms(name: str) -> tuple[str, ...]:
    stem = name[:-1] if name.endswith(_ENDINGS) else name
    return (name, stem) if len(stem) >= _SHORTEST else (name,)
