"""Examples for tuning as rows of records.db: candidates, what reviewers said of them, where they come from.

Knows of an example only its JSON and the few fields that lists are filtered by; what the JSON means is the
matter of training. Times are ISO 8601 in UTC. Several processes may write: every change happens in one
transaction that holds the database from its beginning, and an edit names the version that it was made from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from assistant.errors import ExampleConflictError, RecordNotFoundError
from assistant.record_tables import tuning_examples as _examples
from assistant.record_tables import tuning_sources as _sources
from assistant.records import fold

Json = dict[str, Any]
Status = Literal["new", "accepted", "edited", "rejected"]
STATUSES: tuple[Status, ...] = get_args(Status)
SplitAll = Callable[[Mapping[int, str]], Mapping[int, str]]
"""The splits of all rows by the groups of all rows."""

_COUNTED = ("status", "split", "kind", "type", "origin", "assignee")
_BATCH = 500  # ids in one IN (…); SQLite takes some thousand parameters


@dataclass(frozen=True, slots=True)
class Place:
    """What of a document an example holds: `sha256` is of `text[start:end]`, "" where no words were taken."""

    document: str
    start: int = 0
    end: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class NewExample:
    """A candidate. `made_key` says what it was made of, so that it is not made a second time."""

    id: str
    payload: Json
    places: tuple[Place, ...] = ()
    made_key: str = ""
    status: Status = "new"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A stored example. `problem` is "" or a code with a value ("duplicate:ID"); `original` as it was made.

    `payload` names the split that holds now. `version` grows by one with each change.
    """

    id: str
    version: int
    status: Status
    problem: str
    assignee: str
    note: str
    split: str
    payload: Json
    original: Json | None
    places: tuple[Place, ...]
    created_at: str
    created_by: str
    changed_at: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one example. None leaves a value as it is; `version` None takes any.

    Another `payload` holds the same words of documents as before.
    """

    id: str
    version: int | None = None
    status: Status | None = None
    problem: str | None = None
    assignee: str | None = None
    note: str | None = None
    payload: Json | None = None


@dataclass(frozen=True, slots=True)
class ExampleFilter:
    """Which rows; None is no limit. `search` is looked for in question and answer, `ids` are these alone."""

    status: str | None = None
    origin: str | None = None
    split: str | None = None
    kind: str | None = None
    type: str | None = None
    assignee: str | None = None
    document: str | None = None
    problem: str | None = None
    search: str = ""
    ids: tuple[str, ...] | None = field(default=None)


EVERY_ROW = ExampleFilter()


class ExampleRows:
    """The examples of one workspace; usable from several threads and processes."""

    def __init__(self, engine: sa.Engine, split_all: SplitAll) -> None:
        """`split_all` is asked after each change of the rows or their groups."""
        self._engine = engine
        self._split_all = split_all

    def add(self, examples: Iterable[NewExample], *, by: str = "") -> list[str]:
        """Store those that are new, all of them or none: their ids."""
        added = []
        with self._engine.begin() as connection:
            _hold(connection)
            for one in examples:
                if _number_of(connection, one.id) is not None:
                    continue
                now = _now()
                inserted = connection.execute(
                    _examples.insert().values(
                        id=one.id, version=1, made_key=one.made_key, status=one.status, problem=one.problem,
                        assignee="", note="", created_at=now, created_by=by, changed_at=now, changed_by=by,
                        **_told(one.payload),
                    )
                )  # fmt: skip
                assert inserted.inserted_primary_key is not None
                _put_places(connection, int(inserted.inserted_primary_key[0]), one.places)
                added.append(one.id)
            if added:
                self._split(connection)
        return added

    def change(self, changes: Sequence[Change], *, by: str = "") -> None:
        """Make all of `changes`, or none of them.

        Raises:
            RecordNotFoundError: there is no such example.
            ExampleConflictError: one was changed since the version that its change was made from.
        """
        with self._engine.begin() as connection:
            _hold(connection)
            for one in changes:
                self._change(connection, one, by)
            if any(one.payload is not None for one in changes):
                self._split(connection)

    def place(self, found: Mapping[str, tuple[str, tuple[Place, ...]]]) -> None:
        """Note the problem, and what of documents is held, of examples whose documents came after them.

        By id; the words of an example stay as they are, and so does its version.
        """
        with self._engine.begin() as connection:
            _hold(connection)
            for id, (problem, places) in found.items():
                number = _number_of(connection, id)
                if number is not None:
                    one = _examples.c.number == number
                    connection.execute(_examples.update().where(one).values(problem=problem))
                    connection.execute(_sources.delete().where(_sources.c.example == number))
                    _put_places(connection, number, places)

    def resplit(self) -> None:
        """Divide all rows anew, after the shares were changed; nobody waits where nothing moves."""
        with self._engine.connect() as connection:
            if not self._moved(connection):
                return
        with self._engine.begin() as connection:
            _hold(connection)
            self._split(connection)

    def remove(self, ids: Sequence[str]) -> int:
        """Forget examples for good: how many there were."""
        with self._engine.begin() as connection:
            found = connection.execute(_examples.delete().where(_examples.c.id.in_(_values(ids)))).rowcount
        return int(found)

    def get(self, id: str) -> ExampleRow:
        """One of them.

        Raises:
            RecordNotFoundError: there is none with this id.
        """
        found = self.rows(ExampleFilter(ids=(id,)))
        if not found:
            raise _not_found(id)
        return found[0]

    def rows(
        self, wanted: ExampleFilter = EVERY_ROW, *, offset: int = 0, limit: int = -1
    ) -> list[ExampleRow]:
        """Rows in the order in which they were made; `limit` -1 is no limit."""
        query = sa.select(_examples).where(*_conditions(wanted)).order_by(_examples.c.number)
        query = query.limit(limit).offset(offset)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
            places = _places(connection, [row.number for row in found])
        return [_row(row, places.get(row.number, ())) for row in found]

    def count(self, wanted: ExampleFilter = EVERY_ROW) -> int:
        """How many rows there are."""
        query = sa.select(sa.func.count()).select_from(_examples).where(*_conditions(wanted))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def counts(self) -> dict[str, dict[str, int]]:
        """How many rows by status, split, kind, type, origin and assignee."""
        found: dict[str, dict[str, int]] = {}
        with self._engine.connect() as connection:
            for name in _COUNTED:
                column = _examples.c[name]
                rows = connection.execute(
                    sa.select(column, sa.func.count()).group_by(column).order_by(column)
                )
                found[name] = {str(value): int(number) for value, number in rows}
        return found

    def made_keys(self) -> frozenset[str]:
        """What examples were made of so far."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(_examples.c.made_key)).scalars()
            return frozenset(one for one in found if one)

    def documents(self) -> dict[str, int]:
        """All documents that examples were made from, and how many rows each taught."""
        columns = _sources.c
        number = sa.func.count(sa.distinct(columns.example))
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(columns.document, number).group_by(columns.document))
            return {str(document): int(count) for document, count in rows}

    def _change(self, connection: sa.Connection, one: Change, by: str) -> None:
        row = connection.execute(sa.select(_examples).where(_examples.c.id == one.id)).first()
        if row is None:
            raise _not_found(one.id)
        if one.version is not None and one.version != row.version:
            raise ExampleConflictError(
                f"example {one.id} was changed meanwhile by {row.changed_by or '?'} (version {row.version}, "
                f"not {one.version}). Look at it again. Nothing was changed."
            )
        values: Json = {
            name: value for name in ("status", "problem", "assignee", "note")
            if (value := getattr(one, name)) is not None
        }  # fmt: skip
        if one.payload is not None:
            values |= _told(one.payload)
            values["original"] = row.original or row.payload
        connection.execute(
            _examples.update()
            .where(_examples.c.number == row.number)
            .values(version=row.version + 1, changed_at=_now(), changed_by=by, **values)
        )

    def _split(self, connection: sa.Connection) -> None:
        for number, split in self._moved(connection).items():
            connection.execute(_examples.update().where(_examples.c.number == number).values(split=split))

    def _moved(self, connection: sa.Connection) -> dict[int, str]:
        """The rows that belong into another split than they are in, and which."""
        rows = connection.execute(sa.select(_examples.c.number, _examples.c.group, _examples.c.split)).all()
        wanted = self._split_all({row.number: row.group for row in rows})
        return {row.number: wanted[row.number] for row in rows if wanted[row.number] != row.split}


