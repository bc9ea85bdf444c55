"""The tables as code has them and as the migrations make them: both must say the same."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from assistant import record_tables
from assistant.records import Records

DECLARED = {one.name: one for one in vars(record_tables).values() if isinstance(one, sa.Table)}


def test_every_table_is_declared_as_the_migrations_make_it(tmp_path: Path) -> None:
    with closing(Records.open(tmp_path / "records.db")) as records:
        found = sa.inspect(records.engine)
        assert set(DECLARED) <= set(found.get_table_names())
        for name, table in DECLARED.items():
            made = {
                one["name"]: (str(one["type"]), one["nullable"] and not one["primary_key"])
                for one in found.get_columns(name)
            }
            assert made == {one.name: (str(one.type), one.nullable) for one in table.columns}
            links = {(tuple(one["constrained_columns"]), one["referred_table"])
                     for one in found.get_foreign_keys(name)}  # fmt: skip
            assert links == {((one.parent.name,), one.column.table.name) for one in table.foreign_keys}


def test_every_table_is_declared_once() -> None:
    """Another definition of a table would forget the next column."""
    folder = Path(record_tables.__file__).parent
    for name in DECLARED:
        texts = {
            path.relative_to(folder).as_posix(): path.read_text("utf-8")
            for path in folder.rglob("*.py")
            if "migrations" not in path.parts
        }
        assert [path for path, text in texts.items() if f'sa.Table(\n    "{name}"' in text] == [
            "record_tables.py"
        ]
