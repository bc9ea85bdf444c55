"""Files of documents, their sources and who may read them. Part of the library's writing side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import library_schema as t
from ingestion.documents import normal_path
from ingestion.library import below


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was seen. `path` is NFC; `raw_path` the bytes of its name where they differ from that.

    A file inside another has the path of its `parent` and then its own name; time and size are those of
    `container`, the file on disk that holds it, perhaps through others.
    """

    source: str
    path: str
    mtime_ns: int
    size: int
    raw_path: bytes | None = None
    parent: str | None = None
    container: str | None = None

    def member(self, name: str) -> FileState:
        """The file `name` inside this one."""
        return FileState(
            self.source, f"{self.path}/{name}", self.mtime_ns, self.size, None, self.path,
            self.container or self.path,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the library holds of a file: the `document` its bytes made, the `reason` it failed for.

    Both, when it held a document and then could not be looked at, or not be read again. `failed_by` tells
    what was tried then, `failed_as` modification time and size of the file.
    """

    state: FileState
    document: str | None
    reason: str | None
    derived_by: str
    groups: frozenset[str]
    chunks: int = 0
    failed_by: str = ""
    failed_as: tuple[int, int] = (0, 0)


def is_below(source: str, folder: str) -> bool:
    """Whether `source` lies below `folder`."""
    return source != folder and source.startswith(f"{folder.rstrip('/')}/")


def takes_in(source: str, child: str, ignore: Sequence[str]) -> bool:
    """Whether a scan of `source` comes to `child` below it: no folder on the way is ignored."""
    if not is_below(child, source):
        return False
    parts = PurePosixPath(child).relative_to(source).parts
    return not any(fnmatch(part, pattern) for part in parts for pattern in ignore)


def source_rows(connection: sa.Connection, *, synced: bool = False) -> list[str]:
    """Known sources, or only those that were ingested as a whole."""
    query = sa.select(t.sources.c.source).order_by(t.sources.c.source)
    return list(connection.execute(query.where(t.sources.c.synced == 1) if synced else query).scalars())


def access_row(connection: sa.Connection, groups: frozenset[str]) -> int:
    """The number of a set of groups."""
    packed = json.dumps(sorted(groups), ensure_ascii=False)
    connection.execute(upsert(t.access).values(groups=packed).on_conflict_do_nothing())
    return int(connection.execute(sa.select(t.access.c.id).where(t.access.c.groups == packed)).scalar_one())


def absorb(connection: sa.Connection, source: str, child: str) -> None:
    """Make the source `child` a folder of `source`."""
    prefix = child[len(source.rstrip("/")) + 1 :] + "/"
    shown = normal_path(prefix)
    for table in (t.locations, t.failures):
        values: dict[str, Any] = {"source": source, "path": sa.literal(shown) + table.c.path}
        for column in ("parent", "container"):  # no value stays none
            values[column] = sa.literal(shown) + table.c[column]
        if "raw_path" in table.c:
            same = table.c.raw_path.is_(None) if shown == prefix else sa.false()
            name = sa.func.coalesce(table.c.raw_path, table.c.path)
            raw = sa.cast(sa.literal(prefix.encode()).concat(name), sa.LargeBinary)
            values["raw_path"] = sa.case((same, sa.null()), else_=raw)
        connection.execute(
            sa.update(table).where(table.c.source == child).values(values).prefix_with("OR REPLACE")
        )
    connection.execute(sa.delete(t.sources).where(t.sources.c.source == child))


def link(
    connection: sa.Connection, file: FileState, document: str, groups: frozenset[str] | None
) -> str | None:
    """Point a file at a document; returns the document that it pointed at before."""
    columns = t.locations.c
    here = (columns.source == file.source, columns.path == file.path)
    old = connection.execute(sa.select(t.locations).where(*here)).one_or_none()
    if groups is not None:
        access = access_row(connection, groups)
    elif old is not None:
        access = old.access
    else:
        access = _rights_of_parent(connection, file)
    values = {
        "source": file.source, "path": file.path, "raw_path": file.raw_path, "document": document,
        "access": access, "mtime_ns": file.mtime_ns, "size": file.size, "added_at": now(),
        "parent": file.parent, "container": file.container,
    }  # fmt: skip
    again = {key: value for key, value in values.items() if key != "added_at"}
    connection.execute(
        upsert(t.locations).values(values).on_conflict_do_update(
            index_elements=["source", "path"], set_=again)
    )  # fmt: skip
    forget_failure(connection, file.source, file.path)
    return None if old is None or old.document == document else str(old.document)


def set_rights(connection: sa.Connection, place: PurePosixPath, access: int) -> None:
    """What comes to `place`, an absolute folder or file, gets `access`, whatever was set below it before."""
    folder, columns = normal_path(str(place)), t.folder_rights.c
    inside = folder.rstrip("/")
    below = sa.and_(columns.folder > f"{inside}/", columns.folder < f"{inside}0")  # "0" follows "/"
    connection.execute(sa.delete(t.folder_rights).where(sa.or_(columns.folder == folder, below)))
    connection.execute(sa.insert(t.folder_rights).values(folder=folder, access=access))


def set_access(connection: sa.Connection, file: FileState, access: int) -> None:
    """Give a file that is known `access`."""
    columns = t.locations.c
    here = (columns.source == file.source, columns.path == file.path)
    connection.execute(sa.update(t.locations).where(*here).values(access=access))


def carry_rights(connection: sa.Connection, old: PurePosixPath, new: PurePosixPath) -> None:
    """Set for the folder `new` and those below it what holds for `old`, unless `new` is not for everybody."""
    if _rights_at(connection, new) != t.EVERYBODY:
        return
    before, columns = normal_path(str(old)), t.folder_rights.c
    inside = sa.and_(columns.folder > f"{before}/", columns.folder < f"{before}0")
    rows = connection.execute(sa.select(t.folder_rights).where(inside)).all()
    if (access := _rights_at(connection, old)) != t.EVERYBODY:
        set_rights(connection, new, access)
    for row in sorted(rows, key=lambda row: len(row.folder)):
        set_rights(connection, new / row.folder[len(before) + 1 :], row.access)


def settle_rights(connection: sa.Connection, before: PurePosixPath, file: FileState) -> None:
    """The rights of a file that has just come to its place from `before` (absolute).

    Another folder that is not for everybody gives it its own. Else it keeps those that it brought, also for
    the day when it fails and is taken in again: nothing becomes public because it moved. A file inside
    another has the rights of that one, which must have come before.
    """
    columns = t.locations.c
    here = (columns.source == file.source, columns.path == file.path)
    if file.container is not None:
        set_access(connection, file, _rights_of_parent(connection, file))
        return
    place = PurePosixPath(file.source, file.path)
    of_folder = _rights_at(connection, place.parent)
    if of_folder not in (t.EVERYBODY, _rights_at(connection, before.parent)):
        set_access(connection, file, of_folder)
        return
    brought = connection.execute(sa.select(columns.access).where(*here)).scalar()
    if brought is not None and brought != _rights_at(connection, place):
        set_rights(connection, place, int(brought))


def _rights_at(connection: sa.Connection, place: PurePosixPath) -> int:
    """What was set for `place`, else for the nearest folder around it."""
    columns = t.folder_rights.c
    around = [normal_path(str(folder)) for folder in (place, *place.parents)]
    query = sa.select(columns.access).where(columns.folder.in_(around))
    found = connection.execute(query.order_by(sa.func.length(columns.folder).desc()).limit(1)).scalar()
    return t.EVERYBODY if found is None else int(found)


def _rights_of_parent(connection: sa.Connection, file: FileState) -> int:
    """The rights of a new file: those of the file that holds it where it is known, else of its folder."""
    columns = t.locations.c
    here = (columns.source == file.source, columns.path == file.container)
    held = connection.execute(sa.select(columns.access).where(*here)).scalar() if file.container else None
    place = PurePosixPath(file.source, file.container or file.path)
    return _rights_at(connection, place) if held is None else int(held)


def unlink(connection: sa.Connection, source: str, path: str) -> str | None:
    """Forget a file; returns the document that it held."""
    columns = t.locations.c
    here = (columns.source == source, columns.path == path)
    old = connection.execute(sa.select(columns.document).where(*here)).scalar()
    connection.execute(sa.delete(t.locations).where(*here))
    forget_failure(connection, source, path)
    return old


def forget_failure(connection: sa.Connection, source: str, path: str) -> None:
    """List a file as failed no more."""
    columns = t.failures.c
    connection.execute(sa.delete(t.failures).where(columns.source == source, columns.path == path))


def now() -> str:
    """UTC in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def known_rows(connection: sa.Connection, source: str, folder: str) -> dict[str, KnownFile]:
    """Everything that is known below `folder` of `source`, by path."""
    failed = sa.select(t.failures).where(t.failures.c.source == source, below(t.failures.c.path, folder))
    linked = (
        sa.select(t.locations, t.documents.c.derived_by, t.documents.c.chunks, t.access.c.groups)
        .join(t.documents, t.documents.c.id == t.locations.c.document)
        .join(t.access, t.access.c.id == t.locations.c.access)
        .where(t.locations.c.source == source, below(t.locations.c.path, folder))
    )
    known = {row.path: _known_file(row) for row in connection.execute(failed)}
    for row in connection.execute(linked):
        failure, file = known.get(row.path), _known_file(row)
        known[row.path] = file if failure is None else replace(
            file, reason=failure.reason, failed_by=failure.failed_by, failed_as=failure.failed_as
        )  # fmt: skip
    return known


def _known_file(row: sa.Row[Any]) -> KnownFile:
    values = dict(row._mapping.items())
    state = FileState(
        row.source, row.path, row.mtime_ns, row.size, values.get("raw_path"), row.parent, row.container
    )
    return KnownFile(
        state, values.get("document"), values.get("reason"), row.derived_by,
        frozenset(json.loads(values.get("groups", "[]"))), values.get("chunks", 0),
        row.derived_by if "reason" in values else "", (row.mtime_ns, row.size),
    )  # fmt: skip