def _hold(connection: sa.Connection) -> None:
    """Take the database for writing now: one that is read first could not be written any more."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _told(payload: Json) -> Json:
    """The columns that repeat what the JSON says."""
    told = " ".join(str(payload.get(name) or "") for name in ("question", "answer", "rejected"))
    told += " ".join(str(one.get("content", "")) for one in payload.get("messages") or ())
    names = ("kind", "type", "language", "split", "group", "origin")
    return {
        **{name: str(payload.get(name) or "") for name in names},
        "answerable": bool(payload.get("answerable", True)), "folded": fold(told),
        "payload": json.dumps(payload, ensure_ascii=False),
    }  # fmt: skip


def _number_of(connection: sa.Connection, id: str) -> int | None:
    return connection.execute(sa.select(_examples.c.number).where(_examples.c.id == id)).scalar_one_or_none()


def _put_places(connection: sa.Connection, number: int, places: Sequence[Place]) -> None:
    rows = [
        {"example": number, "document": one.document, "start": one.start, "end": one.end,
         "sha256": one.sha256}
        for one in dict.fromkeys(places)
    ]  # fmt: skip
    if rows:
        connection.execute(_sources.insert(), rows)


def _places(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, tuple[Place, ...]]:
    found: dict[int, tuple[Place, ...]] = {}
    for begin in range(0, len(numbers), _BATCH):
        some = numbers[begin : begin + _BATCH]
        query = sa.select(_sources).where(_sources.c.example.in_(some)).order_by(_sources.c.id)
        for row in connection.execute(query):
            place = Place(row.document, row.start, row.end, row.sha256)
            found[row.example] = (*found.get(row.example, ()), place)
    return found


def _conditions(wanted: ExampleFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        _examples.c[name] == value for name in ("status", "origin", "split", "kind", "type", "assignee")
        if (value := getattr(wanted, name)) is not None
    ]  # fmt: skip
    if wanted.document is not None:
        holding = sa.select(_sources.c.example).where(_sources.c.document == wanted.document)
        conditions.append(_examples.c.number.in_(holding))
    if wanted.problem is not None:
        code = wanted.problem
        conditions.append(
            (_examples.c.problem == code) | _examples.c.problem.startswith(f"{code}:", autoescape=True)
        )
    if text := fold(wanted.search.strip()):
        conditions.append(_examples.c.folded.contains(text, autoescape=True))
    if wanted.ids is not None:
        conditions.append(_examples.c.id.in_(_values(wanted.ids)))
    return conditions


def _values(ids: Sequence[str]) -> sa.Select[Any]:
    """The ids as a table: one bound parameter, whatever their number."""
    return sa.select(sa.func.json_each(json.dumps(list(ids))).table_valued("value").c.value)


def _row(row: Any, places: tuple[Place, ...]) -> ExampleRow:
    return ExampleRow(
        row.id, row.version, row.status, row.problem, row.assignee, row.note, row.split,
        {**json.loads(row.payload), "split": row.split},
        None if row.original is None else json.loads(row.original), places, row.created_at, row.created_by,
        row.changed_at, row.changed_by,
    )  # fmt: skip


def _not_found(id: str) -> RecordNotFoundError:
    return RecordNotFoundError(f"there is no example {id!r}. See: konkyo train data list")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
