"""What of a workspace goes into a backup.

All of it does, but what is derived from the rest, what is only of this machine and moment, and secrets. So a
new kind of file is in the backup without anybody thinking of it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingestion.database_care import is_database
from ingestion.workspace import Workspace

_OF_A_DATABASE = ("-wal", "-shm", "-journal")
_NOT_WHOLE = (".lock", ".new", ".part")


@dataclass(frozen=True, slots=True)
class Parts:
    """What is taken in beside what cannot be made again."""

    models: bool = False
    indexes: bool = False


def kept_files(workspace: Workspace, parts: Parts, secret: Collection[Path] = ()) -> Iterator[Path]:
    """Files of the backup, in order of their paths. `secret` are files that hold passwords.

    A link right below the workspace is followed: it leads to another disk. Deeper ones are not.
    """
    hidden = {path.resolve() for path in secret}
    for top in _tops(workspace, parts):
        documents = top in (workspace.uploads, workspace.mirrors)
        yield from (path for path in _below(workspace, top, documents) if path.resolve() not in hidden)


def databases_of(workspace: Workspace, paths: Iterable[Path]) -> set[Path]:
    """Which of `paths` are the program's databases. People's own documents are files, whatever they hold."""
    found = set()
    for path in paths:
        if not any(path.is_relative_to(folder) for folder in (workspace.uploads, workspace.mirrors)):
            with suppress(FileNotFoundError):  # removed meanwhile
                found |= {path} if is_database(path) else set()
    return found


def links(workspace: Workspace, parts: Parts) -> list[str]:
    """Links that `kept_files` leaves out, below the workspace: people are told of them."""
    return sorted(
        Path(folder, name).relative_to(workspace.root).as_posix()
        for top in _tops(workspace, parts)
        for folder, folders, files in os.walk(top)
        for name in (*folders, *files)
        if Path(folder, name).is_symlink()
    )


def _tops(workspace: Workspace, parts: Parts) -> list[Path]:
    left_out = {workspace.logs, workspace.backups, workspace.kept_texts.parent, workspace.service_path}
    left_out |= set() if parts.models else {workspace.models}
    left_out |= set() if parts.indexes else {workspace.indexes}
    return [
        path
        for path in sorted(workspace.root.iterdir())
        if path not in left_out and not _passing(path, False)
    ]


def _below(workspace: Workspace, path: Path, documents: bool) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir() and not _derived(workspace, path):
        inside: list[Path] = []
        with suppress(FileNotFoundError):  # removed meanwhile
            inside = sorted(path.iterdir())
        for inner in inside:
            if not inner.is_symlink() and not _passing(inner, documents):
                yield from _below(workspace, inner, documents)


def _derived(workspace: Workspace, folder: Path) -> bool:
    """Libraries of evaluations are built again from their data; checkpoints are of trainings that go on."""
    nested = (folder / workspace.library_path.name).exists()
    return nested or (folder.name == "checkpoints" and folder.parent.parent == workspace.runs)


def _passing(path: Path, documents: bool) -> bool:
    """Files that belong to another one or are not whole yet. People's own documents may have any name."""
    name = path.name
    if documents:
        return name.startswith(".") and name.endswith(".upload")
    return name.startswith(".") or name.endswith((*_NOT_WHOLE, *_OF_A_DATABASE))
