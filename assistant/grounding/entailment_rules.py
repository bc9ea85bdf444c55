"""Rules that outrank the verifier's model: numbers, dates and negation of a claim against its evidence."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.grounding.numbers import Fact, Quantity, conflicts, facts, matches
from assistant.grounding.polarity import clauses, opposed

_REPEATED = 0.65  # how much of the claim the nearest sentence must hold for numbers to be compared one by one
_ALIKE = 0.7  # and for their "not" to be compared
_KANJI_RUN = re.compile(r"(?<![〇一二三四五六七八九十百千])(.|^)([〇一二三四五六七八九十百千]+)(.)")
_RUN = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


@dataclass(frozen=True, slots=True)
class FailedRule:
    """Which rule failed, with what; `contradicts` when the evidence says otherwise, not only nothing."""

    name: str
    contradicts: bool


def failed_rule(claim: str, evidence: Sequence[str], nearest: str) -> FailedRule | None:
    """The first rule that fails, None when all hold. `nearest` is the sentence most like the claim.

    Where the claim repeats that sentence, its numbers are compared one by one. Otherwise a number must be in
    the evidence, unless it is a small one and nothing of its kind is: "two children" may be a boy and a girl.
    """
    claim, nearest = (unicodedata.normalize("NFKC", text) for text in (claim, nearest))
    share = shares(claim, [nearest])[0]
    if share >= _REPEATED and (wrong := other_number(claim, nearest)):
        return FailedRule(f"number_not_found:{wrong}", contradicts=True)
    if not (share >= _REPEATED and _subsequence(_RUN.findall(claim), _RUN.findall(nearest))):
        claimed = facts(claim)
        given = [fact for text in evidence for fact in facts(text)] if claimed else []
        for fact in claimed:
            if any(matches(fact, other) for other in given):
                continue
            contradicts = any(conflicts(fact, other) for other in given)
            if contradicts or _precise(fact):
                return FailedRule(f"number_not_found:{_text(fact, claim)}", contradicts)
    parts, own = clauses(nearest), clauses(claim)
    if share >= _ALIKE and own and parts and opposed(claim, nearest, shares(own[-1], parts)):
        return FailedRule("negation", contradicts=True)
    return None


def other_number(claim: str, nearest: str) -> str:
    """A number of `claim` that `nearest`, which it repeats, has not or not so often, "" without one.

    Written in another way it is the same (1万2千, 12,000). A number that stands once in both must count the
    same: 4人 is not 4世帯.
    """
    behind = {match.group(): nearest[match.end() : match.end() + 1] for match in _RUN.finditer(nearest)}
    left = Counter(_RUN.findall(nearest))
    once = {run for run, count in left.items() if count == 1 and _RUN.findall(claim).count(run) == 1}
    known = facts(nearest)
    same = [fact for fact in facts(claim) if any(matches(fact, other) for other in known)]
    for match in _RUN.finditer(claim):
        run = match.group()
        told = [fact for fact in same if fact.start <= match.start() and match.end() <= fact.end]
        if left[run] <= 0 and (run in behind or not told):
            return _with_unit(claim, match.end(), run)
        left[run] -= 1
        counted = any(not isinstance(fact, Quantity) or fact.unit for fact in told)
        if run in once and not counted and not _same_kind(claim[match.end() : match.end() + 1], behind[run]):
            return _with_unit(claim, match.end(), run)
    return _other_kanji(claim, nearest)


def _other_kanji(claim: str, nearest: str) -> str:
    """A number in kanji that stands between the same characters as another one there: 三年戦争, 七年戦争."""
    there = {(match[1], match[3]): match[2] for match in _KANJI_RUN.finditer(nearest)}
    for match in _KANJI_RUN.finditer(claim):
        other = there.get((match[1], match[3]))
        if other is not None and match[2] != other and match[2] + match[3] not in nearest:
            return match[2] + match[3]
    return ""


def _same_kind(one: str, two: str) -> bool:
    """Whether what stands behind a number counts the same; a mark of punctuation says nothing."""
    return one == two or not all(char.isalnum() or char == "%" for char in one + two) or not (one and two)


def _with_unit(claim: str, end: int, run: str) -> str:
    return run + claim[end : end + 1].strip()


def _subsequence(runs: Sequence[str], given: Sequence[str]) -> bool:
    rest = iter(given)
    return all(run in rest for run in runs)


def shares(claim: str, texts: Sequence[str]) -> list[float]:
    """For each text the share of the claim's character pairs that it holds, rare ones counting more."""
    own = _pairs(claim)
    held = [own & _pairs(text) for text in texts]
    counts: dict[str, int] = {}
    for pairs in held:
        for pair in pairs:
            counts[pair] = counts.get(pair, 0) + 1
    weights = {pair: math.log1p((len(texts) + 1) / (1 + counts.get(pair, 0))) for pair in sorted(own)}
    total = sum(weights.values()) or 1.0
    return [sum(weights[pair] for pair in sorted(pairs)) / total for pairs in held]


def _pairs(text: str) -> frozenset[str]:
    plain = "".join(char for char in text.casefold() if char.isalnum())
    size = 4 if plain.isascii() else 2  # letters say less than kanji
    return frozenset(plain[i : i + size] for i in range(len(plain) - size + 1))


def _precise(fact: Fact) -> bool:
    """Whether a number is one that must be written: a date, or more than a handful."""
    return not isinstance(fact, Quantity) or abs(fact.value) > 10


def _text(fact: Fact, claim: str) -> str:
    return claim[fact.start : fact.end].strip() or str(fact)
