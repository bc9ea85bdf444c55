"""The record tree of PowerPoint 97 to 2003 files, and where its slides and notes are ([MS-PPT] 2.1, 2.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ingestion.errors import ReadError
from ingestion.readers.ole import Streams

_ENCRYPTED = 0xF3D1C4DF
_USER_EDIT, _PERSIST_DIRECTORY = 0x0FF5, 0x1772
_SLIDE_LIST, _SLIDE_PERSIST = 0x0FF0, 0x03F3
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its `data` holds other records when it is a container."""

    kind: int
    instance: int
    container: bool
    data: bytes

    def children(self) -> Iterator[Record]:
        """The records in a container; nothing for other records."""
        return records(self.data) if self.container else iter(())

    def find(self, kind: int) -> Record | None:
        """The first child of this kind."""
        return next((child for child in self.children() if child.kind == kind), None)

    def walk(self, depth: int = 0) -> Iterator[Record]:
        """All records below this one, each before its own children.

        Raises:
            ReadError: they are nested too deeply.
        """
        if depth > _DEEPEST:
            raise ReadError("the PowerPoint file is damaged: its records are nested too deeply.")
        for child in self.children():
            yield child
            yield from child.walk(depth + 1)


@dataclass(frozen=True, slots=True)
class SlideEntry:
    """A slide in the order of the show: its id, its record, and the outline text that it refers to."""

    id: int
    record: Record | None
    outline: tuple[Record, ...]


def records(data: bytes) -> Iterator[Record]:
    """The records that stand one after the other; one that ends too late is cut, which ends them."""
    at = 0
    while at + 8 <= len(data):
        head, kind, size = struct.unpack_from("<HHI", data, at)
        yield Record(kind, head >> 4, head & 0xF == 0xF, data[at + 8 : at + 8 + size])
        at += 8 + size


class Show:
    """The newest state of a presentation: each save adds an edit that hides older records.

    Raises:
        ReadError: the streams are missing, damaged or locked.
    """

    def __init__(self, streams: Streams) -> None:
        self._stream = streams.read("PowerPoint Document") or b""
        user = streams.read("Current User") or b""
        try:
            token, edit = struct.unpack_from("<II", user, 12)
            if token == _ENCRYPTED:
                raise ReadError("the PowerPoint file is locked with a password.")
            self._places, root = self._directory(edit)
        except struct.error as error:
            raise ReadError(
                f"the PowerPoint file is damaged: its records end too early ({error})."
            ) from error
        document = self._record_at(root)
        if document is None:
            raise ReadError("the PowerPoint file is damaged: the list of its slides is missing.")
        self.document = document

    def entries(self, instance: int) -> list[SlideEntry]:
        """The slides (`instance` 0) or notes (2) in order."""
        found: list[SlideEntry] = []
        for listing in self.document.children():
            if listing.kind != _SLIDE_LIST or listing.instance != instance:
                continue
            place: tuple[int, int] | None = None
            outline: list[Record] = []
            for record in listing.children():
                if record.kind == _SLIDE_PERSIST and len(record.data) >= 16:
                    if place:
                        found.append(SlideEntry(place[1], self._record_at(place[0]), tuple(outline)))
                    reference, _, _, id = struct.unpack_from("<4I", record.data)
                    place, outline = (reference, id), []
                else:
                    outline.append(record)
            if place:
                found.append(SlideEntry(place[1], self._record_at(place[0]), tuple(outline)))
        return found

    def _directory(self, edit: int) -> tuple[dict[int, int], int]:
        """Offset by persist id, newest first, and the id of the document's record."""
        places: dict[int, int] = {}
        root = 0
        seen: set[int] = set()
        while edit and edit not in seen:
            seen.add(edit)
            record = next(records(self._stream[edit:]), None)
            if record is None or record.kind != _USER_EDIT:
                break
            edit, directory, document = struct.unpack_from("<3I", record.data, 8)
            root = root or document
            listing = next(records(self._stream[directory:]), None)
            if listing is not None and listing.kind == _PERSIST_DIRECTORY:
                for id, offset in _persisted(listing.data):
                    places.setdefault(id, offset)
        return places, root

    def _record_at(self, id: int) -> Record | None:
        offset = self._places.get(id)
        return next(records(self._stream[offset:]), None) if offset is not None else None


def _persisted(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at + 4 <= len(data):
        (head,) = struct.unpack_from("<I", data, at)
        first, count = head & 0xFFFFF, head >> 20
        count = min(count, (len(data) - at - 4) // 4)
        for index in range(count):
            yield first + index, struct.unpack_from("<I", data, at + 4 + index * 4)[0]
        at += 4 + count * 4
