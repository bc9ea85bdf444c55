"""Reads an archive front to back, once, and believes nothing in it: names, kinds and sizes come first.

tarfile would read a header of any size into memory, follow links and make devices. Here only plain files in
the manifest's order are known, and no more is unpacked than the manifest has announced.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from ingestion.backups.manifest import MAX_BYTES, NAME, KeptFile, Manifest, decode
from ingestion.errors import BackupError

_BLOCK = tarfile.BLOCKSIZE
_HEADER_BYTES = 65_536  # a longer name than any system has
_PIECE = 1 << 20
_DIGITS = 20  # of a size; Python refuses to read endless ones
Take = Callable[[KeptFile, Iterator[bytes]], None]
"""Given each file with its bytes, which it must read to their end."""


def read_manifest(file: Path) -> Manifest:
    """The manifest of an archive, without reading more of it.

    Raises:
        BackupError: it is no archive of ours, or a damaged or newer one.
    """
    with _unpacking(file) as stream:
        return _manifest(stream)


def read_archive(file: Path, take: Take, seen: Callable[[Manifest], None] = lambda found: None) -> Manifest:
    """Give every file to `take`, in order, and its manifest to `seen` before; checks every size and SHA-256.

    Raises:
        BackupError: the archive is damaged, cut off or not as its manifest says.
        OSError: it cannot be read.
    """
    with _unpacking(file) as stream:
        manifest = _manifest(stream)
        seen(manifest)
        for kept in manifest.files:
            name, size = _header(stream)
            if (name, size) != (kept.path, kept.bytes):
                raise BackupError(f"the archive is damaged: {kept.path} is not what its manifest says.")
            digest = hashlib.sha256()
            take(kept, _pieces(stream, size, digest.update))
            if digest.hexdigest() != kept.sha256:
                raise BackupError(f"the archive is damaged: {kept.path} is not what its manifest says.")
        end = stream.read(2 * tarfile.RECORDSIZE)
        if len(end) < _BLOCK or len(end) == 2 * tarfile.RECORDSIZE or any(end):
            raise BackupError("the archive is damaged: it does not end after its last file.")
    return manifest


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _unpacking(file: Path) -> Iterator[io.BufferedIOBase]:
    try:
        raw = file.open("rb")
    except OSError as error:
        raise BackupError(f"{file} cannot be read ({error.strerror}).") from error
    try:
        with raw, gzip.GzipFile(fileobj=raw) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackupError(
            f"{file} is no whole archive of konkyo backup ({error}). Take another one."
        ) from error


def _manifest(stream: io.BufferedIOBase) -> Manifest:
    name, size = _header(stream)
    if name != NAME or size > MAX_BYTES:
        raise BackupError("the archive does not begin with a manifest: it is not of konkyo backup.")
    return decode(b"".join(_pieces(stream, size, lambda piece: None)), version("konkyo"))


def _header(stream: io.BufferedIOBase) -> tuple[str, int]:
    """Name and size of the next file, which must be a plain one."""
    found = _block(stream)
    told: dict[str, str] = {}
    if found.type == tarfile.XHDTYPE:
        if not 0 <= found.size <= _HEADER_BYTES:
            raise BackupError("the archive is damaged: a header of it is too long.")
        told = _pax(b"".join(_pieces(stream, found.size, lambda piece: None)))
        found = _block(stream)
    if found.type != tarfile.REGTYPE:
        raise BackupError(f"the archive holds {found.name!r}, which is no plain file.")
    size = told.get("size", str(found.size))
    if not size.isascii() or not size.isdigit() or len(size) > _DIGITS:
        raise BackupError("the archive is damaged: its manifest cannot be read.")
    return told.get("path", found.name), int(size)


def _block(stream: io.BufferedIOBase) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(_exactly(stream, _BLOCK), "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise BackupError("the archive is damaged: a header of it cannot be read.") from error


def _pax(data: bytes) -> dict[str, str]:
    """The records of an extended header: each is its own length, a key and a value."""
    found = {}
    while data:
        digits, _, _ = data.partition(b" ")
        if not digits.isdigit() or len(digits) > _DIGITS or not len(digits) < int(digits) <= len(data):
            raise BackupError("the archive is damaged: its manifest cannot be read.")
        record, data = data[: int(digits)], data[int(digits) :]
        key, _, value = record[len(digits) + 1 : -1].partition(b"=")
        found[key.decode("ascii", "replace")] = value.decode("utf-8", "surrogateescape")
    return found


def _pieces(stream: io.BufferedIOBase, size: int, look: Callable[[bytes], object]) -> Iterator[bytes]:
    left = size
    while left:
        piece = _exactly(stream, min(left, _PIECE))
        look(piece)
        left -= len(piece)
        yield piece
    _exactly(stream, -size % _BLOCK)


def _exactly(stream: io.BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise BackupError("the archive is cut off. Take another one.")
    return data
