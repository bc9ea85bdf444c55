"""What becomes of files inside others when the comparison has settled the files on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingestion.library_writing import KnownFile
from ingestion.location_rows import FileState
from ingestion.plans import EMPTY_FILE, Plan


def is_kept(old: KnownFile, tried_by: str) -> bool:
    """Whether a file has a document and could not be read again just so: a further try would end alike."""
    return old.document is not None and old.reason is not None and old.failed_by == tried_by


def add_members(plan: Plan, tried_by: str) -> None:
    """Members go the way of the file that holds them; those of files to be parsed are told by parsing."""
    inside = _by_container(plan)
    for old in [*plan.unchanged, *plan.kept]:
        _keep(plan, inside.pop(old.state.path, []), tried_by)
    for old, file in [*plan.moves]:
        _move(plan, inside.pop(old.state.path, []), file)
    for file, _ in plan.relinks:
        _keep(plan, inside.pop(file.path, []), tried_by)
    kept = {file.path for files in plan.parse.values() for file in files}
    lost = {file.path for file, _ in plan.failed} | {file.path for file in plan.empty}
    lost |= {old.state.path for old in plan.vanished}
    for container, members in inside.items():
        if container in lost or (container not in kept and container not in plan.known):
            plan.vanished += members
    # An archive may have been unpacked into a folder of its own name: what lay inside lies there now.
    taken = kept | {file.path for file, _ in plan.relinks} | {file.path for _, file in plan.moves}
    plan.vanished = [old for old in plan.vanished if old.state.path not in taken]


def match_moves(plans: Sequence[Plan]) -> None:
    """What vanished from one target and is new in another has moved, with its rights and what lies inside."""
    gone: dict[str, list[tuple[Plan, KnownFile]]] = {}
    for plan in plans:
        for old in plan.vanished:
            if old.document is not None and old.state.container is None:
                gone.setdefault(old.document, []).append((plan, old))
    for plan in plans:
        new = [(file, id) for file, id in plan.relinks]
        new += [
            (file, id) for id in plan.parse.keys() & plan.stored - plan.reparse for file in plan.parse[id]
        ]
        for file, id in new:
            if plan.kind(file) != "added":
                continue
            found = next((item for item in gone.get(id, ()) if item[0] is not plan), None)
            if found is not None:
                gone[id].remove(found)
                _take_over(plan, file, id, *found)


def _take_over(plan: Plan, file: FileState, id: str, other: Plan, old: KnownFile) -> None:
    members = _by_container(other).get(old.state.path, [])
    leaving = {old.state.path, *(member.state.path for member in members)}
    other.vanished = [item for item in other.vanished if item.state.path not in leaving]
    plan.relinks = [item for item in plan.relinks if item[0] != file]
    if file in plan.parse.get(id, ()):
        plan.parse[id].remove(file)
        if not plan.parse[id]:
            del plan.parse[id]
    plan.moves.append((old, file))
    _move(plan, members, file)


def gather_members(plan: Plan) -> None:
    """Have files inside others that must be read again read with the file that holds them."""
    containers: set[str] = set()
    kept = {old.state.path for old in plan.kept}
    for id, files in [*plan.parse.items()]:
        # What lies in a file that cannot be read again cannot be read again, either.
        plan.unchanged += [plan.known[file.path] for file in files if file.container in kept]
        files = [file for file in files if file.container not in kept]
        containers |= {file.container for file in files if file.container is not None}
        plan.parse[id] = [file for file in files if file.container is None]
        if not plan.parse[id]:
            del plan.parse[id]
    coming = {file.path for files in plan.parse.values() for file in files}
    for old, file in _held(plan):
        if file.path in containers - coming and old is not None:
            plan.parse.setdefault(old, []).append(file)
            plan.reparse.add(old)
            if file in [new for _, new in plan.moves]:
                plan.kinds[file.path] = "moved"
    coming = {file.path for files in plan.parse.values() for file in files}
    plan.unchanged = [
        old for old in plan.unchanged if old.state.container not in coming and old.state.path not in coming
    ]
    plan.kept = [old for old in plan.kept if old.state.container not in coming]
    plan.relinks = [(file, id) for file, id in plan.relinks if file.path not in coming]
    plan.failed = [(file, reason) for file, reason in plan.failed if file.container not in coming]
    plan.empty = [file for file in plan.empty if file.container not in coming]
    plan.counted = {file.path for _, file in plan.moves if file.container in coming}


def stale_members(plan: Plan, file: FileState, names: set[str]) -> list[KnownFile]:
    """What was known directly inside `file` by other names than `names`, and everything inside that."""
    stale = [
        old for old in plan.members.get(file.path, ())
        if old.state.path not in {f"{file.path}/{name}" for name in names}
    ]  # fmt: skip
    return [below for old in stale for below in (old, *_below(plan, old.state.path))]


def _held(plan: Plan) -> Iterator[tuple[str | None, FileState]]:
    yield from [(old.document, old.state) for old in plan.unchanged]
    yield from [(old.document, file) for old, file in plan.moves]
    yield from [(id, file) for file, id in plan.relinks]


def _below(plan: Plan, path: str) -> Iterator[KnownFile]:
    for old in plan.members.get(path, ()):
        yield old
        yield from _below(plan, old.state.path)


def _by_container(plan: Plan) -> dict[str, list[KnownFile]]:
    inside: dict[str, list[KnownFile]] = {}
    for old in plan.known.values():
        if old.state.container is not None:
            inside.setdefault(old.state.container, []).append(old)
    return inside


def _keep(plan: Plan, members: list[KnownFile], tried_by: str) -> None:
    for old in members:
        if is_kept(old, tried_by):
            plan.kept.append(old)
        elif old.document is not None:
            plan.unchanged.append(old)
        else:
            _list_again(plan, old.state, str(old.reason))


def _move(plan: Plan, members: list[KnownFile], container: FileState) -> None:
    # Outer ones first: a member takes its rights from the file that holds it.
    for old in sorted(members, key=lambda old: old.state.path):
        was = str(old.state.container)
        state = replace(
            old.state, source=container.source, path=container.path + old.state.path[len(was) :],
            parent=container.path + str(old.state.parent)[len(was) :], container=container.path,
            mtime_ns=container.mtime_ns, size=container.size,
        )  # fmt: skip
        if old.document is not None:
            plan.moves.append((old, state))
        else:
            plan.vanished.append(old)
            _list_again(plan, state, str(old.reason))


def _list_again(plan: Plan, file: FileState, reason: str) -> None:
    if reason == EMPTY_FILE:
        plan.empty.append(file)
    else:
        plan.failed.append((file, reason))
