"""`eval citations`: whether stored quotes are slices of their documents, and lie where their boxes say.

What a box covers is read from the page itself: every printed character whose middle lies in it. That knows
nothing of the map from text to page which made the box, so a fault of that map shows here.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ingestion.documents import Document, Span
from ingestion.errors import ReadError

_CELL = "|"  # stands between the cells of a table's row in the text, and is printed nowhere
RIGHT_FROM = 0.9
"""Least share of letters that quote and boxes must have in common; running heads and ruby may be between."""


@dataclass(frozen=True, slots=True)
class StoredQuote:
    """A quote of a stored answer. `where` names the answer as people find it again."""

    where: str
    document: str
    start: int
    end: int
    quote: str


class Pages(Protocol):
    """Boxes of a document's text, and what is printed in them."""

    def printed(self, document: str, span: Span) -> str | None:
        """The characters printed in the boxes of `span`; None where the document has no printed pages.

        Raises:
            ReadError: the file cannot be opened, or is not the one that was read.
        """
        ...


@dataclass(frozen=True, slots=True)
class CheckedQuote:
    """What was found of a quote.

    `slices` is None when its document has gone; `overlap` is in [0, 1], None where nothing is printed;
    `problem` says why boxes could not be looked at.
    """

    stored: StoredQuote
    slices: bool | None
    overlap: float | None = None
    problem: str = ""

    @property
    def wrong(self) -> bool:
        """Whether somebody should look at it."""
        elsewhere = self.overlap is not None and self.overlap < RIGHT_FROM
        return self.slices is False or bool(self.problem) or elsewhere


def check_quote(stored: StoredQuote, document: Document | None, pages: Pages) -> CheckedQuote:
    """Compare a quote with its document's text and with its pages."""
    if document is None:
        return CheckedQuote(stored, None)
    if document.text[stored.start : stored.end] != stored.quote:
        return CheckedQuote(stored, False)
    try:
        printed = pages.printed(stored.document, Span(stored.start, stored.end))
    except ReadError as error:
        return CheckedQuote(stored, True, problem=str(error))
    return CheckedQuote(stored, True, None if printed is None else common_letters(stored.quote, printed))


def common_letters(first: str, second: str) -> float:
    """Dice's coefficient (Dice 1945) of two bags of letters (NFKC, no white space); 1 if both are empty."""
    one, other = _letters(first), _letters(second)
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else 1.0


def _letters(text: str) -> Counter[str]:
    return Counter(
        char for char in unicodedata.normalize("NFKC", text) if not char.isspace() and char != _CELL
    )


def quotes_of(where: str, claims: Iterable[Mapping[str, Any]]) -> Iterator[StoredQuote]:
    """The quotes of an answer's claims as they are stored."""
    for claim in claims:
        for one in claim.get("citations", ()):
            yield StoredQuote(where, one["document"], one["start"], one["end"], one["quote"])


def check_all(
    quotes: Sequence[StoredQuote],
    document_of: Callable[[str], Document | None],
    pages: Pages,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[CheckedQuote]:
    """Check every quote, document by document, so that each is read once only."""
    checked: list[CheckedQuote] = []
    known: tuple[str, Document | None] = ("", None)
    for stored in sorted(quotes, key=lambda one: (one.document, one.start, one.end, one.where)):
        if stored.document != known[0]:
            known = (stored.document, document_of(stored.document))
        checked.append(check_quote(stored, known[1], pages))
        progress(len(checked), len(quotes))
    return checked


def figures(checked: Sequence[CheckedQuote]) -> dict[str, Any]:
    """The value of `eval citations --json`: counts, the least overlap, and the quotes that are wrong."""
    printed = [one.overlap for one in checked if one.overlap is not None]
    there = [one for one in checked if one.slices is not None]
    return {
        "n": len(checked), "gone": len(checked) - len(there),
        "slices": sum(one.slices is True for one in there), "printed": len(printed),
        "boxes_right": sum(value >= RIGHT_FROM for value in printed),
        "least_overlap": round(min(printed), 4) if printed else None,
        "wrong": [
            {
                "where": one.stored.where, "document": one.stored.document, "start": one.stored.start,
                "end": one.stored.end, "quote": one.stored.quote, "slices": one.slices,
                "overlap": None if one.overlap is None else round(one.overlap, 4), "problem": one.problem,
            }
            for one in checked
            if one.wrong
        ],
    }  # fmt: skip
