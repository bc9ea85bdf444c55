"""The bytes of files inside others as files of our own, taken out when somebody wants to see them."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from ingestion.containers import UnpackLimits, suffix_of
from ingestion.errors import ReadError
from ingestion.hashing import file_id
from ingestion.library import Library
from ingestion.library_writing import LibraryWriter
from ingestion.parsing import ParserProcess
from ingestion.reading import ReadOptions
from ingestion.settings import IngestionSettings

_MOST_BYTES = 512 * 2**20
_TAKEN = "taken-"
_ABANDONED_SECONDS = 3600.0


def member_file(
    folder: Path, container: Path, inner: str, document_id: str, settings: IngestionSettings
) -> Path | None:
    """A file in `folder` with the bytes of the member `inner`, None when they are no longer to be had.

    Members are kept there for the next time, as long as all of them are not too large.
    """
    kept = folder / f"{document_id}{suffix_of(inner)}"
    if kept.exists() and file_id(kept) == document_id:
        kept.touch()
        return kept
    folder.mkdir(mode=0o700, exist_ok=True)
    limits = UnpackLimits(settings.members, settings.members_mb * 2**20, settings.ignore)
    scratch = Path(tempfile.mkdtemp(dir=folder, prefix=_TAKEN))
    try:
        with ParserProcess(settings) as parser:
            options = ReadOptions(settings.passwords)
            taken: Path = parser.call("ingestion.containers:take", container, inner, scratch, limits, options)
        if file_id(taken) != document_id:
            return None
        taken.chmod(0o600)
        taken.replace(kept)
    except ReadError:
        return None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _make_room(folder, kept)
    return kept


def forget_members(library: Library) -> None:
    """Remove the files of documents that are no longer in the library, and what was left half done."""
    try:
        _forget_abandoned(library.members)
        files = [path for path in library.members.iterdir() if path.is_file()]
    except FileNotFoundError:
        return
    held = LibraryWriter(library).derivations(path.stem for path in files)
    for path in files:
        if path.stem not in held:
            path.unlink(missing_ok=True)


def _forget_abandoned(folder: Path) -> None:
    """Remove what a process that was killed had taken out; one that still does so has begun just now."""
    for left in folder.glob(f"{_TAKEN}*"):
        try:
            abandoned = left.is_dir() and time.time() - left.stat().st_mtime > _ABANDONED_SECONDS
        except FileNotFoundError:
            continue
        if abandoned:
            shutil.rmtree(left, ignore_errors=True)


def _make_room(folder: Path, newest: Path) -> None:
    """Remove those that nobody has wanted for the longest time."""
    sizes = []
    for path in folder.iterdir():
        try:
            state = path.stat()
        except FileNotFoundError:
            continue  # another thread makes room, too
        if path.is_file() and path != newest:
            sizes.append((state.st_mtime, state.st_size, path))
    room = _MOST_BYTES - newest.stat().st_size
    for _, size, path in sorted(sizes, reverse=True):
        room -= size
        if room < 0:
            path.unlink(missing_ok=True)
