"""Compound files (OLE2), the boxes of streams of old Office programs and Outlook. Only this uses olefile."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import olefile

from ingestion.errors import ReadError

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_STREAM = 1_000_000_000

# What a compound file is, by the name of a stream that only this kind has.
_KINDS = (
    ("EncryptedPackage", "encrypted"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("__properties_version1.0", "msg"),
)


class Streams:
    """The named streams of one compound file. Names are joined by "/" and compared without case."""

    def __init__(self, file: olefile.OleFileIO) -> None:
        self._file = file

    def kind(self) -> str | None:
        """One of doc, ppt, xls, msg, encrypted (an encrypted package of a newer Office), or None."""
        return next((kind for name, kind in _KINDS if self._file.exists(name)), None)

    def read(self, name: str) -> bytes | None:
        """The bytes of one stream, None when there is no such stream.

        Raises:
            ReadError: its sectors cannot be followed.
        """
        if not self._file.exists(name) or self._file.get_type(name) != olefile.STGTY_STREAM:
            return None
        if self._file.get_size(name) > _MOST_STREAM:
            raise ReadError("the file is damaged: one of its streams is impossibly large.")
        try:
            return bytes(self._file.openstream(name).read())
        except (OSError, IndexError) as error:
            raise ReadError(f"the file is damaged: its stream {name} cannot be read ({error}).") from error

    def children(self, storage: str = "") -> list[str]:
        """Names directly below `storage`, in the order of the file's directory."""
        depth = len(storage.split("/")) if storage else 0
        wanted = [part.lower() for part in storage.split("/")] if storage else []
        names: dict[str, None] = {}
        for path in self._file.listdir(streams=True, storages=True):
            if len(path) == depth + 1 and [part.lower() for part in path[:depth]] == wanted:
                names.setdefault(path[-1])
        return list(names)

    def properties(self) -> dict[str, str]:
        """Title, author and the like from the summary, where it can be read."""
        try:
            summary = self._file.get_metadata()
        except Exception:  # olefile raises what its parsing meets; the text does not need it
            return {}
        found: dict[str, str] = {}
        for name in ("title", "author", "subject", "keywords", "create_time", "last_saved_time"):
            value = getattr(summary, name, None)
            if isinstance(value, bytes):
                value = _decoded(value, summary.codepage)
            if value:
                shown = {"create_time": "created", "last_saved_time": "modified"}.get(name, name)
                found[shown] = str(value).strip("\0 ")
        return {name: value for name, value in found.items() if value}


@contextmanager
def opened_streams(source: Path | bytes) -> Iterator[Streams]:
    """The streams of a compound file on disk or in memory.

    Raises:
        ReadError: it is no compound file, or its directory is damaged.
    """
    try:
        file = olefile.OleFileIO(io.BytesIO(source) if isinstance(source, bytes) else str(source))
    except (OSError, IndexError, ValueError) as error:
        raise ReadError(f"the file is damaged, or it is not of the old Office format: {error}.") from error
    try:
        yield Streams(file)
    finally:
        file.close()


def is_compound(path: Path) -> bool:
    """Whether the file begins as compound files do."""
    with path.open("rb") as file:
        return file.read(8) == MAGIC


def _decoded(value: bytes, codepage: int | None) -> str:
    """A summary's string in the code page that it names, or in the usual ones of Windows."""
    page = (codepage or 0) & 0xFFFF  # olefile reads it as a signed number
    names = ["utf-8" if page == 65001 else f"cp{page}", "cp932", "cp1252"]
    for name in names:
        try:
            return value.rstrip(b"\0").decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return value.decode("latin-1")
