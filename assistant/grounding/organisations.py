"""Of which organisation a sentence is true: told of another one it proves nothing, however alike the rest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.grounding.latin_names import bare, is_named

_FORMS = "Inc|Ltd|Co|Corp|LLC|PLC|Corporation|Company|Limited"
_OFTEN_OF_NAMES = "Technologies|Solutions|Holdings|Group"
"""Ends names of companies, and of their divisions and products, too."""
_ORGANISATION = re.compile(
    r"(?<![\w&-])(?<!\w['’])(?P<en>[A-Z][\w&'’-]*(?:\s+[A-Z][\w&'’-]*){0,4}?),?"
    rf"(?:\s+(?:{_OFTEN_OF_NAMES})\b)?,?\s+(?:(?P<form>{_FORMS})\b\.?|(?:{_OFTEN_OF_NAMES})\b)|"
    r"(?:(?:株式|有限|合同)会社)?\s?(?P<ja>(?![0-9])[ァ-ヶー・A-Za-z0-9]{1,20})(?:社(?![員内長外会則史宅債説])|(?:株式|有限|合同)会社)"
)
_DIVISION = re.compile(
    r"(?:['’]s)?(?:\s+(?!(?:a|an|the|of|for|in|is|was)\b)[\w&'’-]+){0,2}\s+"
    r"(?:division|unit|segment|department|business|team)\b(?!\s+(?:partner|class))"
)
_BEFORE_NAMES = re.compile(
    r"^(?:(?:the|a|an|our|your|this|was|were|is|are|did|does|do|has|have|had|when|how|much|many|what|which|who|where|"
    r"why|after|under|at|in|of|insurance|parent|holding|limited)\b\s*)+",
    re.IGNORECASE,
)


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
        others = _organisations(told, sure=False)
        if any(not _is_division(name, said) for name in others):
            return next(iter(named))
    return ""


def _is_division(name: str, said: str) -> bool:
    """Whether `said` has `name` as a part of an organisation: that passages name it tells of no other one."""
    start = said.find(name)
    return start >= 0 and bool(_DIVISION.match(said, start + len(name)))


def _organisations(text: str, *, sure: bool = True) -> dict[str, str]:
    """Organisations as they are written, each with what of its name tells it from others.

    With `sure`, only those with a legal form where there are any: beside Nova Technologies Inc. stands its
    division Cloud Solutions.
    """
    text = unicodedata.normalize("NFKC", text)
    found: dict[str, str] = {}
    certain: dict[str, str] = {}
    for match in _ORGANISATION.finditer(text):
        core = match["ja"] or _BEFORE_NAMES.sub("", match["en"])
        if bare(core):
            written = match.group().removeprefix((match["en"] or match["ja"]).removesuffix(core))
            found[written] = core
            if match["ja"] or match["form"]:
                certain[written] = core
    return certain if sure and certain else found


def _names(text: str, core: str) -> bool:
    return is_named(core, text) if core.isascii() else bare(core) in bare(text)
