"""What a run of ingestion has to do, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingestion.library_writing import KnownFile
from ingestion.location_rows import FileState

EMPTY_FILE = "the file is empty (0 bytes)."


@dataclass(frozen=True, slots=True)
class Target:
    """What was asked for: `path`, and the source that it belongs to. `folder` is its path in there, or ""."""

    source: Path
    path: Path
    folder: str
    is_file: bool

    @property
    def is_source(self) -> bool:
        """Whether the whole source was asked for."""
        return not self.is_file and not self.folder


@dataclass(slots=True)
class Plan:
    """What a run has to do for one target.

    `known` is what the library held before. `relinks` point at documents that it has; `moves` are (old place,
    new state); `parse` is by document id, with all files of these bytes. `kinds` tells what a file to be
    parsed or relinked counts as: "added", "changed", "unchanged" (touched only). What the library has of
    documents in `masking` shows what is to be masked or refused from now on, so it goes when they fail.
    `present` are the paths that are there, `stored` the documents of `parse` that the library has. `members`
    are known files inside others, by the path of what they lie directly in; those in `counted` count as moved
    already. `kept` failed as they did before when they were to be read again: they keep what the library has
    of them, stay listed, and are not tried again.
    """

    target: Target
    known: dict[str, KnownFile]
    unchanged: list[KnownFile] = field(default_factory=list)
    kept: list[KnownFile] = field(default_factory=list)
    relinks: list[tuple[FileState, str]] = field(default_factory=list)
    moves: list[tuple[KnownFile, FileState]] = field(default_factory=list)
    parse: dict[str, list[FileState]] = field(default_factory=dict)
    reparse: set[str] = field(default_factory=set)
    masking: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)
    members: dict[str, list[KnownFile]] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    vanished: list[KnownFile] = field(default_factory=list)
    failed: list[tuple[FileState, str]] = field(default_factory=list)
    unreadable: list[tuple[FileState, str]] = field(default_factory=list)
    empty: list[FileState] = field(default_factory=list)
    ignored: int = 0
    warnings: dict[str, str] = field(default_factory=dict)

    def kind(self, file: FileState) -> str:
        """What `file` counts as in the report."""
        return self.kinds.get(file.path, "unchanged")

    def news(self, failures: Sequence[tuple[FileState, str]]) -> list[tuple[FileState, str]]:
        """Those of `failures` that are not listed yet."""
        return [
            (file, reason) for file, reason in failures
            if (old := self.known.get(file.path)) is None or (old.state, old.reason) != (file, reason)
        ]  # fmt: skip


def read_again(plan: Plan, outdated: Callable[[str], bool]) -> None:
    """Turn what was settled without reading into files to be parsed, where its document is `outdated`."""
    again = [(old.state, old.document) for old in plan.unchanged]
    again += [(file, id) for file, id in plan.relinks]
    again += [(file, old.document) for old, file in plan.moves]
    found = {id for _, id in again if id is not None and outdated(id)}
    for file, id in again:
        if id in found and file not in plan.parse.get(id, ()):
            plan.parse.setdefault(id, []).append(file)
    for old, file in plan.moves:
        if old.document in found:
            plan.kinds[file.path] = "moved"
    plan.reparse |= found
    plan.stored |= found  # members too keep the vectors of what reads as before
    plan.unchanged = [old for old in plan.unchanged if old.document not in found]
    plan.relinks = [(file, id) for file, id in plan.relinks if id not in found]
