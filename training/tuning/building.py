"""Candidates out of the library: questions made by rule, with the evidence that would be served.

A question whose passage is not among that evidence teaches inventing and is dropped. One that documents do
not answer is made of one that they do: its passage is taken away, and what search finds next is its evidence.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.answers import Evidence, Hit, Source
from assistant.prompting import heading_of, prompt_texts, source_text
from assistant.served_evidence import ServedEvidence
from ingestion.documents import Span
from ingestion.library import StoredDocument
from training.tuning.asking import Asking, Passage, askings_of, in_turns, joined
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.sources import digest
from training.tuning.splitting import Shares, group_of, split_of_key

DROPPED = ("not_found", "no_near_miss", "masked")
_MORE = 3  # times as many hits as are shown: those that answer after all are left out of near misses
_SEVERAL = 0.12
"""Share of questions that are put together with another one."""
_PARTNERS = 40  # questions looked at for one of the same split and another passage


class Documents(Protocol):
    """The library, as far as building needs it."""

    def document(self, document_id: str) -> StoredDocument | None:
        """The whole document, None when it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A question to be made an example of: with its passage, or without where it is `unanswerable`."""

    asking: Asking
    unanswerable: bool

    @property
    def key(self) -> str:
        """What it is made of: made twice it is one."""
        places = [(one.document, one.start, one.end) for one in self.asking.passages]
        return digest(f"library\0{self.asking.question}\0{places}\0{self.unanswerable}")[:16]


def drafts(
    library: Documents,
    documents: Sequence[str],
    families: Mapping[str, str],
    *,
    unanswerable: float,
    shares: Shares,
    seed: int = 0,
) -> list[Draft]:
    """What may be made of `documents`, in turns; a share of it `unanswerable`, the same in every run."""
    stored = (library.document(id) for id in documents)
    found = in_turns((askings_of(one.id, one.document, one.title) for one in stored if one), seed)
    made: list[Draft] = []
    for place, asking in enumerate(found):
        made.append(Draft(asking, asking.drawn("unanswerable", seed) < unanswerable))
        partner = _partner(found, place, families, shares)
        if partner is not None and asking.drawn("several", seed) < _SEVERAL:
            made.append(Draft(joined(asking, partner), unanswerable=False))
    return made


def _partner(
    found: Sequence[Asking], place: int, families: Mapping[str, str], shares: Shares
) -> Asking | None:
    """Another question whose documents are in the same split: joining them moves no document."""
    own = found[place]

    def split(asking: Asking) -> str:
        id = asking.passages[0].document
        return split_of_key(families.get(id, id), shares) + split_of_key(id, shares)

    return next(
        (
            other for other in found[place + 1 : place + 1 + _PARTNERS]
            if other.language == own.language and split(other) == split(own)
            and other.passages[0].values and own.passages[0].values
        ),
        None,
    )  # fmt: skip


class Building:
    """Makes examples of drafts; what is dropped is counted by its reason."""

    def __init__(self, served: ServedEvidence, families: Mapping[str, str], top_k: int) -> None:
        """`families` maps documents to what all versions of one have in common; they share a split."""
        self._served, self._families, self._top_k = served, families, top_k
        self.dropped: Counter[str] = Counter()

    def make(self, draft: Draft) -> TuningExample | None:
        """The example, None where it is dropped."""
        made = self._near_miss(draft.asking) if draft.unanswerable else self._answered(draft.asking)
        if made is None:
            self.dropped["no_near_miss" if draft.unanswerable else "not_found"] += 1
        return made

    def _answered(self, asking: Asking) -> TuningExample | None:
        hits = self._served.retrieve(asking.question)
        evidence = self._gathered(asking.question, hits)
        numbers = [_number_of(one, evidence) for one in asking.passages]
        if not all(numbers):
            return None
        lines = [f"{one.said}[{number}]" for one, number in zip(asking.passages, numbers, strict=True)]
        separator = "" if asking.language == "ja" else " "
        accepted = tuple(value for one in asking.passages for value in one.values)
        return self._example(asking, evidence, separator.join(lines), accepted if len(numbers) == 1 else ())

    def _near_miss(self, asking: Asking) -> TuningExample | None:
        hits = self._served.retrieve(asking.question, more=_MORE)
        missed = [hit for hit in hits if not any(_answers(hit, one) for one in asking.passages)]
        evidence = self._gathered(asking.question, missed[: self._top_k])
        if not evidence.sources:
            return None
        said = str(prompt_texts(asking.language)["abstained"])
        return self._example(asking, evidence, said, (), answerable=False)

    def _gathered(self, question: str, hits: Sequence[Hit]) -> Evidence:
        return self._served.gather(self._served.in_their_words(question, hits), hits)

    def _example(
        self, asking: Asking, evidence: Evidence, answer: str, accepted: tuple[str, ...],
        *, answerable: bool = True,
    ) -> TuningExample:  # fmt: skip
        asked = list(dict.fromkeys(one.document for one in asking.passages))
        shown = evidence_texts(evidence, asking.language)
        return TuningExample(
            kind="answer", answer=answer, question=asking.question, language=asking.language,
            answerable=answerable, evidence=shown, accepted=accepted,
            documents=tuple(dict.fromkeys([*asked, *(one.document for one in shown)])),
            group=group_of([*asked, *(self._families.get(id, id) for id in asked)]), type=asking.type,
        )  # fmt: skip


def evidence_texts(evidence: Evidence, language: str) -> tuple[EvidenceText, ...]:
    """The sources as an example keeps them: what the prompt shows, and where it stands."""
    gap = str(prompt_texts("en" if language == "en" else "ja")["gap"])
    return tuple(
        EvidenceText(
            heading_of(one.hit), source_text(one, gap), one.hit.document, one.spans[0].start,
            one.spans[-1].end, one.hit.page,
        )
        for one in evidence.sources
    )  # fmt: skip


def _number_of(passage: Passage, evidence: Evidence) -> int:
    """The source that shows the passage with what is asked for; 0 without one."""
    for source in evidence.sources:
        if source.hit.document == passage.document and _shows(source, passage):
            return source.number
    return 0


def _shows(source: Source, passage: Passage) -> bool:
    place = Span(passage.start, passage.end)
    here = [i for i, span in enumerate(source.spans) if span.overlaps(place)]
    if not passage.values:
        covered = sum(
            min(source.spans[i].end, place.end) - max(source.spans[i].start, place.start) for i in here
        )
        return covered >= 0.9 * (place.end - place.start)
    text = _plain("".join(source.prompted[i] for i in here))
    return bool(here) and all(_plain(value) in text for value in passage.values)


def _answers(hit: Hit, passage: Passage) -> bool:
    """Whether a hit holds the passage, or says its value too."""
    if hit.document == passage.document and Span(hit.start, hit.end).overlaps(
        Span(passage.start, passage.end)
    ):
        return True
    text = _plain(f"{hit.context}{hit.text}")
    return any(_plain(value) in text for value in passage.values or (passage.said,))


def _plain(text: str) -> str:
    return re.sub(r"[\s,，]", "", unicodedata.normalize("NFKC", text))


def made_of(
    drafts: Iterable[Draft],
    building: Building,
    known: frozenset[str],
    cancelled: Callable[[], bool],
) -> Iterator[tuple[Draft, TuningExample | None]]:
    """Each draft that was not made before, with its example; ends when `cancelled`."""
    for draft in drafts:
        if cancelled():
            return
        if draft.key not in known:
            yield draft, building.make(draft)
