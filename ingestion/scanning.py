"""What files lie in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from ingestion.documents import normal_path
from ingestion.location_rows import FileState


@dataclass(slots=True)
class Scan:
    """The files of one folder, by path relative to its source (NFC).

    `unreadable` are folders (as path prefixes) that could not be listed, with the reason; what is known below
    them must not be taken for vanished. `odd` are entries that cannot be files of ours, with the reason.
    """

    files: dict[str, FileState] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    ignored: int = 0


def scan_folder(source: Path, root: Path, ignore: Sequence[str]) -> Scan:
    """Everything below `root`, a folder within `source`. Symbolic links are never followed.

    Raises:
        OSError: `root` itself cannot be listed.
    """
    scan = Scan()
    for entry in _entries(source, root, ignore, scan):
        _take(source, entry, scan)
    return scan


def scan_file(source: Path, file: Path) -> Scan:
    """Just `file`, a file below `source`.

    Raises:
        OSError: it cannot be examined.
    """
    scan = Scan()
    _add(scan, source, os.fsencode(file), file.stat())
    return scan


def _entries(source: Path, root: Path, ignore: Sequence[str], scan: Scan) -> Iterator[os.DirEntry[str]]:
    with os.scandir(root) as listing:
        waiting = [sorted(listing, key=lambda entry: entry.name)]
    while waiting:
        for entry in waiting.pop():
            if any(fnmatch(entry.name, pattern) for pattern in ignore):
                scan.ignored += int(not entry.is_dir(follow_symlinks=False))
            elif entry.is_dir(follow_symlinks=False):
                try:
                    with os.scandir(entry.path) as listing:
                        waiting.append(sorted(listing, key=lambda entry: entry.name))
                except OSError as error:
                    scan.unreadable[shown_path(source, os.fsencode(entry.path))[0]] = _reason(error)
            else:
                yield entry


def _take(source: Path, entry: os.DirEntry[str], scan: Scan) -> None:
    raw = os.fsencode(entry.path)
    shown, _ = shown_path(source, raw)
    if entry.is_symlink():
        scan.ignored += 1
        if not Path(entry.path).resolve().is_relative_to(source):
            scan.warnings[shown] = "a symbolic link that leads out of the folder; it is not followed"
        return
    try:
        if entry.is_file(follow_symlinks=False):
            _add(scan, source, raw, entry.stat(follow_symlinks=False))
        else:
            scan.odd[shown] = "it is not a regular file"
    except OSError as error:
        scan.odd[shown] = _reason(error)


def _add(scan: Scan, source: Path, raw: bytes, state: os.stat_result) -> None:
    shown, raw_path = shown_path(source, raw)
    if shown in scan.files:
        scan.odd[f"{shown} (2)"] = (
            "another file has the same name in another Unicode form; rename one of them"
        )
        return
    scan.files[shown] = FileState(str(source), shown, state.st_mtime_ns, state.st_size, raw_path)


def shown_path(source: Path, file: bytes) -> tuple[str, bytes | None]:
    """The NFC path below `source` that people see, and the raw one where it differs."""
    raw = os.path.relpath(file, os.fsencode(source))
    try:
        text = raw.decode()
    except UnicodeDecodeError:  # a name that an old Japanese system wrote, or a broken one
        try:
            text = raw.decode("cp932")
        except UnicodeDecodeError:
            text = raw.decode("utf-8", "replace")
    shown = normal_path(text) if os.sep == "\\" else normal_path(text.replace("\\", "＼"))
    return shown, None if shown.encode() == raw else raw


def _reason(error: OSError) -> str:
    return f"it cannot be read ({error.strerror or error})"
