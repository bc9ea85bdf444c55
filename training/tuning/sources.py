"""Whether an example may still be learnt from: its documents are there and say what they said.

An example holds words of documents. When one is removed, changes at that place, or is put into quarantine,
what it taught is set aside, and comes back by itself when the document does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from assistant.example_rows import Place
from assistant.requoting import barred_spans
from ingestion.documents import Span
from ingestion.library import Library
from training.tuning.examples import TuningExample

_SHORT = 5_000
"""In so many characters a piece is looked for everywhere, in longer documents where sentences begin."""
_BEGINNING = re.compile(r"(?:^|(?<=[\s。．.!！?？:：」』）)】\]|]))\S")
REMOVED, CHANGED, QUARANTINED = "source_removed", "source_changed", "source_quarantined"


def digest(text: str) -> str:
    """The hash by which a piece of a document is known again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class _Known:
    """A document's text, and what of it is in quarantine."""

    text: str
    barred: tuple[Span, ...]
    states: dict[Place, str] = field(default_factory=dict)


class Sources:
    """Asks the library, each document once: an instance is for one look at the examples."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._documents: dict[str, _Known | None] = {}

    def holds(self, document: str) -> bool:
        """Whether the library has the document."""
        return self._known(document) is not None

    def places(self, example: TuningExample) -> tuple[Place, ...]:
        """What of documents of the library an example holds."""
        found: dict[Place, None] = {}
        for one in example.evidence:
            known = self._known(one.document) if one.document else None
            if known is None:
                continue
            if 0 <= one.start < one.end <= len(known.text):
                found[Place(one.document, one.start, one.end, digest(known.text[one.start : one.end]))] = None
            else:
                found[Place(one.document)] = None
        told = {place.document for place in found}
        others = dict.fromkeys(one for one in example.documents if one not in told and self.holds(one))
        return (*found, *map(Place, others))

    def problem(self, places: Sequence[Place]) -> str:
        """Why what stands there may not be used now, as "code:document"; "" where it may."""
        for place in places:
            known = self._known(place.document)
            if known is None:
                return f"{REMOVED}:{place.document}"
            if place not in known.states:
                known.states[place] = _state(place, known)
            if known.states[place]:
                return f"{known.states[place]}:{place.document}"
        return ""

    def _known(self, document: str) -> _Known | None:
        if document not in self._documents:
            stored = self._library.document(document)
            self._documents[document] = (
                None if stored is None else _Known(stored.document.text, barred_spans(self._library, stored))
            )
        return self._documents[document]


def _state(place: Place, known: _Known) -> str:
    if not place.sha256:
        return ""
    start = _start(place, known.text)
    if start is None:
        return CHANGED
    here = Span(start, start + place.end - place.start)
    return QUARANTINED if any(here.overlaps(barred) for barred in known.barred) else ""


def _start(place: Place, text: str) -> int | None:
    """Where the piece stands now: where it stood, or elsewhere after its document was read anew."""
    length = place.end - place.start
    if digest(text[place.start : place.end]) == place.sha256:
        return place.start
    last = len(text) - length
    everywhere: Iterable[int] = range(last + 1)
    places = everywhere if len(text) <= _SHORT else (one.start() for one in _BEGINNING.finditer(text))
    return next((at for at in places if at <= last and digest(text[at : at + length]) == place.sha256), None)
