"""Versions in the library: what each document says of itself, and what it is among the others.

The rows are derived: what a text says is read once for each time it was stored, the order is made anew after
a run that changed something. A killed run leaves the rest to the next one.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import library_bodies
from ingestion import library_schema as t
from ingestion.library import Library
from ingestion.periods import FISCAL_MONTH
from ingestion.ruling_rows import RulingRows
from ingestion.rulings import Rulings, ruled_facts
from ingestion.validity import Facts, Version, joined, name_facts, text_facts

if TYPE_CHECKING:
    from ingestion.versions import Candidate

_BATCH = 200
_READING = 3
"""Counted up whenever texts are read differently: what an earlier release has read is read again."""


class VersionRows:
    """Versions of one library's documents. Thread-safe. A fiscal year begins in `fiscal_month`."""

    def __init__(self, library: Library, fiscal_month: int = FISCAL_MONTH) -> None:
        self._library = library
        self._rulings = RulingRows(library)
        self._fiscal_month = fiscal_month
        self._reading = _READING * 100 + fiscal_month
        self._lock = threading.Lock()
        self._known: tuple[str, dict[str, Version]] = ("", {})

    def refresh(self) -> int:
        """Read what new and changed documents say of themselves, and order all of them anew.

        Returns how many documents were read. Nothing is done when the library, what people said of it and the
        fiscal year are as they were the last time. The caller holds the right to write.
        """
        order = self._order()
        if self._ordered_at() == order:
            return 0
        from ingestion.versions import group  # scipy comes with it, which searching does without

        read = self._read_new()
        order, rulings = self._order(), self._rulings.all()
        versions = {version.id: version for version in group(self._candidates(rulings), rulings)}
        with t.writing(self._library.engine).begin() as connection:
            known = {row.document: row for row in connection.execute(sa.select(t.versions))}
            changed = [
                {"of": id, **values}
                for id, version in versions.items()
                if id in known and (values := _values(version)) != _stored_values(known[id])
            ]
            if changed:
                statement = sa.update(t.versions).where(t.versions.c.document == sa.bindparam("of"))
                connection.execute(statement, changed)
            ordered = {"key": "versions", "value": order}
            connection.execute(
                upsert(t.meta).values(ordered).on_conflict_do_update(index_elements=["key"], set_=ordered)
            )
        return read

    def all(self) -> dict[str, Version]:
        """Versions by document, for those that were ordered; kept until they change."""
        with self._lock, self._library.engine.connect() as connection:
            rows = connection.execute(
                sa.select(t.meta.c.value)
                .where(t.meta.c.key.in_(["generation", "versions"]))
                .order_by(t.meta.c.key)
            )
            state = "/".join(row.value for row in rows)
            if self._known[0] != state:
                found = connection.execute(sa.select(t.versions).where(t.versions.c.family != ""))
                self._known = (state, {row.document: _version(row) for row in found})
            return self._known[1]

    def families(self) -> list[list[Version]]:
        """Documents that have kin, or something to say about when they count; each family by its days."""
        found: dict[str, list[Version]] = defaultdict(list)
        for version in self.all().values():
            found[version.family].append(version)
        said = self._rulings.all()
        told = [
            sorted(members, key=lambda member: (member.valid_from or "", member.facts.version, member.id))
            for members in found.values()
            if len(members) > 1
            or members[0].facts.standing
            or members[0].facts.valid_to
            or members[0].id in said
        ]
        return sorted(told, key=lambda members: members[0].family)

    def _order(self) -> str:
        return f"{self._library.generation}.{self._reading}.{self._rulings.revision()}"

    def _ordered_at(self) -> str:
        """The library's generation, the reading and the rulings when its documents were last ordered."""
        with self._library.engine.connect() as connection:
            query = sa.select(t.meta.c.value).where(t.meta.c.key == "versions")
            return str(connection.execute(query).scalar() or "")

    def _read_new(self) -> int:
        columns = t.documents.c
        query = (
            sa.select(columns.id, columns.generation)
            .join(t.versions, t.versions.c.document == columns.id, isouter=True)
            .where(
                sa.or_(
                    t.versions.c.generation.is_(None),
                    t.versions.c.generation != columns.generation,
                    t.versions.c.facts.not_like(f"[{self._reading},%"),
                )
            )
        )
        with self._library.engine.connect() as connection:
            new = connection.execute(query).all()
        for begin in range(0, len(new), _BATCH):
            rows = [row for item in new[begin : begin + _BATCH] if (row := self._row(item)) is not None]
            with t.writing(self._library.engine).begin() as connection:
                for row in rows:
                    statement = upsert(t.versions).values(row)
                    connection.execute(statement.on_conflict_do_update(index_elements=["document"], set_=row))
        return len(new)

    def _row(self, item: Any) -> dict[str, Any] | None:
        with self._library.engine.connect() as connection:
            document = library_bodies.load(connection, item.id, item.generation)
        if document is None:
            return None
        from ingestion.versions import signature_of

        read = text_facts(document.text, self._fiscal_month)
        facts = json.dumps([self._reading, *astuple(read)], ensure_ascii=False)
        return {
            "document": item.id, "generation": item.generation, "facts": facts,
            "signature": signature_of(document.text),
        }  # fmt: skip

    def _candidates(self, rulings: Rulings) -> list[Candidate]:
        columns = (t.locations.c.document, t.locations.c.source, t.locations.c.path, t.locations.c.mtime_ns)
        query = sa.select(t.versions, t.documents.c.title, t.documents.c.format).join(
            t.documents, t.documents.c.id == t.versions.c.document
        )
        with self._library.engine.connect() as connection:
            places = connection.execute(sa.select(*columns).order_by(*columns[:3])).all()
            rows = connection.execute(query.order_by(t.versions.c.document)).all()
        at: dict[str, list[Any]] = defaultdict(list)
        for place in places:
            at[place.document].append(place)
        found = [_candidate(row, at[row.document], self._fiscal_month) for row in rows]
        return [
            replace(one, facts=ruled_facts(one.facts, rulings[one.id])) if one.id in rulings else one
            for one in found
        ]


