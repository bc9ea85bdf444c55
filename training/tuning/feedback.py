"""Candidates out of what readers said of answers: corrected answers, and pairs of a better and a worse one.

What comes in here was joined to the library again: of a hit that has gone, and of an answer that quotes one,
nothing is learnt. A corrected answer gets the sentences of the found passages that stand nearest to it, not
those that the wrong one was written from: an answer that the sources do not hold teaches inventing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.answers import Evidence, Hit
from assistant.grounding.claims import Hint, MarkerFilter
from assistant.refusing import refuses
from assistant.served_evidence import ServedEvidence
from assistant.words import detect_language
from training.tuning.building import evidence_texts
from training.tuning.deduplicating import grams
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.sources import digest
from training.tuning.splitting import group_of

ORIGIN = "feedback"
_AS_MUCH = 0.9
"""Of what the best sources hold of an answer: those of the question alone are taken from that share on."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one answer. `hits` are those that may be shown now, `cited` the documents it quotes.

    `gone` says that it quotes what may not be shown any more.
    """

    id: int
    question: str
    answer: str
    rating: str
    corrected: str
    hits: tuple[Hit, ...]
    cited: tuple[str, ...]
    abstained: bool = False
    gone: bool = False


class FeedbackBuilding:
    """Makes examples of feedback; what is dropped is counted by its reason."""

    def __init__(self, served: ServedEvidence) -> None:
        self._served = served
        self.dropped: Counter[str] = Counter()

    def make(self, said: Sequence[Said], known: frozenset[str]) -> Iterator[tuple[str, TuningExample | None]]:
        """(key, example) of what was not made before; None where it is dropped."""
        for one in said:
            if one.corrected.strip():
                yield from self._corrected(one, known)
        for better, worse in _pairs(said):
            key = _key("pair", better.id, worse.id, better.answer, worse.answer)
            if key not in known:
                yield key, self._preference(better, better.answer, worse.answer, better.gone or worse.gone)

    def _corrected(self, one: Said, known: frozenset[str]) -> Iterator[tuple[str, TuningExample | None]]:
        answer = _key("answer", one.id, one.corrected)
        if answer not in known:
            yield answer, self._answer(one)
        better = _key("preference", one.id, one.corrected, one.answer)
        if one.rating == "down" and one.answer.strip() != one.corrected.strip() and better not in known:
            yield better, self._preference(one, one.corrected, one.answer, one.gone)

    def _answer(self, one: Said) -> TuningExample | None:
        evidence = self._evidence(one, one.corrected)
        if one.gone or not evidence.sources:
            self.dropped["gone"] += 1
            return None
        answer = _renumbered(one.corrected, one.hits, evidence)
        if not _said(answer):
            self.dropped["unchanged"] += 1
            return None
        return TuningExample(kind="answer", answer=answer, **_common(one, evidence))

    def _preference(self, one: Said, chosen: str, rejected: str, gone: bool) -> TuningExample | None:
        evidence = self._evidence(one, chosen)
        if gone or not evidence.sources:
            self.dropped["gone"] += 1
            return None
        better, worse = (_renumbered(text, one.hits, evidence) for text in (chosen, rejected))
        if not _said(better) or not _said(worse) or _said(better) == _said(worse):
            self.dropped["unchanged"] += 1
            return None
        return TuningExample(kind="preference", answer=better, rejected=worse, **_common(one, evidence))

    def _evidence(self, one: Said, answer: str) -> Evidence:
        """What is served for the question where that holds the answer, else what stands nearest to it."""
        hits = [replace(hit, rank=rank) for rank, hit in enumerate(one.hits, start=1)]
        said, _ = _without_markers(answer, one.hits)
        chosen_by = [one.question] if refuses(said) else [one.question, f"{one.question}\n{said}", said]
        found = [self._served.gather(self._served.in_their_words(text, hits), hits) for text in chosen_by]
        held = [_held(said, evidence) for evidence in found]
        return next(one for one, share in zip(found, held, strict=True) if share >= _AS_MUCH * max(held))


def _held(said: str, evidence: Evidence) -> float:
    """How much of an answer the sources say, by its 3-grams."""
    own = grams(said)
    return len(own & grams("\n".join(text for one in evidence.sources for text in one.texts))) / max(
        1, len(own)
    )


def _common(one: Said, evidence: Evidence) -> dict[str, Any]:
    language = detect_language(one.question)
    texts = evidence_texts(evidence, language)
    told = one.cited or (_nearest(one.corrected or one.answer, texts),)
    documents = dict.fromkeys([*told, *(source.document for source in texts)])
    return {
        "question": one.question.strip(), "language": language, "evidence": texts,
        "documents": tuple(documents), "group": group_of(told),
        "origin": ORIGIN, "type": "feedback",
    }  # fmt: skip


def _renumbered(answer: str, hits: Sequence[Hit], evidence: Evidence) -> str:
    """The answer with the numbers of its own sources: a reader writes those that the page gave the hits.

    Markers of hits that are no source of the example are left out.
    """
    clean, hints = _without_markers(answer, hits)
    shown = {hit.rank: hit.chunk_id for hit in hits}
    numbers = {source.hit.chunk_id: source.number for source in evidence.sources}
    for hint in reversed(hints):
        number = numbers.get(shown.get(hint.number, ""))
        if number:
            before = clean[hint.at - 1 : hint.at]
            space = " " if before.isascii() and before.strip() else ""
            clean = f"{clean[: hint.at]}{space}[{number}]{clean[hint.at :]}"
    return clean


def _said(answer: str) -> str:
    """An answer without anything that looks like a marker."""
    markers = MarkerFilter()
    return (markers.feed(answer) + markers.finish()).strip()


def _without_markers(answer: str, hits: Sequence[Hit]) -> tuple[str, list[Hint]]:
    markers = MarkerFilter(max((hit.rank for hit in hits), default=0))
    text = answer.strip()
    return markers.feed(text) + markers.finish(), markers.hints


def _nearest(answer: str, evidence: Sequence[EvidenceText]) -> str:
    """The document whose source shares most with an answer."""
    own = grams(answer)
    return max(evidence, key=lambda one: len(own & grams(one.text))).document


def _pairs(said: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    """Answers to one question of which readers liked one and not the other, each wording once."""
    asked: dict[frozenset[str], list[Said]] = defaultdict(list)
    for one in said:
        asked[grams(one.question)].append(one)
    for same in asked.values():
        for better in _worded(same, "up"):
            for worse in _worded(same, "down"):
                if better.answer.strip() != worse.answer.strip():
                    yield better, worse


def _worded(same: Sequence[Said], rating: str) -> Iterator[Said]:
    """Of equal answers that were rated so the first that may be shown: many readers get one and the same."""
    found: dict[str, Said] = {}
    for one in sorted(same, key=lambda one: (one.gone, one.id)):
        if one.rating == rating and one.answer.strip():
            found.setdefault(one.answer.strip(), one)
    yield from found.values()


def _key(*parts: object) -> str:
    return digest("\0".join(["feedback", *map(str, parts)]))[:16]
