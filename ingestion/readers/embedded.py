"""Files that Word, Excel and PowerPoint files embed as objects.

An object is a package of its own, a compound file of an old program, or a wrapper around either, a PDF or any
other file (OLE 1 packages, [MS-OLEDS] 2.3.6). Charts and formulas are objects, too, but no files.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from ingestion.containers import Entry, Sink, member_names
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.office import package
from ingestion.readers.ole import MAGIC, Streams, opened_streams
from ingestion.readers.safe_xml import open_package, parse_xml, part
from ingestion.readers.sniffing import package_suffix
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

_KINDS = ("/oleObject", "/package")
_NATIVE, _OF_WRITER, _OF_ACROBAT, _OF_ODF = "\x01Ole10Native", "Package", "CONTENTS", "EmbeddedOdf"
_CHART_PROGRAM = b"MSGraph"
_SHOWN = 5
_EMBEDDED = 2
_LINKED = 1


@dataclass(frozen=True, slots=True)
class EmbeddedFiles:
    """Which files a package embeds: their names by the part (a slide, a sheet) that refers to them.

    `objects` are parts of the package that hold no file, or none that we know.
    """

    by_owner: dict[str, tuple[str, ...]]
    objects: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, each once, as `containers.py` takes the files out."""
        return tuple(dict.fromkeys(name for names in self.by_owner.values() for name in names))

    def add_to(self, builder: DocumentBuilder, owner: str | None = None) -> None:
        """Add a line that names the files which the part `owner` shows; None: which any part does."""
        names = self.names if owner is None else self.by_owner.get(owner.lstrip("/"))
        if names:
            builder.line(f"Embedded files: {', '.join(names)}")

    def warn(self, builder: DocumentBuilder) -> None:
        """Tell people of objects that were not read."""
        if self.objects:
            more = f", … ({len(self.objects)})" if len(self.objects) > _SHOWN else ""
            builder.warnings.append(
                f"embedded objects were not read: {', '.join(self.objects[:_SHOWN])}{more}"
            )


@dataclass(frozen=True, slots=True)
class _Object:
    """A part of the package that is embedded in others, the `owners`."""

    part: str
    owners: tuple[str, ...]