def _candidate(row: Any, places: Sequence[Any], fiscal_month: int) -> Candidate:
    from ingestion.versions import Candidate

    names = name_facts([place.path for place in places], row.title, fiscal_month)
    facts = joined(names, _facts(row.facts))
    paths = tuple(f"{place.source}/{place.path}" for place in places)
    modified = max((place.mtime_ns for place in places), default=0)
    return Candidate(row.document, row.title, paths, row.signature, facts, modified, row.format)


def _facts(packed: str) -> Facts:
    version, valid_from, valid_to, dated, standing, replaces = json.loads(packed)[-6:]
    return Facts(tuple(version), valid_from, valid_to, dated, standing, tuple(replaces))


def _values(version: Version) -> dict[str, Any]:
    facts = version.facts
    return {
        "family": version.family, "same_text": version.text, "preferred": int(version.preferred),
        "version": ".".join(map(str, facts.version)) or None, "standing": facts.standing,
        "valid_from": version.valid_from, "valid_to": facts.valid_to,
        "superseded_from": version.superseded_from,
    }  # fmt: skip


def _stored_values(row: sa.Row[Any]) -> dict[str, Any]:
    names = ("family", "same_text", "preferred", "version", "standing", "valid_from", "valid_to")
    return {name: getattr(row, name) for name in (*names, "superseded_from")}


def _version(row: sa.Row[Any]) -> Version:
    numbers = tuple(int(part) for part in row.version.split(".")) if row.version else ()
    facts = replace(_facts(row.facts), version=numbers, standing=row.standing, valid_to=row.valid_to)
    return Version(
        row.document, row.family, row.same_text, bool(row.preferred), facts, row.valid_from,
        row.superseded_from,
    )  # fmt: skip
