"""The objects of a PDF page: texts, drawings and pictures, listed once for all who look at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from typing import Any

from ingestion.readers.pdf_calls import count_objects, kinds_of, objects_of

MOST_OBJECTS = 30_000


@dataclass(frozen=True, slots=True)
class PageObjects:
    """Handles and kinds of a page's first objects, in its order; `whole` when there are no more of them.

    They are good for as long as the page is open.
    """

    handles: list[int]
    kinds: list[int]
    whole: bool

    def of_kind(self, kind: int, among: int = MOST_OBJECTS) -> Iterator[int]:
        """Those of a kind among the first so many."""
        return compress(self.handles, (own == kind for own in self.kinds[:among]))


def read_objects(page: Any) -> PageObjects:
    """The objects of an open page, without those inside of forms."""
    count = count_objects(page)
    handles = objects_of(page, min(count, MOST_OBJECTS))
    return PageObjects(handles, kinds_of(handles), count <= MOST_OBJECTS)
