"""What a synchronisation would change, for people to see before the first one. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ingestion.deriving import derivation
from ingestion.describing import undescribed
from ingestion.errors import IngestionError, UnsafeRemovalError
from ingestion.library import Library
from ingestion.library_writing import LibraryWriter
from ingestion.location_rows import FileState
from ingestion.loss_rows import LossRows
from ingestion.plans import read_again
from ingestion.readers import supported
from ingestion.rights.rules import RightsRules
from ingestion.screener import Screener
from ingestion.settings import Settings
from ingestion.sources.configured import Source
from ingestion.sources.mirror import Changes
from ingestion.sources.run import preview_remote
from ingestion.syncing import Plan, find_targets, make_plan
from ingestion.tries import tried_by


@dataclass(slots=True)
class Preview:
    """Paths by what would happen to them. `refused` is why a person must confirm it, `error` why it fails.

    `reread` are files that did not change and would be read again all the same: the parser or settings did,
    or reading them failed before and might not now.
    """

    source: Source
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    reread: list[str] = field(default_factory=list)
    ignored: int = 0
    empty: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    refused: str | None = None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The value of `sync --dry-run --json` for one source."""
        return {
            "name": self.source.name, "kind": self.source.kind, "source": str(self.source.folder),
            "error": self.error, "refused": self.refused,
            "added": self.added, "changed": self.changed,
            "moved": [{"from": old, "to": new} for old, new in self.moved], "removed": self.removed,
            "unchanged": self.unchanged, "reread": self.reread, "ignored": self.ignored, "empty": self.empty,
            "failed": [{"path": path, "reason": reason} for path, reason in self.failed],
        }  # fmt: skip


def preview(source: Source, library: Library, settings: Settings) -> Preview:
    """Compare `source` with the library."""
    found = Preview(source)
    try:
        if source.mirror is None:
            _take_plan(found, library, settings)
        else:
            changes, listing = preview_remote(source, library, settings)
            _take_changes(found, changes)
            found.failed += sorted(listing.unlisted.items())
            if source.folder.is_dir():
                held = set(changes.kept)
                again = _read_again(_plan(source, library, settings, allow_empty=True))
                found.reread = sorted(file.path for file in again if (file.container or file.path) in held)
    except IngestionError as error:
        found.error = str(error)
    return found


def _take_plan(found: Preview, library: Library, settings: Settings) -> None:
    try:
        plan = _plan(found.source, library, settings, allow_empty=False)
    except UnsafeRemovalError as error:
        found.refused = str(error)
        plan = _plan(found.source, library, settings, allow_empty=True)
    files = [file for files in plan.parse.values() for file in files] + [file for file, _ in plan.relinks]
    again = {file.path: reason for file in files if (reason := _failed_before(plan, file)) is not None}
    kinds = {file.path: plan.kind(file) for file in files if file.path not in again}
    found.added = sorted(path for path, kind in kinds.items() if kind == "added")
    found.changed = sorted(path for path, kind in kinds.items() if kind == "changed")
    found.unchanged = len(plan.unchanged) + list(kinds.values()).count("unchanged")
    found.reread = sorted(file.path for file in _read_again(plan))
    found.moved = sorted((old.state.path, file.path) for old, file in plan.moves)
    found.removed = sorted(old.state.path for old in plan.vanished if old.document is not None)
    found.ignored, found.empty = plan.ignored, len(plan.empty)
    failed = [(file.path, reason) for file, reason in [*plan.failed, *plan.unreadable]]
    failed += [(old.state.path, str(old.reason)) for old in plan.kept]
    found.failed = sorted([*failed, *again.items()])


def _read_again(plan: Plan) -> list[FileState]:
    """Files that the run would read though they did not change."""
    again = [file for id in plan.reparse for file in plan.parse.get(id, ()) if plan.kind(file) == "unchanged"]
    others = [file for id in plan.parse.keys() - plan.reparse for file in plan.parse[id]]
    return again + [file for file in others if _failed_before(plan, file) is not None]


def _failed_before(plan: Plan, file: FileState) -> str | None:
    """Why a file that has not changed since could not be read; the run may try it again."""
    old = plan.known.get(file.path)
    if old is None or old.document is not None:
        return None
    return old.reason if (old.state.mtime_ns, old.state.size) == (file.mtime_ns, file.size) else None


def _plan(source: Source, library: Library, settings: Settings, *, allow_empty: bool) -> Plan:
    writer, limits = LibraryWriter(library), settings.ingestion
    synced: Sequence[str] = writer.synced_sources()
    (target,) = find_targets([source.folder], synced, ignore=limits.ignore, workspace=library.path.parent)
    plan = make_plan(
        target, writer, limits, tried_by=tried_by(settings), supported=supported, allow_empty=allow_empty,
        apart=RightsRules(settings.sources, library.mirrors).files(target.source),
        lost_lately=LossRows(library).since(str(target.source), target.folder, limits.removal_days),
    )  # fmt: skip
    Screener(library, settings.screening).plan_again([plan])
    sizes, derived = settings.chunking, writer.all_derivations()
    current = derivation(sizes.target, sizes.maximum)
    lacking = undescribed(library, settings)
    read_again(plan, lambda id: id in lacking or derived.get(id, current) != current)
    return plan


def _take_changes(found: Preview, changes: Changes) -> None:
    found.added = sorted(file.path for file in changes.added)
    found.changed = sorted(file.path for file in changes.changed)
    found.removed, found.unchanged, found.ignored = changes.gone, len(changes.kept), changes.ignored
    found.failed = sorted(changes.refused.items())
