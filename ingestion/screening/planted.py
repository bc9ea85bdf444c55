"""Instructions to a language model that stand in a document: where, and how sure.

Rules, no model: what is not known to them is not found, and a text that quotes an attack to warn of it is
found too. It stays readable for people, who can release it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingestion.screening.findings import REPORTED_AT, Finding
from ingestion.screening.shadow import Shadow, encoded_texts, shadow_of
from ingestion.screening.signs import Sign, signs

_REACH = 160  # characters between two signs of one instruction
_HIDDEN = 0.45
_DISGUISED = 0.3
_ENCODED = 0.6
_ENCODED_ORDER_AT = 0.3
_SENTENCE_END = re.compile(r"[。!?！？\n]|[.!?] ")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A sign at [start, end) of the original text."""

    name: str
    weight: float
    start: int
    end: int
    order: bool
    beside: str = ""


def find_planted(text: str, hidden: Sequence[tuple[int, int]] = ()) -> list[Finding]:
    """Planted instructions in `text`, by place, each as whole sentences.

    `hidden` are parts of the text that a reader of the page does not see: there a weak sign is enough.
    """
    shadow = shadow_of(text)
    seen = sorted(_signs(shadow) + _encoded(text), key=lambda sign: (sign.start, sign.end))
    findings = []
    for group in _groups(seen):
        start, end = group[0].start, max(sign.end for sign in group)
        unseen = any(start < stop and begin < end for begin, stop in hidden)
        disguised = _was_disguised(shadow, group) or any(sign.name == "encoded" for sign in group)
        score = belief(group, hidden=unseen, disguised=disguised)
        if score >= REPORTED_AT:
            kind = "hidden" if unseen else "disguised" if disguised else "visible"
            start, end = _sentences(text, start, end)
            findings.append(Finding("planted", kind, start, end, round(score, 3)))
    return _joined(findings)


def planted_score(text: str, hidden: Sequence[tuple[int, int]] = ()) -> float:
    """How much `text` looks like a planted instruction at its worst place, in [0, 1]."""
    shadow = shadow_of(text)
    seen = sorted(_signs(shadow) + _encoded(text), key=lambda sign: (sign.start, sign.end))
    scores = [
        belief(
            group,
            hidden=any(group[0].start < stop and begin < group[-1].end for begin, stop in hidden),
            disguised=_was_disguised(shadow, group),
        )
        for group in _groups(seen)
    ]
    return round(max(scores, default=0.0), 3)


def belief(signs: Iterable[_Seen], *, hidden: bool, disguised: bool) -> float:
    """One minus the product of the doubts that each kind of sign leaves; an order must be among them."""
    weights: dict[str, float] = {}
    ordered = False
    for sign in signs:
        weights[sign.name] = max(weights.get(sign.name, 0.0), sign.weight)
        ordered = ordered or sign.order
    if hidden:
        weights["hidden"] = _HIDDEN
    if disguised:
        weights["disguised"] = _DISGUISED
    doubt = 1.0
    for weight in weights.values():
        doubt *= 1.0 - weight
    return (1.0 - doubt) * (1.0 if ordered else 0.6)


def _signs(shadow: Shadow) -> list[_Seen]:
    found: list[_Seen] = []
    for sign in signs():
        if sign.beside and all(seen.name != sign.beside for seen in found):
            continue
        for match in sign.pattern.finditer(shadow.text):
            if match.end() > match.start():
                found.append(_at(shadow, sign, match))
    return [seen for seen in found if not seen.beside or _stands_beside(seen, found)]


def _stands_beside(seen: _Seen, others: Sequence[_Seen]) -> bool:
    return any(other.name == seen.beside and -_REACH < other.start - seen.start < _REACH for other in others)


def _at(shadow: Shadow, sign: Sign, match: re.Match[str]) -> _Seen:
    start, end = shadow.places[match.start()], shadow.places[match.end() - 1] + 1
    return _Seen(sign.name, sign.weight, start, end, sign.order, sign.beside)


def _encoded(text: str) -> list[_Seen]:
    return [
        _Seen("encoded", _ENCODED, start, end, True)
        for start, end, held in encoded_texts(text)
        if any(sign.weight >= _ENCODED_ORDER_AT and sign.pattern.search(held) for sign in signs())
    ]


def _groups(seen: Sequence[_Seen]) -> list[list[_Seen]]:
    groups: list[list[_Seen]] = []
    reach = -1
    for sign in seen:
        if groups and sign.start <= reach:
            groups[-1].append(sign)
        else:
            groups.append([sign])
        reach = max(reach, sign.end + _REACH)
    return groups


def _was_disguised(shadow: Shadow, group: Sequence[_Seen]) -> bool:
    """Whether something was taken off, or looked like something else, within the signs of `group`."""
    if not shadow.touched:
        return False
    return any(place in shadow.touched for sign in group for place in range(sign.start, sign.end))


def _sentences(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole sentences around [start, end), at most some hundred characters more."""
    before = text[max(0, start - 200) : start]
    ends = [match.end() for match in _SENTENCE_END.finditer(before)]
    begin = start - len(before) + ends[-1] if ends else start - len(before)
    after = _SENTENCE_END.search(text, end, end + 300)
    stop = after.end() if after else min(len(text), end + 300)
    piece = text[begin:stop]
    return begin + len(piece) - len(piece.lstrip()), stop - (len(piece) - len(piece.rstrip()))


def _joined(findings: list[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    for finding in findings:
        if kept and kept[-1].end >= finding.start:
            last = kept[-1]
            best = max(last, finding, key=lambda one: one.confidence)
            kept[-1] = Finding("planted", best.type, last.start, max(last.end, finding.end), best.confidence)
        else:
            kept.append(finding)
    return kept
