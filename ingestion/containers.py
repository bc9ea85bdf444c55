"""Files inside files (archives, attachments), taken out under names that cannot lead out of their folder.

Runs in the parser's process, within its limits. A member's name is its path inside the container, made safe
and unlike every other one; the same container always gives the same names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib import import_module
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from ingestion.documents import document_id, normal_path
from ingestion.errors import PassingError, ReadError
from ingestion.readers.sniffing import true_suffix
from ingestion.reading import ReadOptions

_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MOST_NAME = 400


class ContainerError(ReadError):
    """Nothing may be taken out of this container."""


class Sink(Protocol):
    """Where the bytes of a member go."""

    def write(self, block: bytes) -> None:
        """Take more bytes."""

    def restart(self) -> None:
        """Forget what was written: another password is tried."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as its container names it. `copy` raises ReadError; a `reason` says why it must stay there."""

    name: str
    copy: Callable[[Sink], None]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """How much one container may hold; `size` in bytes. Names like one of `ignore` are left out."""

    members: int
    size: int
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside another: its bytes lie in `file` and have this `id`, or the `reason` says why not.

    One that is `ignored` has neither.
    """

    name: str
    file: Path | None = None
    id: str | None = None
    size: int = 0
    reason: str | None = None
    ignored: bool = False


# How the files inside are found, by the suffix of the container: a function in readers/, whether it wants
# the options, and whether it yields entries or just (name, bytes).
_SOURCES: dict[str, tuple[str, bool, bool]] = {
    ".zip": ("zip:entries", True, True),
    ".eml": ("eml:attachments", False, False),
    ".msg": ("msg:attachments", False, False),
    ".mbox": ("mbox:attachments", False, False),
    ".pdf": ("pdf_extras:attachments", True, False),
    **dict.fromkeys(
        (".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xltx", ".pptx", ".pptm", ".ppsx"),
        ("embedded:entries", True, True),
    ),
}


def unpack(path: Path, folder: Path, limits: UnpackLimits, options: ReadOptions) -> list[Member]:
    """Take all members of `path` out into `folder`, which is made; those to be ignored are only named.

    Raises:
        ContainerError: there are too many.
        PassingError: they cannot be written.
        ReadError: the container cannot be read.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    members: list[Member] = []
    left = limits.size
    ignored: list[Member] = []
    for name, entry in _entries(path, options):
        if _ignored(name, limits.ignore):
            ignored.append(Member(name, ignored=True))
            continue
        if len(members) == limits.members:
            raise ContainerError(
                f"it holds more than {limits.members} files. Unpack it, or raise ingestion.members."
            )
        member = _take_out(name, entry, folder / f"{len(members)}{suffix_of(name)}", left, limits.size)
        left -= member.size
        members.append(member)
    return members + ignored


def take(path: Path, inner: str, folder: Path, limits: UnpackLimits, options: ReadOptions) -> Path:
    """Take one member out into `folder`; `inner` goes through containers within `path` where it must.

    Raises:
        ReadError: it is not there, or cannot be taken out.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, entry in _entries(path, options):
        if inner == name or inner.startswith(f"{name}/"):
            # In a folder of its own: a container of the same name may lie in this one.
            target = folder / f"{document_id(name.encode())}{suffix_of(name)}"
            member = _take_out(name, entry, target, limits.size, limits.size)
            if member.reason is not None:
                raise ReadError(member.reason)
            if inner == name:
                return target
            return take(target, inner[len(name) + 1 :], folder / "within", limits, options)
    raise ReadError("it is no longer in the file that held it.")


def member_names(names: Iterable[str]) -> list[str]:
    """Safe and distinct paths for names as containers give them, in their order."""
    taken = _Names()
    return [taken.add(name) for name in names]


def suffix_of(name: str) -> str:
    """The suffix of a member's name in small letters, or "" when it is none that a reader could have."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def _entries(path: Path, options: ReadOptions) -> Iterator[tuple[str, Entry]]:
    """The entries by their safe names."""
    found = _SOURCES.get(true_suffix(path))
    if found is None:
        return
    place, with_options, as_entries = found
    module, _, function = place.partition(":")
    source: Callable[..., Iterator[Any]] = getattr(import_module(f"ingestion.readers.{module}"), function)
    names = _Names()
    for item in source(path, options) if with_options else source(path):
        entry = item if as_entries else Entry(item[0], _writes(item[1]))
        yield names.add(entry.name), entry


def _writes(data: bytes) -> Callable[[Sink], None]:
    return lambda sink: sink.write(data)


def leads_out(name: str) -> str | None:
    """Why a member with this path is refused, None when it stays inside."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return (
            f"its name leads out of the archive ({_UNSAFE.sub('?', name)[:_MOST_NAME]}); it is not taken out."
        )
    return None


def _ignored(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(part, pattern) for part in name.split("/") for pattern in patterns)


def _take_out(name: str, entry: Entry, target: Path, left: int, most: int) -> Member:
    if entry.reason is not None:
        return Member(name, reason=entry.reason)
    try:
        with target.open("xb") as stream:
            sink = _FileSink(stream, left, most)
            entry.copy(sink)
    except ReadError as error:
        target.unlink()
        if isinstance(error, PassingError):
            raise
        return Member(name, reason=str(error))
    return Member(name, target, sink.digest.hexdigest()[:16], sink.size)


@dataclass(slots=True)
class _FileSink:
    """Writes to a file, never more than `left` bytes."""

    stream: BinaryIO
    left: int
    most: int
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > self.left:
            raise ReadError(
                f"what the file around it holds unpacks to more than {self.most // 2**20} MB. "
                "Unpack it, or raise ingestion.members_mb."
            )
        self.digest.update(block)
        try:
            self.stream.write(block)
        except OSError as error:
            raise PassingError(f"it cannot be taken out ({error.strerror or error}).") from error

    def restart(self) -> None:
        self.stream.seek(0)
        self.stream.truncate()
        self.size, self.digest = 0, hashlib.sha256()


class _Names:
    """Gives out names; no name twice, and none that is a folder of another one."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, name: str) -> str:
        """The safe form of `name`."""
        parts = normal_path(_UNSAFE.sub("\ufffd", name)).split("/")
        parts = [part[:_MOST_NAME] for part in parts if part not in ("", ".", "..")] or ["unnamed"]
        # From the outermost part on: a folder must not have the name of a file, nor a file that of a folder.
        for at in range(len(parts)):
            parts[at] = self._free("/".join(parts[:at]), parts[at], is_file=at == len(parts) - 1)
        wanted = "/".join(parts)
        self._files.add(wanted)
        self._folders.update(str(folder) for folder in PurePosixPath(wanted).parents)
        return wanted

    def _free(self, folder: str, part: str, *, is_file: bool) -> str:
        stem, suffix = PurePosixPath(part).stem, PurePosixPath(part).suffix
        for number in count(2):
            path = f"{folder}/{part}" if folder else part
            if path not in self._files and not (is_file and path in self._folders):
                break
            part = f"{stem} ({number}){suffix}"
        return part