def embedded_files(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> EmbeddedFiles:
    """What a package embeds.

    Raises:
        ReadError: it cannot be opened.
    """
    files: list[_Object] = []
    given: list[str] = []
    objects: list[str] = []
    with _opened(path, options) as archive:
        for found in _objects(archive):
            try:
                named = _named(found, part(archive, found.part))
            except ReadError:
                named = PurePosixPath(found.part).name, b""  # taking it out tells what is wrong
            if named is None:
                objects.append(PurePosixPath(found.part).name)
            else:
                files.append(found)
                given.append(named[0])
    by_owner: dict[str, list[str]] = {}
    for found, name in zip(files, member_names(given), strict=True):
        for owner in found.owners:
            by_owner.setdefault(owner, []).append(name)
    return EmbeddedFiles({owner: tuple(names) for owner, names in by_owner.items()}, tuple(objects))


def entries(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Iterator[Entry]:
    """The embedded files, in the order in which `embedded_files` names them.

    Raises:
        ReadError: as `embedded_files`.
    """
    with _opened(path, options) as archive:
        for found in _objects(archive):
            try:
                named = _named(found, part(archive, found.part))
            except ReadError as error:
                yield Entry(PurePosixPath(found.part).name, _nothing, str(error))
                continue
            if named is not None:
                yield Entry(named[0], _writes(named[1]))


@contextmanager
def _opened(path: Path, options: ReadOptions) -> Iterator[zipfile.ZipFile]:
    with package(path, "Office", options) as file, open_package(file, "Office") as archive:
        yield archive


def _objects(archive: zipfile.ZipFile) -> list[_Object]:
    """The embedded parts in the order in which the package refers to them; data of charts is none."""
    held = set(archive.namelist())
    owners: dict[str, list[str]] = {}
    for name in archive.namelist():
        folder, _, file = name.rpartition("/_rels/")
        if not file.endswith(".rels") or folder.endswith("/charts"):
            continue
        owner = posixpath.join(folder, file.removesuffix(".rels"))
        for target in _targets(archive, name):
            # A target that begins with "/" counts from the root of the package.
            found = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            if found in held:
                owners.setdefault(found, []).append(owner)
    return [_Object(found, tuple(dict.fromkeys(by))) for found, by in owners.items()]


def _targets(archive: zipfile.ZipFile, name: str) -> list[str]:
    try:
        root, _ = parse_xml(part(archive, name))
    except ReadError:
        return []  # the library that reads the file says what is wrong with it
    return [
        relation.get("Target", "") for relation in root
        if str(relation.get("Type", "")).endswith(_KINDS) and relation.get("TargetMode") != "External"
    ]  # fmt: skip


def _named(found: _Object, data: bytes) -> tuple[str, bytes] | None:
    """Name and bytes of the file that a part holds, None when it holds none."""
    own = PurePosixPath(found.part)
    if not data.startswith(MAGIC):
        suffix = own.suffix if own.suffix.lower() != ".bin" else package_suffix(data)
        return (f"{own.stem}{suffix}", data) if suffix else None
    with opened_streams(data) as streams:
        native = streams.read(_NATIVE)
        if native is not None:
            return _of_native(native)
        for name in (_OF_WRITER, _OF_ODF):
            inner = streams.read(name)
            if inner and (suffix := package_suffix(inner)):
                return f"{own.stem}{suffix}", inner
        pdf = streams.read(_OF_ACROBAT)
        if pdf and pdf.startswith(b"%PDF-"):
            return f"{own.stem}.pdf", pdf
        kind = _kind(streams)
    return (f"{own.stem}.{kind}", data) if kind else None


def _kind(streams: Streams) -> str | None:
    """What kind of document the compound file itself is; a chart of Microsoft Graph looks like a workbook."""
    if _CHART_PROGRAM in (streams.read("\x01CompObj") or b""):
        return None
    kind = streams.kind()
    return None if kind == "encrypted" else kind


def _of_native(data: bytes) -> tuple[str, bytes] | None:
    """The file in the stream of an OLE 1 package, None when it only links to one, or is of another make."""
    try:
        (flags,) = struct.unpack_from("<H", data, 4)
        label, at = _text(data, 6)
        source, at = _text(data, at)
        kind, length = struct.unpack_from("<2xHL", data, at)
        at += 8 + length
        (size,) = struct.unpack_from("<L", data, at)
    except (struct.error, ValueError):
        return None
    content = data[at + 4 : at + 4 + size]
    if flags != _EMBEDDED or kind == _LINKED or len(content) < size:
        return None
    wide = _wide_names(data, at + 4 + size)
    return _best_name([*wide, label, source]), content


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A text that ends with a zero byte, in the code page of the machine that wrote it, and what follows."""
    end = data.index(b"\0", at)
    raw = data[at:end]
    try:
        return raw.decode("cp932"), end + 1
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), end + 1


def _wide_names(data: bytes, at: int) -> list[str]:
    """Label and source in Unicode, which newer programs add behind the content and a third name."""
    names = []
    for _ in range(3):
        if at + 4 > len(data):
            return []
        (length,) = struct.unpack_from("<L", data, at)
        names.append(data[at + 4 : at + 4 + 2 * length].decode("utf-16-le", "replace").rstrip("\0"))
        at += 4 + 2 * length
    return names[1:]


def _best_name(names: list[str]) -> str:
    """The first name with an ending; people may have written anything into the label."""
    bare = [clean_line(PureWindowsPath(name).name) for name in names]
    return next((name for name in bare if PurePosixPath(name).suffix), next(filter(None, bare), "unnamed"))


def _writes(data: bytes) -> Callable[[Sink], None]:
    return lambda sink: sink.write(data)


def _nothing(sink: Sink) -> None:
    """An entry with a reason is never copied."""
