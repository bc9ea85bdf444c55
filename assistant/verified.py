"""Answers that an editor confirmed: offered to like questions while their sources say what they said.

A confirmed answer is flagged when a quote it stands on is gone, or its document is replaced or does not count
any more; from then on it is not offered until an editor confirms it again. What is shown is checked sentence
by sentence against the editor's passages, as every answer is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assistant.answers import Answer, Claim, Hit, Source, Timings, Verified
from assistant.currency import with_validity
from assistant.disagreements import disagreements
from assistant.errors import VerifiedAnswerError
from assistant.grounding.claims import split_claims
from assistant.grounding.verdicts import Checker
from assistant.matching import same_matter, same_text
from assistant.verified_rows import KeptQuote, VerifiedRow, VerifiedRows
from assistant.words import detect_language
from ingestion.articles import marks_between, outline
from ingestion.documents import EVERYTHING, LOCAL_USER, Chunk, Location, Scope, Span, User, chunk_id
from ingestion.library import StoredDocument
from ingestion.validity import Version, state_on

Vector = npt.NDArray[np.float32]
_VECTORS_KEPT = 2048


class SourceLibrary(Protocol):
    """The library, as far as confirmed answers need it."""

    def document(self, document_id: str, user: User = LOCAL_USER) -> StoredDocument | None:
        """The whole document, or None when it is not there for `user`."""
        ...

    def documents_list(self, user: User = LOCAL_USER, scope: Scope = EVERYTHING) -> Sequence[Any]:
        """Summaries with `id` and `locations`."""
        ...

    def readable_documents(self, user: User, scope: Scope = EVERYTHING) -> frozenset[str] | None:
        """Ids that `user` may read within `scope`; None when there is no limit."""
        ...


@dataclass(frozen=True, slots=True)
class Quoted:
    """A passage named by an editor: characters `start` to `end` of a document."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Standing:
    """A kept quote as it stands now. `flag` says why it does not hold any more, "" while it does."""

    flag: str
    quote: KeptQuote
    stored: StoredDocument | None = None


