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
_ORGANISATION = re.compile(
    r"\b(?P<en>[A-Z][\w&'’-]*(?:\s+[A-Z][\w&'’-]*){0,4}?),?\s+"
    r"(?:Inc|Ltd|Co|Corp|LLC|PLC|Corporation|Company|Limited|Technologies|Solutions|Holdings|Group)\b\.?|"
    r"(?:(?:株式|有限|合同)会社)?\s?(?P<ja>(?![0-9])[ァ-ヶー・A-Za-z0-9]{1,20})(?:社(?![員内長外会則史宅債説])|(?:株式|有限|合同)会社)"
)
_BEFORE_NAMES = re.compile(
    r"^(?:(?:the|a|an|our|your|this|was|were|is|are|did|does|do|has|have|had|when|how|much|many|what|which|who|where|"
    r"why|after|under|at|in|of|insurance|parent|holding|limited)\b\s*)+",
    re.IGNORECASE,
)
_LATIN_WORD = re.compile(r"[A-Za-z0-9\u00c0-\u017f]+")
_BETWEEN = re.compile(r"[\W_]+")
_ACCENT = re.compile(r"[\u0300-\u036f]")
_LONG = re.compile(r"(?<=o)[ou]|(?<=u)u")
_SHORTEST = 4
"""Characters of a Latin name. Shorter ones are abbreviations and units, which texts write in several ways.

Of 36 true Japanese claims with a longer one that evidence has to name, none was held to lack it.
"""


def lost_names(claim: str, texts: Sequence[str], question: str = "") -> list[str]:
    """The names of a Japanese claim that neither `texts` nor `question` have, as it has them, each once.

    What follows a name is no part of it (県 of 福島県), and what is cut out of another name does not say it
    (京都 of 東京都). Left out are people in katakana, whom the dictionary also sees in common words (リスト),
    and claims about texts in another language, where names are written otherwise.
    """
    claim = unicodedata.normalize("NFKC", claim)
    if detect_language(claim) != "ja" or detect_language("\n".join(texts)) != "ja":
        return []
    told = fold("\n".join([*texts, question]))
    found = names_with_kinds(claim)
    names = dict.fromkeys(name for name, kind in found if kind == "地名" or not _KATAKANA.fullmatch(name))
    lost = [_as_written(name, claim) for name in names if not _is_said(name, told)]
    return [*lost, *_lost_latin(claim, told)]


def other_organisation(said: str, passages: Sequence[str], headings: Sequence[str] = ()) -> str:
    """The organisation that `said` speaks of, where the passages speak of others only; "" otherwise.

    A sentence about Meridian Tech Solutions proves nothing of Nova Technologies Inc., however alike the rest.
    What names none is about that of its headings, and about the one that is meant where these name none.
    """
    named = _organisations(said)
    for texts in (passages, headings) if named else ():
        told = "\n".join(texts)
        if any(_names(told, core) for core in named.values()):
            return ""
        if _organisations(told):
            return next(iter(named))
    return ""


def _organisations(text: str) -> dict[str, str]:
    """Organisations as they are written, each with what of its name tells it from others."""
    text = unicodedata.normalize("NFKC", text)
    found: dict[str, str] = {}
    for match in _ORGANISATION.finditer(text):
        core = match["ja"] or _BEFORE_NAMES.sub("", match["en"])
        if _bare(core):
            found[match.group().removeprefix((match["en"] or match["ja"]).removesuffix(core))] = core
    return found


def _names(text: str, core: str) -> bool:
    """Whether `text` has the name: in Latin letters whole words of it, as Nova is not in Innovation."""
    if not core.isascii():
        return _bare(core) in _bare(text)
    said, wanted = (f" {' '.join(map(_bare, _LATIN_WORD.findall(one)))} " for one in (text, core))
    return wanted in said


def _lost_latin(claim: str, told: str) -> list[str]:
    """Names in Latin letters, compared without regard to case, spaces and hyphens (Wi-Fi, WiFi)."""
    within = _bare(told)
    names = dict.fromkeys(match.group() for match in _LATIN.finditer(claim))
    return [name for name in names if len(name) >= _SHORTEST and _bare(name) not in within]


def _bare(text: str) -> str:
    """Letters and digits alone, without accents, and long vowels of romanised names short (Tentō, Tentou)."""
    letters = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFKD", text)))
    return _LONG.sub("", _BETWEEN.sub("", letters).lower())


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
