"""Makes a workspace of an archive. It is whole and checked before it takes its place."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.backups.manifest import KeptFile, Manifest, stays_below
from ingestion.backups.reading import read_archive
from ingestion.backups.swapping import recover, swap
from ingestion.backups.writing import Create, Tell, clear_left, create
from ingestion.durable import given_to_owner_of, to_disk
from ingestion.errors import BackupError, RestoreRefusedError
from ingestion.workspace import Workspace, check_version, holds_data, refuse_network_file_system

_SPARE_BYTES = 100_000_000  # for indexes and migrations
Json = dict[str, Any]
Prepare = Callable[[Workspace, Manifest], Sequence[Json]]
"""Brings an unpacked workspace up to date and checks it; what it migrated, as `{database, from, to}`."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The value of `restore`. `kept_old` is where the workspace lies that was there before, None without one.

    `left_out` are settings with secrets and links that the backup does not hold.
    """

    done: bool
    workspace: str
    files: int
    seconds: float
    migrated: tuple[Json, ...]
    kept_old: str | None
    left_out: tuple[str, ...]

    def as_json(self) -> Json:
        """As docs/cli.md tells."""
        return {**asdict(self), "migrated": list(self.migrated), "left_out": list(self.left_out)}


def restore_backup(
    file: Path,
    root: Path,
    prepare: Prepare,
    *,
    force: bool = False,
    tell: Tell = lambda phase, done, total, name: None,
    open_new: Create = create,
) -> RestoreReport:
    """Make the workspace `root` of the archive `file`.

    Raises:
        BackupError: the archive is not to be trusted, or the workspace cannot be written.
        RestoreRefusedError: a workspace with data is there, and `force` was not given.
        WorkspaceBusyError: the workspace that is there is in use.
        WorkspaceError: the archive's tables or layout are newer than this program.
    """
    began = time.monotonic()
    refuse_network_file_system(root)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        recover(root)
        with _held(root, force=force), _beside(root) as new:
            manifest = _unpack(file, new.root, tell, open_new)
            check_version(new.version_path)
            migrated = tuple(prepare(new, manifest))
            _carry_models(root, new)
            given_to_owner_of(root if root.exists() else root.parent, new.root, *new.root.rglob("*"))
            aside = _aside(root)
            swap(new.root, root, aside)
        # Looked at again: meanwhile somebody may have made a workspace there, or put something into it.
        full = aside.exists() and holds_data(Workspace(aside))
        if not full and aside.exists():
            shutil.rmtree(aside)
    except OSError as error:
        raise BackupError(
            f"{file} cannot be restored to {root} ({error.strerror}). What was there is as it was."
        ) from error
    return RestoreReport(
        True, str(root), len(manifest.files), round(time.monotonic() - began, 2), migrated,
        str(aside) if full else None, manifest.left_out,
    )  # fmt: skip


@contextmanager
def _held(root: Path, *, force: bool) -> Iterator[None]:
    """Keep every other process from writing to the workspace that is there."""
    if not root.exists():
        yield
        return
    if not root.is_dir() or root.is_mount():
        raise BackupError(f"{root} cannot be exchanged for another folder. Choose a folder below it.")
    with ExitStack() as held:
        held.enter_context(Workspace(root).write_lock())
        if holds_data(Workspace(root)) and not force:
            raise RestoreRefusedError(
                f"{root} is a workspace already. Restore to another --workspace, or add --force: "
                "the one that is there is then kept beside it."
            )
        yield


@contextmanager
def _beside(root: Path) -> Iterator[Workspace]:
    clear_left(root, "restoring")
    folder = root.with_name(f".{root.name}.{os.getpid()}.restoring")
    folder.mkdir(mode=0o700)
    try:
        yield Workspace(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # once it has taken its place, nothing is here


def _unpack(file: Path, folder: Path, tell: Tell, open_new: Create) -> Manifest:
    total = done = 0

    def seen(manifest: Manifest) -> None:
        nonlocal total
        total = manifest.size
        free = shutil.disk_usage(folder).free
        if total + _SPARE_BYTES > free:
            raise BackupError(
                f"the archive unpacks to {total / 1e9:.1f} GB, "
                f"and {folder.parent} has {free / 1e9:.1f} GB free."
            )

    def take(kept: KeptFile, pieces: Iterator[bytes]) -> None:
        nonlocal done
        tell("unpack", done, total, kept.path)
        place = stays_below(folder, kept.path)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_new(place) as out:
            out.writelines(pieces)
            out.flush()
            os.fsync(out.fileno())
        os.utime(place, ns=(kept.mtime_ns, kept.mtime_ns))  # so that unchanged files are known again
        done += kept.bytes

    manifest = read_archive(file, take, seen)
    for inner, _, _ in os.walk(folder):
        to_disk(Path(inner))
    return manifest


def _carry_models(root: Path, new: Workspace) -> None:
    """Models are not in most backups; those that are there are shared, which costs no space.

    Where the system knows no links between names, they are pulled or imported again.
    """
    old = Workspace(root).models
    if not old.is_dir() or any(path.is_file() for path in new.models.rglob("*")):
        return
    with suppress(OSError):
        for path in sorted(old.rglob("*")):
            if path.is_file() and not path.is_symlink():
                target = new.models / path.relative_to(old)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, target)


def _aside(root: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    more = (f"-{number}" if number > 1 else "" for number in itertools.count(1))
    names = (root.with_name(f"{root.name}.before-restore-{stamp}{end}") for end in more)
    return next(path for path in names if not path.exists())
