"""A library that has moved: what lies in its workspace is named anew, and nothing beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ingestion.library_schema import open_engine
from ingestion.relocating import relocate

PLACES = {
    "/srv/ws_1/uploads": "/new place/uploads",
    "/srv/ws_1/sources/クラウド": "/new place/sources/クラウド",
    "/srv/WS_1/uploads": "/srv/WS_1/uploads",
    "/srv/wsx1/uploads": "/srv/wsx1/uploads",
    "/srv/ws_1": "/srv/ws_1",
    "/srv/ws_10/uploads": "/srv/ws_10/uploads",
    "/share/srv/ws_1/uploads": "/share/srv/ws_1/uploads",
}
"""Before and after."""


def test_only_what_lies_in_the_workspace_moves(tmp_path: Path) -> None:
    library = tmp_path / "library.db"
    open_engine(library).dispose()
    with closing(sqlite3.connect(library)) as database:
        for place in PLACES:
            database.execute(
                "INSERT INTO failures VALUES (?, 'a.pdf', 'r', 0, 0, '', '', NULL, NULL)", (place,)
            )
        database.commit()
    relocate(library, Path("/srv/ws_1"), Path("/new place"))
    with closing(sqlite3.connect(library)) as database:
        found = [row[0] for row in database.execute("SELECT source FROM failures ORDER BY rowid")]
    assert sorted(found) == sorted(PLACES.values())