class VerifiedAnswers:
    """The confirmed answers of a workspace.

    `embed` gives the vector of a question; it is called only when a question's words fit. `reworded` puts
    a question into the words of another where the company's dictionary knows them. `versions` and
    `quarantined` tell of documents by id.
    """

    def __init__(
        self,
        rows: VerifiedRows,
        library: SourceLibrary,
        checker: Callable[[], Checker],
        embed: Callable[[str], Vector],
        *,
        near: float,
        versions: Callable[[], Mapping[str, Version]] = dict,
        quarantined: Callable[[str], bool] = lambda _document: False,
        reworded: Callable[[str, Sequence[str]], str] = lambda question, _texts: question,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._rows = rows
        self._library = library
        self._checker = checker
        self._embed = lru_cache(maxsize=_VECTORS_KEPT)(embed)
        self._near = near
        self._versions = versions
        self._quarantined = quarantined
        self._reworded = reworded
        self._today = today

    def add(
        self, question: str, answer: str, quoted: Sequence[Quoted], *, editor: str, also: Sequence[str] = ()
    ) -> VerifiedRow:
        """Keep a confirmed answer with the passages it stands on.

        Raises:
            VerifiedAnswerError: question, answer or editor are empty, or a passage is not there.
        """
        for name, value in (("question", question), ("answer", answer), ("editor", editor)):
            if not value.strip():
                raise VerifiedAnswerError(f"a verified answer needs its {name}.")
        if not quoted:
            raise VerifiedAnswerError(
                "a verified answer needs at least one passage that it stands on: DOCUMENT:START-END."
            )
        quotes = [self._quote(one) for one in dict.fromkeys(quoted)]
        others = [text.strip() for text in also if text.strip() and text.strip() != question.strip()]
        key = self._rows.add(
            question.strip(), answer.strip(), quotes, editor=editor.strip(),
            language=detect_language(answer), also=others,
        )  # fmt: skip
        return self._rows.one(key)

    def all(self) -> list[VerifiedRow]:
        """All of them, each looked at anew, the last confirmed first."""
        return [self._looked_at(row)[0] for row in self._rows.all()]

    def show(self, verified: str) -> VerifiedRow:
        """The one with this id, looked at anew.

        Raises:
            RecordNotFoundError: there is none.
        """
        return self._looked_at(self._rows.one(verified))[0]

    def confirm(self, verified: str, editor: str) -> VerifiedRow:
        """Offer it again, with its passages where they are now.

        Raises:
            RecordNotFoundError: there is none with this id.
            VerifiedAnswerError: a quote is in no document any more; the answer must be added anew.
        """
        if not editor.strip():
            raise VerifiedAnswerError("a verified answer needs its editor.")
        row = self._rows.one(verified)
        found = [self._standing(quote) for quote in row.quotes]
        gone = next((one for one in found if one.stored is None), None)
        if gone is not None:
            raise VerifiedAnswerError(
                f"the quote {gone.quote.quote[:40]!r} is not in the library any more. Remove this answer and "
                "add it anew with a passage that is there."
            )
        quotes = [replace(one.quote, state=self._state(one.quote.document)) for one in found]
        self._rows.confirm(verified, quotes, editor.strip())
        return self._rows.one(verified)

    def remove(self, verified: str) -> None:
        """Take it out.

        Raises:
            RecordNotFoundError: there is none with this id.
        """
        self._rows.remove(verified)

    def offer(self, question: str, *, user: User = LOCAL_USER, scope: Scope = EVERYTHING) -> Answer | None:
        """The confirmed answer to `question`, or None: no like question, or its source has changed.

        None also when `user` may not read a passage it stands on, or one lies outside of `scope`.
        """
        began = time.perf_counter()
        for row in self._candidates(question):
            row, found = self._looked_at(row)
            seen = [self._as_read_by(user, scope, one) for one in found] if row.flag is None else [None]
            shown = [one for one in seen if one is not None]
            if len(shown) == len(seen):
                return self._answer(question, row, shown, began)
        return None

    def _candidates(self, question: str) -> list[VerifiedRow]:
        """Those whose question, in one of its wordings, is asked; the nearest first."""
        scored: list[tuple[float, VerifiedRow]] = []
        for row in self._rows.all(flagged=False):
            wordings = [text for text in (row.question, *row.also) if self._same_matter(question, text)]
            if not wordings:
                continue
            asked = self._embed(question)
            cosine = max(float(asked @ self._embed(text)) for text in wordings)
            if cosine >= self._near or any(same_text(question, text) for text in wordings):
                scored.append((cosine, row))
        return [row for _, row in sorted(scored, key=lambda pair: -pair[0])]

    def _same_matter(self, question: str, kept: str) -> bool:
        return same_matter(question, kept) or same_matter(self._reworded(question, [kept]), kept)

    def _looked_at(self, row: VerifiedRow) -> tuple[VerifiedRow, Sequence[_Standing]]:
        """`row` with its passages where they are now; a fault that is found stays noted."""
        found = [self._standing(quote) for quote in row.quotes]
        flag = next((one.flag for one in found if one.flag), None)
        if flag is not None and row.flag is None:
            self._rows.flag(row.id, flag)
            row = self._rows.one(row.id)
        return replace(row, quotes=tuple(one.quote for one in found)), found

    def _standing(self, quote: KeptQuote) -> _Standing:
        stored = self._library.document(quote.document)
        place = None if stored is None else _place_of(quote, stored)
        if stored is None or place is None:
            stored = self._successor(quote)
            place = None if stored is None else _place_of(quote, stored)
            if stored is None:
                return _Standing("removed", quote)
            if place is None:
                return _Standing("changed", quote)
        moved = replace(quote, document=stored.id, start=place.start, end=place.end, title=stored.title)
        state = self._state(stored.id)
        if self._quarantined(stored.id):
            return _Standing("quarantined", moved, stored)
        if state not in ("in_force", quote.state):
            return _Standing(state, moved, stored)
        return _Standing("", moved, stored)

    def _successor(self, quote: KeptQuote) -> StoredDocument | None:
        """What lies now where the quoted document lay."""
        for summary in self._library.documents_list():
            if any((at.source, at.path) == (quote.source, quote.path) for at in summary.locations):
                return self._library.document(summary.id)
        return None

    def _quote(self, quoted: Quoted) -> KeptQuote:
        stored = self._library.document(quoted.document)
        if stored is None:
            raise VerifiedAnswerError(f"there is no document {quoted.document!r}. See: konkyo documents list")
        text = stored.document.text
        if not 0 <= quoted.start < quoted.end <= len(text):
            raise VerifiedAnswerError(
                f"[{quoted.start}:{quoted.end}] is outside the text of {quoted.document}, which has "
                f"{len(text)} characters."
            )
        place = stored.locations[0]
        return KeptQuote(
            stored.id, place.source, place.path, stored.title, quoted.start, quoted.end,
            text[quoted.start : quoted.end], self._state(stored.id),
        )  # fmt: skip

    def _state(self, document: str) -> str:
        version = self._versions().get(document)
        return "in_force" if version is None else state_on(version, self._today().isoformat())

    def _as_read_by(self, user: User, scope: Scope, found: _Standing) -> _Standing | None:
        """The passage in its document as `user` sees that, with the places that they may read."""
        limit = self._library.readable_documents(user, scope)
        if found.stored is None or (limit is not None and found.stored.id not in limit):
            return None
        stored = self._library.document(found.stored.id, user)
        return None if stored is None else replace(found, stored=stored)

    def _answer(self, question: str, row: VerifiedRow, found: Sequence[_Standing], began: float) -> Answer:
        sources = [
            Source(number, self._hit(number, one), (_span(one.quote),), (one.quote.quote,))
            for number, one in enumerate(found, start=1)
        ]
        checker = self._checker()
        claims = []
        for span in split_claims(row.answer):
            text = row.answer[span.start : span.end]
            check = checker.check(text, sources, question=row.question)
            claims.append(
                Claim(span.start, span.end, text, check.verdict, check.score, check.citations, check.reasons)
            )
        hits = tuple(source.hit for source in sources)
        spent = 1000.0 * (time.perf_counter() - began)
        return Answer(
            text=row.answer, abstained=False, claims=tuple(claims), hits=hits, model="", adapter=None,
            timings=Timings(spent, None, spent), question=question,
            disagreements=disagreements(claims, hits, detect_language(row.answer)),
            verified=Verified(row.id, row.question, row.editor, row.confirmed_at),
        )  # fmt: skip

    def _hit(self, number: int, found: _Standing) -> Hit:
        assert found.stored is not None  # its reader sees it, so it is there
        stored, quote = found.stored, found.quote
        place = next(
            (at for at in stored.locations if (at.source, at.path) == (quote.source, quote.path)),
            stored.locations[0],
        )
        hit = _hit_around(number, stored, place, _span(quote))
        return with_validity(hit, self._versions().get(stored.id), self._today().isoformat())


def _span(quote: KeptQuote) -> Span:
    return Span(quote.start, quote.end)


def _place_of(quote: KeptQuote, stored: StoredDocument) -> Span | None:
    """Where the quote stands in the document: where it stood, else where it is found first."""
    text = stored.document.text
    if text[quote.start : quote.end] == quote.quote:
        return _span(quote)
    at = text.find(quote.quote)
    return None if at < 0 else Span(at, at + len(quote.quote))


def _hit_around(number: int, stored: StoredDocument, place: Location, span: Span) -> Hit:
    """The chunk that holds `span`; the span itself where no chunk holds all of it."""
    holding: Chunk | None = next(
        (chunk for chunk in stored.chunks if chunk.start <= span.start and span.end <= chunk.end), None
    )
    start, end = (holding.start, holding.end) if holding else (span.start, span.end)
    page = stored.document.page_at(span.start)
    marks = tuple(marks_between(outline(stored.document), start, end))
    return Hit(
        rank=number, document=stored.id, source=place.source, path=place.path,
        title=stored.title or place.path.rsplit("/", 1)[-1], format=stored.document.format,
        page=page.number if page and stored.document.paged else None,
        page_label=page.label if page and stored.document.paged else None,
        locator=page.locator if page else None,
        chunk_id=chunk_id(stored.id, start, end), start=start, end=end, score=1.0,
        text=stored.document.text[start:end],
        heading_path=holding.heading_path if holding else (), context=holding.context if holding else "",
        rows=holding.rows if holding else (), articles=marks,
    )  # fmt: skip
