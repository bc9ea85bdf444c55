"""Writes the backup of a workspace that goes on being used.

Databases are copied first, the library last of them: conversations and examples name documents, and the
library names files, so that what is named was there when its name was copied, or later. Small files are
copied at once, large ones read twice, and one that changed between is an error and no silent mixture.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import psutil
from filelock import FileLock, Timeout

from ingestion.backups.layout import Parts, databases_of, kept_files, links
from ingestion.backups.manifest import FORMAT, NAME, KeptFile, Manifest
from ingestion.backups.reading import read_archive, read_manifest, sha256_of
from ingestion.backups.secrets import password_files, settings_copies, without_secrets
from ingestion.database_care import revision, snapshot
from ingestion.durable import replace_file
from ingestion.errors import BackupError
from ingestion.workspace import SCHEMA_VERSION, Workspace, holds_data

_LOCK = "lock"
"""In the folder of a database: held by whoever writes there."""
_WAIT_SECONDS = 60
_STAGED_BYTES = 1_000_000
_LEVEL = 3  # on vectors and packed texts, higher ones take three times as long and save a hundredth
_PIECE = 1 << 20
Tell = Callable[[str, int, int, str], None]
"""Told the phase ("copy", "pack" or "check"), how many bytes of how many are done, and the file."""
Create = Callable[[Path], IO[bytes]]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The value of `backup`. `sha256` is that of the whole archive."""

    done: bool
    file: str
    bytes: int
    sha256: str
    files: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """As docs/cli.md tells."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Staged:
    """A file of the backup, and where its bytes are read from."""

    kept: KeptFile
    source: Path


def _nothing() -> None: ...


def create(path: Path) -> IO[bytes]:
    """A new file that only its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write_backup(
    workspace: Workspace,
    file: Path,
    *,
    parts: Parts = Parts(),
    tell: Tell = lambda phase, done, total, name: None,
    open_new: Create = create,
) -> BackupReport:
    """Write the archive `file`, beside its place first; there is never half an archive under its name.

    Raises:
        BackupError: it cannot be written, or a database is damaged. What was at `file` before is still there.
    """
    began = time.monotonic()
    file = file.expanduser().absolute()
    _refuse_place(workspace, file)
    try:
        with _beside(file) as folder:
            staged = _Staging(workspace, folder, parts, tell)
            manifest, sources = staged.take()
            archive = folder / "archive"
            _pack(archive, manifest, sources, tell, open_new)
            _check(archive, manifest, tell)
            digest, size = sha256_of(archive), archive.stat().st_size
            replace_file(archive, file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written ({error.strerror}). Nothing was put there.") from error
    report = BackupReport(
        True, str(file), size, digest, len(manifest.files), round(time.monotonic() - began, 2)
    )
    _note(workspace, manifest, report)
    return report


class _Staging:
    """Takes copies of what changes; the rest is hashed where it lies."""

    def __init__(self, workspace: Workspace, folder: Path, parts: Parts, tell: Tell) -> None:
        self._workspace, self._folder, self._parts, self._tell = workspace, folder, parts, tell
        self._left_out: list[str] = []
        self._databases: dict[str, str | None] = {}
        self._taken: list[_Staged] = []
        self._beside_databases: set[Path] = set()
        self._copies = 0

    def take(self) -> tuple[Manifest, list[Path]]:
        """The manifest, and for each of its files where to read it."""
        workspace = self._workspace
        copies = settings_copies(workspace.root)
        self._left_out += [path.name for path in copies]
        secret = [*password_files(workspace.root, workspace.settings()), *copies]
        paths = list(kept_files(workspace, self._parts, secret))
        # Published before the adapters that it names, for the same reason as databases before files.
        known = databases_of(workspace, paths)
        ordered = sorted(known, key=lambda path: (path == workspace.library_path, path))
        for path in ordered:
            self._take_with_its_folder(path, [one for one in paths if one not in known])
        for path in sorted((path for path in paths if path not in known), key=_referring_first):
            if path not in self._beside_databases:
                self._take(path)
        found = sorted(self._taken, key=lambda staged: staged.kept.path)
        self._left_out += links(workspace, self._parts)
        manifest = Manifest(
            FORMAT, version("konkyo"), SCHEMA_VERSION, datetime.now(UTC).isoformat(timespec="seconds"),
            str(workspace.root), self._parts.models, self._parts.indexes, tuple(self._left_out),
            self._databases, tuple(staged.kept for staged in found),
        )  # fmt: skip
        return manifest, [staged.source for staged in found]

    def _take_with_its_folder(self, path: Path, others: list[Path]) -> None:
        """A database with the files of its own folder, such as the head of the audit log.

        They say how the database ends, so all are of one moment: whoever writes there waits at its lock until
        they are taken and the database's state is held. The copying itself, which takes long where much was
        written, keeps nobody waiting.

        Raises:
            BackupError: somebody holds the lock and does not let go.
        """
        own = [one for one in others if one.parent == path.parent != self._workspace.root]
        lock = path.parent / _LOCK
        try:
            with ExitStack() as held:
                if own and lock.exists():
                    held.enter_context(FileLock(lock, timeout=_WAIT_SECONDS))
                for one in own:
                    self._take(one)
                self._take(path, database=True, begun=held.close)
        except Timeout as error:
            raise BackupError(
                f"{path.parent} is held by another program. Make the backup again when that has ended."
            ) from error
        self._beside_databases.update(own)

    def _take(self, path: Path, *, database: bool = False, begun: Callable[[], None] = _nothing) -> None:
        name = path.relative_to(self._workspace.root).as_posix()
        self._copies += 1
        copy = self._folder / f"{self._copies}"
        try:
            state = path.stat()
            if database:
                snapshot(path, copy, lambda done, total: self._tell("copy", done, total, name), begun)
                self._databases[name] = revision(copy)
            elif path == self._workspace.settings_path:
                text, secrets = without_secrets(path.read_text("utf-8-sig"))
                copy.write_text(text, "utf-8")
                self._left_out += secrets
            elif state.st_size <= _STAGED_BYTES:
                copy.write_bytes(path.read_bytes())
            else:
                copy = path
        except FileNotFoundError:
            return  # it was removed meanwhile
        kept = KeptFile(name, copy.stat().st_size, sha256_of(copy), state.st_mtime_ns)
        self._taken.append(_Staged(kept, copy))


def _referring_first(path: Path) -> tuple[bool, Path]:
    return path.name != "published.json", path


@dataclass
class _Counting(io.RawIOBase):
    """Reads a file, hashes it and tells how many bytes were read."""

    file: IO[bytes]
    told: Callable[[int], None]
    digest: Any = field(default_factory=hashlib.sha256)
    count: int = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self.file.read(size)
        self.digest.update(data)
        self.count += len(data)
        self.told(self.count)
        return data


def _pack(archive: Path, manifest: Manifest, sources: list[Path], tell: Tell, open_new: Create) -> None:
    total, done = manifest.size, 0
    with (
        open_new(archive) as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        encoded = manifest.encoded()
        tar.addfile(_entry(NAME, len(encoded), 0), io.BytesIO(encoded))
        for kept, source in zip(manifest.files, sources, strict=True):
            told = partial(_told, tell, done, total, kept.path)
            try:
                opened = source.open("rb")
            except FileNotFoundError as error:
                raise _changed(kept) from error
            with opened:
                counting = _Counting(opened, told)
                tar.addfile(_entry(kept.path, kept.bytes, kept.mtime_ns), counting)
            if counting.digest.hexdigest() != kept.sha256:
                raise _changed(kept)
            done += kept.bytes
        tell("pack", total, total, "")


def _changed(kept: KeptFile) -> BackupError:
    return BackupError(f"{kept.path} was changed while it was copied. Make the backup again.")


def _told(tell: Tell, before: int, total: int, name: str, count: int) -> None:
    tell("pack", before + count, total, name)


def _entry(name: str, size: int, mtime_ns: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, max(0, mtime_ns // 1_000_000_000), 0o600
    return entry


def _check(archive: Path, expected: Manifest, tell: Tell) -> None:
    """Open what was written and compare all of it."""
    done = 0

    def take(kept: KeptFile, pieces: Iterator[bytes]) -> None:
        nonlocal done
        tell("check", done, expected.size, kept.path)
        done += sum(map(len, pieces))

    if read_archive(archive, take) != expected:
        raise BackupError("the archive is damaged: its manifest cannot be read.")


def _refuse_place(workspace: Workspace, file: Path) -> None:
    if not holds_data(workspace):
        raise BackupError(f"{workspace.root} holds nothing to back up. Is it the right --workspace?")
    inside = file.resolve().is_relative_to(workspace.root)
    if inside and not file.resolve().is_relative_to(workspace.backups):
        raise BackupError(f"{file} lies in the workspace, which it is to outlive. Choose another folder.")
    if file.is_dir() or not file.parent.is_dir():
        raise BackupError(f"{file} is not the name of a file in a folder that exists.")
    if file.exists():
        try:
            read_manifest(file)
        except BackupError as error:
            raise BackupError(f"{file} exists and is no backup. It is left alone; choose another.") from error


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A folder beside `file` for what is not whole yet; those of killed processes are removed."""
    clear_left(file, "partial")
    folder = file.with_name(f".{file.name}.{os.getpid()}.partial")
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_left(place: Path, ending: str) -> None:
    """Remove the folders `.NAME.PID.ending` beside `place` whose process has ended."""
    name = re.compile(rf"\.{re.escape(place.name)}\.(\d+)\.{ending}")
    for found in place.parent.iterdir():
        match = name.fullmatch(found.name)
        if (
            match
            and found.is_dir()
            and (int(match[1]) == os.getpid() or not psutil.pid_exists(int(match[1])))
        ):
            shutil.rmtree(found)


def _note(workspace: Workspace, manifest: Manifest, report: BackupReport) -> None:
    """What `konkyo doctor` looks at. A workspace that cannot be written still has its backup."""
    value = {"at": manifest.created_at, "file": report.file, "bytes": report.bytes, "sha256": report.sha256}
    new = workspace.last_backup_path.with_name(f"last.json.{os.getpid()}.new")
    with suppress(OSError):
        workspace.backups.mkdir(mode=0o700, exist_ok=True)
        new.write_text(json.dumps(value), "utf-8")
        replace_file(new, workspace.last_backup_path)
