"""Drafts of questions out of the documents of the library, for a person to accept or reject."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Protocol

from assistant.evaluation.question_store import MadeQuestion, draft
from ingestion.library import StoredDocument
from ingestion.sentences import split_sentences
from ingestion.validity import Version, state_on

_LONGEST_ANSWER = 60
_FEWEST_A_DOCUMENT = 2


class Documents(Protocol):
    """The library, as far as making questions needs it."""

    def document(self, document_id: str) -> StoredDocument | None:
        """The whole document, None when it is not there."""
        ...


def eligible(
    documents: Iterable[str], versions: Mapping[str, Version], quarantined: Iterable[str], today: date
) -> list[str]:
    """Documents whose questions search can answer: in force today, not in quarantine, no copy of another."""
    withheld, day = frozenset(quarantined), today.isoformat()
    preferred = {version.text: id for id, version in versions.items() if version.preferred}

    def counts(document: str) -> bool:
        version = versions.get(document)
        if version is None:
            return True
        return state_on(version, day) == "in_force" and preferred.get(version.text, document) == document

    return [document for document in documents if document not in withheld and counts(document)]


def make_drafts(library: Documents, documents: Sequence[str], *, count: int, seed: int) -> list[MadeQuestion]:
    """At most `count` drafts from documents in an order that `seed` draws, a few from each.

    A question that would be answered in two places of the documents looked at is left out: search could not
    know which one is meant.
    """
    share = max(_FEWEST_A_DOCUMENT, -(-count // max(1, len(documents))))
    first: list[MadeQuestion] = []
    more: list[MadeQuestion] = []
    asked: Counter[str] = Counter()
    for document in sorted(documents, key=lambda one: _draw(one, seed)):
        stored = library.document(document)
        if stored is None:
            continue
        found = sorted(questions_of(stored), key=lambda one: _draw(one.id, seed))
        asked.update(text for one in found for text in (one.question, one.quote))
        first += found[:share]
        more += found[share:]
        if sum(_stands_once(one, asked) for one in first) >= count:
            break
    return [one for one in chain(first, more) if _stands_once(one, asked)][:count]


def _stands_once(one: MadeQuestion, asked: Mapping[str, int]) -> bool:
    return asked[one.question] == asked[one.quote] == 1


def questions_of(stored: StoredDocument) -> Iterator[MadeQuestion]:
    """What can be asked about the sentences of one document by rule."""
    from training.document_questions import make_document_questions

    text = stored.document.text
    sentences = list(split_sentences(text))
    at = 0
    for made in make_document_questions(text, stored.document.headings):
        while at < len(sentences) and sentences[at].end <= made.start:
            at += 1
        answer = text[made.start : made.end]
        if at < len(sentences) and sentences[at].start <= made.start and len(answer) <= _LONGEST_ANSWER:
            span = sentences[at]
            quote = text[span.start : span.end]
            yield draft(made.text, answer, stored.id, span.start, quote, made_by="rules")


def _draw(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode()).digest()
