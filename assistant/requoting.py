"""Stored answers as they may be shown now: each quote is joined to the library again, as hits are.

A quote whose document has gone, may not be read any more, is in quarantine or no longer says it gives way to
a notice; the citation stays as a dead one (`state` "gone"). What was masked since is shown masked (`state`
"masked"). Where documents differ is told only while both passages say what they said. What is masked in a
quote, and personal data of a quote that has gone from a place where such data is masked or refused, is masked
in the answer too, where it repeats that word for word. Does not judge the answer again: a sentence stays when
the passage that it stood on has gone. But one who may not read everything is told nothing more of an answer
that was written from a document which they may not read any more, or that has gone with its place: who might
read it is not known any more. Where another lies in its place that they may read, its name is not told.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from assistant.prompting import prompt_texts
from assistant.words import detect_language
from ingestion.documents import LOCAL_USER, Scope, Span, User
from ingestion.finding_rows import screened
from ingestion.library import Library, StoredDocument
from ingestion.screening.masking import MASK, masked_text
from ingestion.screening.personal import find_personal
from ingestion.screening.policy import Policy, ScreeningSettings, policy_at

Json = dict[str, Any]

_AS_USUAL = ScreeningSettings()
_KEPT_DOCUMENTS = 64
_SHORTEST = 2  # characters of what is masked in an answer's own words; one alone may be any


@dataclass(frozen=True, slots=True)
class _Now:
    """A document as its reader may see it now. `barred` are the chunks in quarantine."""

    stored: StoredDocument
    barred: tuple[Span, ...]
    masked: bool

    @property
    def text(self) -> str:
        return self.stored.document.text


class Requoter:
    """Joins the quotes of stored answers to one library. Thread-safe."""

    def __init__(self, library: Library, screening: ScreeningSettings = _AS_USUAL) -> None:
        """`screening` says where personal data is masked or refused."""
        self._library = library
        self._screening = screening
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int, User], StoredDocument | None] = {}
        self._user = LOCAL_USER

    def seen_by(self, user: User) -> Requoter:
        """The same requoter, in which what is asked without a user is asked by this one."""
        other = copy.copy(self)
        other._user = user
        return other

    def messages(self, messages: Sequence[Json], user: User | None = None) -> list[Json]:
        """The messages of a conversation, as `Records.show` gives them, as `user` may see them now."""
        user = user or self._user
        documents: dict[str, _Now | None] = {}
        return [
            message if message["answer"] is None else self._message(message, documents, user)
            for message in messages
        ]

    def _message(self, message: Json, documents: dict[str, _Now | None], user: User) -> Json:
        answer = message["answer"]
        if self.bars(answer, user):
            return withdrawn(message)
        notice = prompt_texts(detect_language(answer.get("question") or message["text"]))["withheld"]
        hidden: dict[str, str] = {}

        def now(item: Json, name: str) -> Json:
            document = item["document"]
            if document not in documents:
                documents[document] = self._now(document, user)
            shown = _joined(item, name, documents[document], notice, hidden)
            policy = policy_at(self._screening, item["source"], item["path"])
            if shown["state"] == "gone" and user.groups is not None:
                shown = _nameless(shown)
            if shown["state"] == "gone" and policy.personal in ("mask", "refuse"):
                hidden.update(_personal(str(item[name]), policy))
            return shown

        shown = {
            **answer,
            "hits": [now(hit, "text") for hit in answer["hits"]],
            "claims": [
                {**claim, "citations": [now(citation, "quote") for citation in claim["citations"]]}
                for claim in answer["claims"]
            ],
        }
        if told := answer.get("disagreements"):
            again = [{**one, "passages": [now(each, "quote") for each in one["passages"]]} for one in told]
            shown["disagreements"] = [
                new for old, new in zip(told, again, strict=True) if _still_differ(old, new)
            ]
        if user.groups is not None and any(one.get("state") == "gone" for one in passages_of(shown)):
            shown |= {name: [] for name in ("warnings", "ask_whom") if name in shown}  # they name documents
        if not hidden:
            return {**message, "answer": shown}
        for name in ("answer", "draft"):
            shown[name] = _without(str(answer.get(name) or ""), hidden)
        shown["withheld"] = [_without(reason, hidden) for reason in answer.get("withheld") or ()]
        shown["claims"] = [{**claim, "text": _without(claim["text"], hidden)} for claim in shown["claims"]]
        return {**message, "text": _without(message["text"], hidden), "answer": shown}

    def bars(self, answer: Json, user: User | None = None) -> bool:
        """Whether `answer` stands on what `user` may not read: a document, or what lies in its place now.

        Of a document that has gone with its place it is not known any more who might read it: then nobody who
        may not read everything is told what was written from it.
        """
        user = user or self._user
        if user.groups is None:
            return False
        everything = replace(user, groups=None)
        cited = frozenset(str(item["document"]) for item in passages_of(answer))
        wanted = Scope(documents=cited)
        hidden = cited - (self._library.readable_documents(user, wanted) or frozenset())
        if not hidden:
            return False
        if hidden & (self._library.readable_documents(everything, wanted) or frozenset()):
            return True
        for id in hidden:
            for item in (one for one in passages_of(answer) if one["document"] == id):
                place = Scope(folder=(str(item["source"]), str(item["path"])))
                there = self._library.readable_documents(everything, place)
                if not there or there != self._library.readable_documents(user, place):
                    return True
        return False

    def _now(self, id: str, user: User) -> _Now | None:
        stored = self._stored(id, user)
        if stored is None:
            return None
        return _Now(stored, barred_spans(self._library, stored), screened(self._library, id).masked)

    def _stored(self, id: str, user: User) -> StoredDocument | None:
        """The document, kept until the library changes: a page asks for its conversation at every click."""
        key = (id, self._library.generation, user)
        with self._lock:
            if key in self._known:
                return self._known[key]
        found = self._library.document(id, user)
        with self._lock:
            while len(self._known) >= _KEPT_DOCUMENTS:
                self._known.pop(next(iter(self._known)))
            self._known[key] = found
        return found


def passages_of(answer: Json) -> Iterator[Json]:
    """Every hit and every citation of a stored answer."""
    yield from answer["hits"]
    for claim in answer["claims"]:
        yield from claim["citations"]
    for told in answer.get("disagreements") or ():
        yield from told["passages"]


def withdrawn(message: Json) -> Json:
    """A message of which nothing is left but that there was an answer."""
    answer = message["answer"]
    notice = prompt_texts(detect_language(answer.get("question") or message["text"]))["withheld"]
    kept = {key: answer[key] for key in ("model", "adapter", "timings", "stopped") if key in answer}
    empty: Json = {key: [] for key in ("claims", "hits", "warnings", "withheld", "disagreements", "ask_whom")}
    grounding = dict.fromkeys(answer.get("grounding") or (), 0)
    gone = {
        **empty, **kept, "grounding": grounding, "question": "", "answer": notice, "abstained": True,
        "draft": "", "mended": "", "verified": None,
    }  # fmt: skip
    return {**message, "text": notice, "answer": {key: gone.get(key) for key in answer}}


def _nameless(item: Json) -> Json:
    """A dead hit or citation that does not tell where it was."""
    blank: Json = {
        "document": "", "source": "", "path": "", "title": "", "page": None, "page_label": None,
        "locator": None, "chunk_id": "", "shown_as": "", "context": "", "cell": None, "rows": [],
        "articles": [],
    }  # fmt: skip
    return {key: blank.get(key, value) for key, value in item.items()}


def barred_spans(library: Library, stored: StoredDocument) -> tuple[Span, ...]:
    """What of a document is in quarantine now: planted instructions and the chunks that they touch."""
    state = screened(library, stored.id)
    if not state.quarantined:
        return ()
    planted = [Span(one.start, one.end) for one in state.findings if one.kind == "planted"]
    chunks = [Span(chunk.start, chunk.end) for chunk in stored.chunks]
    touched = [chunk for chunk in chunks if any(chunk.overlaps(found) for found in planted)]
    return (*touched, *planted)


def _joined(item: Json, name: str, now: _Now | None, notice: str, hidden: dict[str, str]) -> Json:
    """A hit or citation, whose words are in `item[name]`, as the library has it now.

    What its document has masked since is added to `hidden`, with what stands there now.
    """
    said, start, end = str(item[name]), int(item["start"]), int(item["end"])
    if now is None:
        return _dead(item, name, notice)
    place = Span(start, end)
    here = now.text[start:end]
    state = None
    if here != said:
        if parts := _masked_parts(said, here):
            state = "masked"
            hidden.update(parts)
        elif (found := now.text.find(said)) >= 0 and said:
            place = Span(found, found + len(said))  # its document was read anew
            here = said
        else:
            return _dead(item, name, notice)
    if any(place.overlaps(barred) for barred in now.barred):
        return _dead(item, name, notice)
    shown = {**item, name: here, "start": place.start, "end": place.end, "state": state, **_where(item, now)}
    if place.start != start and item.get("cell"):
        moved = place.start - start
        shown["cell"] = {key: value + moved for key, value in item["cell"].items()}
    return shown


def _still_differ(old: Json, new: Json) -> bool:
    """Whether both passages say what they said, by the titles that the sentence about them names."""
    return all(
        after["state"] is None and after["title"] == before["title"]
        for before, after in zip(old["passages"], new["passages"], strict=True)
    )


def _dead(item: Json, name: str, notice: str) -> Json:
    kept = {**item, name: notice, "state": "gone"}
    if "heading_path" in kept:
        kept["heading_path"] = []
    return kept


def _where(item: Json, now: _Now) -> Json:
    """What stands beside a quote: a place that its reader may read, names without what is masked."""
    places = [(place.source, place.path) for place in now.stored.locations]
    found: Json = {}
    if (item["source"], item["path"]) not in places:
        found["source"], found["path"] = places[0]
    if now.masked:
        found["title"] = now.stored.title
        document = now.stored.document
        locators = {cell.locator for cell in document.cells} | {page.locator for page in document.pages}
        if item.get("locator") not in locators:
            found["locator"] = None
        if "heading_path" in item:
            found["heading_path"] = [part for part in item["heading_path"] if part in now.text]
    return found


def _masked_parts(said: str, here: str) -> dict[str, str]:
    """What of `said` is masked in `here`, which is as long; {} when they differ otherwise, too."""
    if len(said) != len(here):
        return {}
    changed = [a != b for a, b in zip(said, here, strict=True)]
    if any(differs and b != MASK for differs, b in zip(changed, here, strict=True)):
        return {}
    found: dict[str, str] = {}
    at = 0
    while at < len(said):
        end = at
        while end < len(said) and changed[end]:
            end += 1
        if end > at:
            found[said[at:end]] = here[at:end]
        at = max(end, at + 1)
    return found


@lru_cache(maxsize=1024)
def _personal(said: str, policy: Policy) -> dict[str, str]:
    """The personal data of a quote, with its mask."""
    findings = [finding for finding in find_personal(said) if policy.meant(finding)]
    mask = masked_text(said, findings)
    return {said[one.start : one.end]: mask[one.start : one.end] for one in findings}


def _without(text: str, hidden: Mapping[str, str]) -> str:
    for said, mask in sorted(hidden.items(), key=lambda item: -len(item[0])):
        if len(said) >= _SHORTEST:
            text = text.replace(said, mask)
    return text
