"""Opposite words of a claim and its passages: before/after, 区内/区外, approved/deferred, 5から4 for 4から5.

Only pairs that say nothing else, and only where the passages have the other word alone.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence

from assistant.grounding.numbers import Fact, as_said, facts, matches

_PAIRS = [
    (re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE))
    for one, other in (
        (
            r"\bbefore\b|\bprior to\b|(?<![以午])前に|の前(?![年期月日])",
            r"\bafter\b|(?<![以午])後に|の後(?![年期月日])",
        ),
        (r"[区市県国社]内|\binside\b", r"[区市県国社]外|\boutside\b"),
        (r"\bapproved\b|承認され|可決", r"\bdeferred\b|\bpostponed\b|\brejected\b|却下|継続審議|否決|見送"),
    )
]
_TO = re.compile(r"\s*(?:\([^()]{1,4}\))?\s*(?:から|to|[〜~–-])\s*", re.IGNORECASE)
_ENDS = ("まで", "以内", "以前")
_GIVES = re.compile(
    r"(甲|乙|丙|[一-龥ァ-ヶー]{2,8})(?:は|が|から)、?(甲|乙|丙|[一-龥ァ-ヶー]{2,8})(?:に対し|に|へ)"
)


def opposite(claim: str, passages: Sequence[str]) -> str:
    """The words of `claim` of which the passages say the opposite; "" without such."""
    claim = unicodedata.normalize("NFKC", claim)
    told = unicodedata.normalize("NFKC", "\n".join(passages))
    return (
        _opposite_word(claim, told)
        or _turned_round(claim, told)
        or _other_end(claim, told)
        or _roles(claim, told)
    )


def _opposite_word(claim: str, told: str) -> str:
    for pair in _PAIRS:
        for one, other in (pair, pair[::-1]):
            said = one.search(claim)
            if said and other.search(told) and not other.search(claim) and not one.search(told):
                return said.group()
    return ""


def _turned_round(claim: str, told: str) -> str:
    """4万円から5万円 where the passages have 5万円から4万円."""
    spans = _spans(told)
    for start, end in _spans(claim):
        turned = any(matches(start, b) and matches(end, a) for a, b in spans)
        if turned and not any(matches(start, a) and matches(end, b) for a, b in spans):
            return claim[start.start : end.end]
    return ""


def _spans(text: str) -> list[tuple[Fact, Fact]]:
    pairs = itertools.pairwise(facts(text))
    return [(one, two) for one, two in pairs if _TO.fullmatch(text[one.end : two.start])]


def _other_end(claim: str, told: str) -> str:
    """9時から where the passages have 9時まで alone, and the reverse."""
    given = facts(told)
    for fact in facts(claim):
        behind = claim[fact.end :]
        same = [told[one.end : one.end + 2] for one in given if matches(fact, one)]
        begins = behind.startswith("から") and same and all(end in _ENDS for end in same)
        ends = re.match("まで(?!に)", behind) and same and all(end == "から" for end in same)
        if begins or ends:
            return as_said(fact, claim) + behind[:2]
    return ""


def _roles(claim: str, told: str) -> str:
    """乙が甲に where the passages have 甲が乙に."""
    given = set(_GIVES.findall(told))
    for match in _GIVES.finditer(claim):
        if (match[2], match[1]) in given and (match[1], match[2]) not in given:
            return match.group()
    return ""
