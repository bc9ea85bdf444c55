"""Compare folders with the library: what is new, changed, moved, gone. Changes nothing itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from ingestion.errors import IngestionError, UnsafeRemovalError
from ingestion.hashing import file_id
from ingestion.library import file_path
from ingestion.library_writing import KnownFile, LibraryWriter
from ingestion.location_rows import FileState, takes_in
from ingestion.member_plans import add_members, is_kept
from ingestion.plans import EMPTY_FILE, Plan, Target
from ingestion.scanning import Scan, scan_file, scan_folder, shown_path
from ingestion.settings import IngestionSettings

__all__ = ["EMPTY_FILE", "Plan", "Target", "find_targets", "make_plan"]


def find_targets(
    paths: Sequence[Path], synced: Sequence[str], *, ignore: Sequence[str], workspace: Path
) -> list[Target]:
    """Resolve `paths`; one that lies within another is left out.

    A folder is its own source unless it lies in a source that was ingested as a whole. A file belongs to the
    source that holds it, else to its folder. A source does not hold what lies in a folder that it ignores.

    Raises:
        IngestionError: a new source's name cannot be kept, or `workspace` would be taken in with a folder.
    """
    resolved = list(dict.fromkeys(path.expanduser().resolve() for path in paths))
    targets = []
    for path in resolved:
        if any(path != other and path.is_relative_to(other) for other in resolved):
            continue
        is_file = path.is_file()
        if path == workspace or takes_in(str(path), str(workspace), ignore):
            raise IngestionError(
                f"{path} holds the workspace {workspace}, with its own files. Move the workspace to another "
                "folder, or ingest the folders beside it."
            )
        around = [
            Path(source) for source in synced
            if str(path) == source or takes_in(source, str(path.parent if is_file else path), ignore)
            or (is_file and str(path.parent) == source)
        ]  # fmt: skip
        source = around[0] if around else path.parent if is_file else path
        _check_name(source)
        folder = "" if path == source else shown_path(source, os.fsencode(path))[0]
        targets.append(Target(source, path, folder, is_file))
    return targets


def _check_name(source: Path) -> None:
    """Names below a source may be in any encoding; its own is kept as text."""
    try:
        os.fspath(source).encode()
    except UnicodeEncodeError as error:
        shown = shown_path(Path("/"), os.fsencode(source))[0]
        raise IngestionError(
            f"the name of the folder /{shown} is not in UTF-8. Rename it, or ingest the folder above it."
        ) from error


def make_plan(
    target: Target,
    writer: LibraryWriter,
    settings: IngestionSettings,
    *,
    tried_by: str,
    supported: Callable[[Path], bool],
    allow_empty: bool = False,
    reparse: bool = False,
    lost_lately: frozenset[str] = frozenset(),
    hashed: Callable[[FileState], None] = lambda file: None,
    apart: Mapping[str, str | None] = MappingProxyType({}),
) -> Plan:
    """Look at `target` and say what there is to do. `hashed` is called after each file that had to be read.

    `apart` are files that are no documents and are left out, unless the library holds them; one with a
    reason cannot be used, and is listed. `lost_lately` are files that vanished in earlier runs; they count as
    if they vanished now. An unchanged file that failed is tried again only when it failed under another
    `tried_by`.

    Raises:
        UnsafeRemovalError: the folder is missing or empty, or more of it has vanished than settings allow.
        IngestionError: the path does not exist or cannot be listed.
    """
    known = writer.known_files(str(target.source), target.folder)
    scan = _scan(target, settings, allow_empty=allow_empty, known=known)
    for path, reason in apart.items():
        if reason is not None:
            scan.files.pop(path, None)
            scan.odd[path] = reason
        elif path in scan.files and (path not in known or known[path].document is None):
            del scan.files[path]
            scan.ignored += 1
    plan = Plan(target, known, ignored=scan.ignored, warnings=scan.warnings)
    plan.present = {*scan.files, *scan.odd, *scan.unreadable}
    for old in known.values():
        if old.state.parent is not None:
            plan.members.setdefault(old.state.parent, []).append(old)
    candidates = _sort_out(plan, scan, tried_by, supported, reparse=reparse)
    if not target.is_file:
        plan.vanished = _vanished(scan, known)
    _by_content(plan, candidates, writer, hashed, reparse=reparse)
    if not allow_empty:
        _refuse_many(plan, settings.removal_limit, lost_lately)
    add_members(plan, tried_by)
    return plan


def _scan(
    target: Target, settings: IngestionSettings, *, allow_empty: bool, known: dict[str, KnownFile]
) -> Scan:
    try:
        if target.is_file:
            return scan_file(target.source, target.path)
        scan = scan_folder(target.source, target.path, settings.ignore)
    except FileNotFoundError as error:
        a_file = target.folder in known or (not known and target.path.suffix)
        if a_file or (allow_empty and not known):
            raise IngestionError(f"{target.path} does not exist. Check the path.") from error
        if not allow_empty:
            raise UnsafeRemovalError(
                f"{target.path} is missing. Is its disk connected? --allow-empty removes its documents."
            ) from error
        return Scan()
    except OSError as error:
        raise IngestionError(f"{target.path} cannot be read ({error.strerror}).") from error
    if not allow_empty and not (scan.files or scan.unreadable or scan.odd):
        raise UnsafeRemovalError(
            f"{target.path} holds no files. Is its disk connected? With --allow-empty this is taken for true."
        )
    return scan


def _sort_out(
    plan: Plan, scan: Scan, tried_by: str,
    supported: Callable[[Path], bool], *, reparse: bool,
) -> list[FileState]:  # fmt: skip
    """Settle what file names, sizes and times can tell; returns the files whose bytes must be read."""
    candidates = []
    source = str(plan.target.source)
    for path, reason in {**scan.odd, **scan.unreadable}.items():
        plan.unreadable.append((FileState(source, path, 0, 0), reason))
    # Files that hold one which failed for reasons that may have gone.
    retried = {
        old.state.container for old in plan.known.values()
        if old.document is None and old.derived_by != tried_by
    }  # fmt: skip
    for path, file in scan.files.items():
        old = plan.known.get(path)
        if old is not None and old.state.container is not None:
            old = None  # a file inside another had this path
        same = old is not None and (old.state.mtime_ns, old.state.size) == (file.mtime_ns, file.size)
        if not supported(Path(path)):
            plan.failed.append((file, f"unsupported format {Path(path).suffix or '(none)'}"))
        elif file.size == 0:
            plan.empty.append(file)
        elif old is not None and not reparse and path not in retried and _ends_alike(old, file, tried_by):
            plan.kept.append(old)
        elif same and old is not None and not reparse and old.document is not None and path not in retried:
            if old.reason is None:
                plan.unchanged.append(old)
            else:  # it can be looked at again, and is no failure any more
                plan.relinks.append((file, old.document))
        elif same and old is not None and not reparse and old.reason and old.derived_by == tried_by:
            plan.failed.append((file, old.reason))
        else:
            candidates.append(file)
    return candidates


def _ends_alike(old: KnownFile, file: FileState, tried_by: str) -> bool:
    """Whether reading a file again would fail as it did."""
    return is_kept(old, tried_by) and old.failed_as == (file.mtime_ns, file.size)


def _vanished(scan: Scan, known: dict[str, KnownFile]) -> list[KnownFile]:
    hidden = tuple(f"{folder}/" for folder in scan.unreadable)
    return [
        old for path, old in known.items()
        if path not in scan.files and path not in scan.odd and path not in scan.unreadable
        and old.state.container is None and not path.startswith(hidden)
    ]  # fmt: skip


def _by_content(
    plan: Plan, candidates: list[FileState], writer: LibraryWriter,
    hashed: Callable[[FileState], None], *, reparse: bool,
) -> None:  # fmt: skip
    ids: list[tuple[FileState, str]] = []
    for file in candidates:
        try:
            ids.append((file, file_id(file_path(file.source, file.path, file.raw_path))))
        except OSError as error:
            plan.unreadable.append((file, f"it cannot be read ({error.strerror})"))
        hashed(file)
    stored = writer.derivations(id for _, id in ids)
    containers = writer.containers(stored)
    gone: dict[str, list[KnownFile]] = {}
    for old in plan.vanished:
        if old.document is not None:
            gone.setdefault(old.document, []).append(old)
    for file, id in ids:
        before = plan.known.get(file.path)
        held = before.document if before and before.state.container is None else None
        plan.kinds[file.path] = "unchanged" if held == id else "changed" if held else "added"
        if reparse or id not in stored:
            plan.parse.setdefault(id, []).append(file)
            if id in stored:
                plan.reparse.add(id)
        elif held is None and gone.get(id):
            plan.moves.append((gone[id].pop(0), file))
        elif id in containers:  # parsing tells what lies inside
            plan.parse.setdefault(id, []).append(file)
        else:
            plan.relinks.append((file, id))
    plan.stored = set(stored)
    moved = {old.state.path for old, _ in plan.moves}
    plan.vanished = [old for old in plan.vanished if old.state.path not in moved]


def lost_files(plan: Plan) -> frozenset[str]:
    """Paths of files whose documents the run would remove.

    Files that became empty, or of no known kind, count like those that vanished: their text is lost.
    """
    gone = {old.state.path for old in plan.vanished} | _unusable(plan)
    return _held(plan) & gone


def found_again(plan: Plan, lost_lately: frozenset[str]) -> frozenset[str]:
    """Those of `lost_lately` that are there again."""
    return lost_lately & (_held(plan) | (plan.present - _unusable(plan)))


def _held(plan: Plan) -> frozenset[str]:
    return frozenset(
        path for path, old in plan.known.items() if old.document is not None and old.state.container is None
    )


def _unusable(plan: Plan) -> frozenset[str]:
    return frozenset(file.path for file in (*plan.empty, *(file for file, _ in plan.failed)))


def _refuse_many(plan: Plan, limit: float, lost_lately: frozenset[str]) -> None:
    """Of all that the source held before the first of these losses at most the share `limit` may go."""
    now = lost_files(plan)
    lost = now | (lost_lately - found_again(plan, lost_lately))
    every = lost | _held(plan)
    if now and len(lost) / len(every) > limit:
        raise UnsafeRemovalError(
            f"{len(lost)} of {len(every)} files of {plan.target.path} have vanished or are empty, more than "
            f"{limit:.0%}. Nothing was changed. With --allow-empty they are removed."
        )
