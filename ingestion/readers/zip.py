"""Zip archives: the list of what is inside, and its bytes one by one.

Names without the UTF-8 mark are decoded for the whole archive: as UTF-8 where all of them are that (macOS),
else as CP932 or EUC-JP. Parts that overlap, links and paths that lead out are refused.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingestion.containers import Entry, Sink, leads_out, member_names
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions
from ingestion.zip_errors import ZIP_ERRORS

_UTF8, _ENCRYPTED = 0x800, 0x1
_AES = 99
_UNICODE_PATH = 0x7075
_LOCAL_HEADER = 30
_BLOCK = 1 << 20
_SHOWN = 200
_METHODS = {9: "Deflate64", 95: "xz", 93: "Zstandard", 97: "WavPack", 98: "PPMd"}
_LOCKED = "it is encrypted. Add its password to ingestion.passwords in konkyo.toml."
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, ValueError)


def read_zip(path: Path) -> Document:
    """The names of the files inside.

    Raises:
        ReadError: it is no archive, is damaged, or its parts overlap.
    """
    with _open(path) as archive:
        names = member_names(_names(_files(archive)))
    if not names:
        raise ReadError("the archive holds no files.")
    builder = DocumentBuilder("zip")
    for name in names[:_SHOWN]:
        builder.line(clean_line(name))
    if len(names) > _SHOWN:
        builder.line(f"… ({len(names)})")
    return replace(builder.build(), members=tuple(names))


def entries(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Iterator[Entry]:
    """The files inside, in the order of the archive's directory.

    Raises:
        ReadError: as `read_zip`.
    """
    with _open(path) as archive:
        infos = _files(archive)
        for name, info in zip(_names(infos), infos, strict=True):
            yield Entry(name, _copies(path, archive, info, options), _reason(name, info))


def _open(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except (*_BROKEN, *ZIP_ERRORS) as error:
        raise ReadError(f"the archive is damaged or no zip file ({error}).") from error
    end = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            archive.close()
            raise ReadError("parts of the archive overlap, as in one that is made to fill disks (zip bomb).")
        end = info.header_offset + _LOCAL_HEADER + info.compress_size
    return archive


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [info for info in archive.infolist() if not info.orig_filename.endswith(("/", "\\"))]


def _names(infos: list[zipfile.ZipInfo]) -> list[str]:
    raw = [None if info.flag_bits & _UTF8 else info.orig_filename.encode("cp437") for info in infos]
    encoding = _encoding([name for name in raw if name is not None])
    return [
        info.orig_filename if name is None else _unicode_path(info, name) or name.decode(encoding, "replace")
        for info, name in zip(infos, raw, strict=True)
    ]


def _encoding(names: list[bytes]) -> str:
    """The first encoding in which every name is valid; one archive was written by one program."""
    for encoding in ("utf-8", "cp932", "euc_jp"):
        try:
            for name in names:
                name.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "cp437"


def _unicode_path(info: zipfile.ZipInfo, name: bytes) -> str | None:
    """The name in UTF-8 that some programs add, when it belongs to this name (APPNOTE 4.6.9)."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field = extra[4 : 4 + size]
        if kind == _UNICODE_PATH and field[1:5] == struct.pack("<L", zlib.crc32(name)):
            return field[5:].decode("utf-8", "replace")
        extra = extra[4 + size :]
    return None


def _reason(name: str, info: zipfile.ZipInfo) -> str | None:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link; only files are taken out of archives."
    return leads_out(name)


def _copies(
    path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, options: ReadOptions
) -> Callable[[Sink], None]:
    def copy(sink: Sink) -> None:
        if not info.flag_bits & _ENCRYPTED:
            _copy(archive, info, None, sink)
            return
        for password in _passwords(options):
            sink.restart()
            try:
                if info.compress_type == _AES:
                    _copy_aes(path, info, password, sink)
                else:
                    _copy(archive, info, password, sink)
            except _WrongPasswordError:
                continue
            return
        raise ReadError(_LOCKED)

    return copy


class _WrongPasswordError(Exception):
    """Another password may do."""


def _passwords(options: ReadOptions) -> Iterator[bytes]:
    """As bytes in the encodings that programs use for them."""
    for password in options.passwords:
        forms = [password.encode(encoding, "ignore") for encoding in ("utf-8", "cp932")]
        yield from dict.fromkeys(forms)


def _copy(archive: Any, info: Any, password: bytes | None, sink: Sink) -> None:
    try:
        with archive.open(info, pwd=password) as stream:
            while block := stream.read(_BLOCK):
                sink.write(block)
    except NotImplementedError as error:  # how zipfile says that it does not know the method
        method = _METHODS.get(info.compress_type, str(info.compress_type))
        raise ReadError(f"it is packed with {method}, which is not supported. Pack it anew.") from error
    except RuntimeError as error:  # zipfile's way to say that the password is wrong
        raise _WrongPasswordError from error
    except _BROKEN as error:
        if password is not None:  # one wrong password in 256 is only found out by the checksum
            raise _WrongPasswordError from error
        raise ReadError(f"it is damaged inside the archive ({error}).") from error


def _copy_aes(path: Path, info: zipfile.ZipInfo, password: bytes, sink: Sink) -> None:
    import pyzipper

    with pyzipper.AESZipFile(path) as archive:
        same = [other for other in archive.infolist() if other.header_offset == info.header_offset]
        _copy(archive, same[0], password, sink)
