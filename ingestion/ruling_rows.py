"""The rulings of people on versions, in the library. `VersionRows.refresh` makes them count."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import library_schema as t
from ingestion.library import Library
from ingestion.location_rows import now
from ingestion.rulings import Ruling, What

_REVISION = "rulings"
"""Key of `meta` that grows with each ruling, so that versions are put in order again."""


class RulingRows:
    """The table `rulings` of a library. Rulings stay when their document goes, as releases do."""

    def __init__(self, library: Library) -> None:
        self._reading = library.engine
        self._writing = t.writing(library.engine)

    def all(self) -> dict[str, dict[What, Ruling]]:
        """Every ruling, by document and by what was said."""
        found: dict[str, dict[What, Ruling]] = {}
        with self._reading.connect() as connection:
            for row in connection.execute(sa.select(t.rulings)):
                found.setdefault(row.document, {})[row.what] = Ruling(row.what, row.value, row.at, row.by)
        return found

    def revision(self) -> str:
        """Another one after each change."""
        with self._reading.connect() as connection:
            query = sa.select(t.meta.c.value).where(t.meta.c.key == _REVISION)
            return str(connection.execute(query).scalar() or "0")

    def put(self, document: str, rulings: list[Ruling], by: str) -> None:
        """Remember what `by` says of a document now, in place of what was said of the same before."""
        with self._writing.begin() as connection:
            for ruling in rulings:
                values = {
                    "document": document,
                    "what": ruling.what,
                    "value": ruling.value,
                    "at": now(),
                    "by": by,
                }
                statement = upsert(t.rulings).values(values)
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["document", "what"], set_=values)
                )
            _raise_revision(connection)

    def undo(self, document: str, whats: list[str]) -> int:
        """Take back what was said of these; returns how many there were."""
        columns = t.rulings.c
        with self._writing.begin() as connection:
            done = connection.execute(
                sa.delete(t.rulings).where(columns.document == document, columns.what.in_(whats))
            ).rowcount
            _raise_revision(connection)
        return done


def _raise_revision(connection: sa.Connection) -> None:
    old = connection.execute(sa.select(t.meta.c.value).where(t.meta.c.key == _REVISION)).scalar()
    values = {"key": _REVISION, "value": str(int(old or 0) + 1)}
    connection.execute(
        upsert(t.meta).values(values).on_conflict_do_update(index_elements=["key"], set_=values)
    )
