"""Each way of tampering with the audit log is found, and a log that nobody touched is not accused."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from audit_logs import Change, fill, quick_folder, tamper

from assistant.audit.chain import Tip
from assistant.audit.log import AuditLog
from assistant.audit.rows import Selection
from assistant.audit.verifying import Verification


@pytest.fixture(scope="module")
def filled() -> Iterator[Path]:
    with quick_folder() as folder:
        fill(folder / "audit")
        yield folder / "audit"


@pytest.fixture
def folder(filled: Path) -> Iterator[Path]:
    with quick_folder() as made:
        shutil.copytree(filled, made / "audit")
        yield made / "audit"


def verified(folder: Path, anchor: Tip | None = None) -> Verification:
    with closing(AuditLog(folder)) as log:
        return log.verify(anchor)


def codes(found: Verification) -> set[str]:
    return {problem.code for problem in found.problems}


def sql(*statements: str) -> Change:
    def change(database: sqlite3.Connection) -> None:
        for statement in statements:
            assert database.execute(statement).rowcount != 0, statement

    return change


def rechained(first: int, change: str) -> Change:
    """`change` made in row `first`, and every hash from there on computed anew, as an insider could.

    The hash is computed here by its description alone.
    """

    def rewrite(database: sqlite3.Connection) -> None:
        database.execute(change)
        previous = database.execute("SELECT hash FROM log WHERE seq = ?", (first - 1,)).fetchone()
        before = previous[0] if previous else "0" * 64
        found = database.execute("SELECT seq, at, user, kind, payload FROM log WHERE seq >= ? ORDER BY seq",
                                 (first,)).fetchall()  # fmt: skip
        for seq, at, user, kind, payload in found:
            text = json.dumps({"at": at, "kind": kind, "payload": payload, "previous": before, "seq": seq,
                               "user": user}, separators=(",", ":"))  # fmt: skip
            own = hashlib.sha256(text.encode()).hexdigest()
            database.execute("UPDATE log SET previous = ?, hash = ? WHERE seq = ?", (before, own, seq))
            before = own

    return rewrite


_COPY = "INSERT INTO log SELECT {to}, at, user, kind, payload, previous, hash FROM log WHERE seq = {of}"
_SWAP = "UPDATE {table} SET seq = {a} + {b} - seq WHERE seq IN ({a}, {b})"

ROWS: dict[str, tuple[Change, int | None]] = {
    "another time": (sql("UPDATE log SET at = '2026-04-01T00:01:00.000001+00:00' WHERE seq = 1"), 1),
    "another user": (sql("UPDATE log SET user = 'ito' WHERE seq = 5"), 5),
    "another kind": (sql("UPDATE log SET kind = 'task' WHERE seq = 4"), 4),
    "a kind that there is none of": (sql("UPDATE log SET kind = 'x' WHERE seq = 4"), 4),
    "another score": (sql("UPDATE log SET payload = replace(payload, '0.5', '0.6') WHERE seq = 4"), 4),
    "a space in the payload": (sql("UPDATE log SET payload = payload || ' ' WHERE seq = 4"), 4),
    "brackets without end": (sql("UPDATE log SET payload = replace(hex(zeroblob(50000)), '0', '[') "
                                 "WHERE seq = 4"), 4),
    "another name in an act": (sql("UPDATE log SET payload = replace(payload, 'publish', 'remove') "
                                   "WHERE seq = 3"), 3),
    "another hash": (sql("UPDATE log SET hash = replace(hash, substr(hash, 1, 8), '00000000') "
                         "WHERE seq = 2"), 2),
    "another hash of the row before": (sql("UPDATE log SET previous = hash WHERE seq = 6"), 6),
    "bytes in the place of text": (sql("UPDATE log SET user = CAST(user AS BLOB) WHERE seq = 5"), 5),
    "swapped hashes": (sql("UPDATE log SET hash = (SELECT hash FROM log AS o WHERE o.seq = 9 - log.seq) "
                           "WHERE seq = 4", "UPDATE log SET hash = '0' WHERE seq = 5"), 4),
    "the first row removed": (sql("DELETE FROM contents WHERE seq = 1", "DELETE FROM log WHERE seq = 1"), 2),
    "a row in the middle removed": (sql("DELETE FROM log WHERE seq = 3"), 4),
    "a row removed and the others moved up": (
        sql("DELETE FROM log WHERE seq = 3", "UPDATE log SET seq = -seq WHERE seq > 3",
            "UPDATE log SET seq = -seq - 1 WHERE seq < 0"), 2),  # the row that erased 2 has moved, too
    "the last row removed": (sql("DELETE FROM log WHERE seq = 8"), None),
    "every row removed": (sql("DELETE FROM contents", "DELETE FROM erasures", "DELETE FROM log"), None),
    "two rows in the other order": (
        sql("UPDATE log SET seq = -seq WHERE seq IN (4, 5)",
            "UPDATE log SET seq = 9 + seq WHERE seq < 0"), 4),
    "a row twice at the end": (sql(_COPY.format(to=9, of=8)), 9),
    "a row twice in the middle": (
        sql("UPDATE log SET seq = -seq WHERE seq > 3", _COPY.format(to=4, of=3),
            "UPDATE log SET seq = 1 - seq WHERE seq < 0"), 2),
    "a row inserted that follows well": (
        rechained(9, "INSERT INTO log VALUES (9, '2026', 'ito', 'act', '{}', '', '')"), None),
    "rewritten from a row on": (rechained(4, "UPDATE log SET user = 'aoki' WHERE seq = 4"), None),
    "rewritten from the first row on": (rechained(1, "UPDATE log SET at = '2025' WHERE seq = 1"), None),
    "a removed row and a rewritten rest": (rechained(4, "DELETE FROM log WHERE seq = 8"), None),
    "another answer": (sql("UPDATE contents SET text = '{\"answer\":\"x\"}' WHERE seq = 1 AND "
                           "name = 'answer'"), 1),
    "another salt": (sql("UPDATE contents SET salt = '00' || substr(salt, 3) WHERE seq = 1"), 1),
    "a salt in capitals": (sql("UPDATE contents SET salt = upper(salt) WHERE seq = 1"), 1),
    "answers of two rows swapped": (
        sql("UPDATE contents SET seq = -seq WHERE seq IN (4, 5)",
            "UPDATE contents SET seq = 9 + seq WHERE seq < 0"), 4),
    "question and answer swapped": (
        sql("UPDATE contents SET name = '?' WHERE seq = 1 AND name = 'answer'",
            "UPDATE contents SET name = 'answer' WHERE seq = 1 AND name = 'question'",
            "UPDATE contents SET name = 'question' WHERE seq = 1 AND name = '?'"), 1),
    "words that no row has": (sql("INSERT INTO contents VALUES (3, 'question', '00', '{}')"), 3),
    "words of a row that is not there": (sql("INSERT INTO contents VALUES (99, 'question', '00', '{}')"), 99),
    "words of no number": (sql("INSERT INTO contents VALUES ('x', 'question', '00', '{}')",
                               "INSERT INTO contents VALUES (99, 'question', '00', '{}')"), 99),
    "words erased without a row": (sql("DELETE FROM contents WHERE seq = 5"), 5),
    "one of the words erased": (sql("DELETE FROM contents WHERE seq = 5 AND name = 'answer'"), 5),
    "words erased and only noted": (
        sql("DELETE FROM contents WHERE seq = 5", "INSERT INTO erasures VALUES (5, 7)"), 5),
    "a note of an erasure removed": (sql("DELETE FROM erasures"), 2),
    "a note of another erasure": (sql("UPDATE erasures SET by_seq = 6"), 2),
}  # fmt: skip


def test_a_log_that_nobody_touched_is_whole(folder: Path) -> None:
    found = verified(folder)
    assert (found.ok, found.first_bad, found.problems, found.erased) == (True, None, (), 1)
    assert found.tip.rows == 8 and verified(folder).ok


@pytest.mark.parametrize("kind", ROWS)
def test_every_change_of_the_rows_is_found(folder: Path, kind: str) -> None:
    change, first_bad = ROWS[kind]
    tamper(folder, change)
    found = verified(folder)
    assert not found.ok
    assert found.first_bad == first_bad, found.problems
    assert first_bad is not None or codes(found) == {"head_differs"}


def _head(folder: Path) -> Path:
    return folder / "head.json"


def _truncate(folder: Path) -> None:
    data = (folder / "log.db").read_bytes()
    (folder / "log.db").write_bytes(data[: len(data) // 2])


def _overwrite_page(folder: Path) -> None:
    data = bytearray((folder / "log.db").read_bytes())
    place = data.index(b"publish_adapter") // 4096 * 4096
    data[place : place + 4096] = b"\xff" * 4096
    (folder / "log.db").write_bytes(bytes(data))


def _forged(folder: Path) -> None:
    told = json.loads(_head(folder).read_text())
    told["tip"] = [7, "0" * 64]
    text = json.dumps({key: told[key] for key in ("coming", "tip")}, separators=(",", ":"))
    told["mac"] = hmac.new(b"guessed", text.encode(), hashlib.sha256).hexdigest()
    _head(folder).write_text(json.dumps(told, sort_keys=True, separators=(",", ":")))


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "the head removed": (lambda folder: _head(folder).unlink(), "head_missing"),
    "the head emptied": (lambda folder: _head(folder).write_text(""), "head_changed"),
    "the head no JSON": (lambda folder: _head(folder).write_text("[1, 2]"), "head_changed"),
    "the head with a space": (
        lambda folder: _head(folder).write_text(_head(folder).read_text() + " "), "head_changed"),
    "the head forged": (_forged, "head_changed"),
    "the key removed": (lambda folder: (folder / "key").unlink(), "key_missing"),
    "the key changed": (lambda folder: (folder / "key").write_text("0" * 64), "head_changed"),
    "the database removed": (lambda folder: (folder / "log.db").unlink(), "head_differs"),
    "the database cut": (_truncate, "unreadable"),
    "the database emptied": (lambda folder: (folder / "log.db").write_bytes(b""), "head_differs"),
    "the database something else": (
        lambda folder: (folder / "log.db").write_bytes(b"no database " * 1000), "unreadable"),
    "a page overwritten": (_overwrite_page, "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_every_change_of_the_files_is_found(folder: Path, kind: str) -> None:
    change, code = FILES[kind]
    for name in ("log.db-wal", "log.db-shm"):
        (folder / name).unlink(missing_ok=True)
    change(folder)
    found = verified(folder)
    assert not found.ok and code in codes(found), found.problems


def test_a_head_of_an_earlier_day_is_found(folder: Path) -> None:
    earlier = _head(folder).read_text()
    with closing(AuditLog(folder)) as log:
        log.append("ito", "act", {"act": "upload"})
    assert verified(folder).ok
    _head(folder).write_text(earlier)
    assert codes(verified(folder)) == {"head_differs"}


def test_a_log_and_its_head_of_an_earlier_day_are_found_by_a_head_that_was_noted(folder: Path) -> None:
    with quick_folder() as kept:
        shutil.copytree(folder, kept / "audit")
        with closing(AuditLog(folder)) as log:
            log.append("ito", "act", {"act": "upload"})
            noted = log.verify().tip
        assert verified(folder, noted).ok
        assert verified(kept / "audit").ok  # by itself it is a whole log
        found = verified(kept / "audit", noted)
        assert (codes(found), found.first_bad) == ({"anchor"}, 9)


def test_what_was_erased_and_came_back_is_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "log.db")) as database:
        kept = database.execute("SELECT * FROM contents WHERE seq = 5 ORDER BY name").fetchall()
    with closing(AuditLog(folder)) as log:
        log.erase(Selection(row=5), user="local", by="佐藤", reason="求め")
    assert verified(folder).ok
    tamper(folder, lambda db: db.executemany("INSERT INTO contents VALUES (?, ?, ?, ?)", kept))
    assert codes(verified(folder)) == {"words_back"}


def test_a_part_of_what_was_erased_that_came_back_is_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "log.db")) as database:
        kept = database.execute("SELECT * FROM contents WHERE seq = 5 AND name = 'answer'").fetchall()
    with closing(AuditLog(folder)) as log:
        log.erase(Selection(row=5), user="local", by="佐藤", reason="求め")
    tamper(folder, lambda db: db.executemany("INSERT INTO contents VALUES (?, ?, ?, ?)", kept))
    assert codes(verified(folder)) == {"words_back"}


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE TRIGGER log_update BEFORE UPDATE ON log WHEN 0 BEGIN SELECT 1; END", "log_update"),
        ("CREATE TRIGGER more AFTER INSERT ON log BEGIN DELETE FROM contents; END", "log_update, more"),
    ],
)
def test_a_guard_that_guards_nothing_and_a_foreign_one_are_found(
    folder: Path, statement: str, name: str
) -> None:
    with closing(sqlite3.connect(folder / "log.db")) as database:
        database.execute("DROP TRIGGER log_update")
        database.execute(statement)
        database.commit()
    assert [(one.code, one.detail) for one in verified(folder).problems] == [("damaged", name)]


def test_a_guard_that_was_taken_away_is_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "log.db")) as database:
        database.execute("DROP TRIGGER log_update")
        database.commit()
    found = verified(folder)
    assert [(one.code, one.detail) for one in found.problems] == [("damaged", "log_update")]


GUARDED = (
    "UPDATE log SET user = 'x' WHERE seq = 1", "DELETE FROM log WHERE seq = 8",
    "INSERT OR REPLACE INTO log VALUES (8, '', '', 'act', '{}', '', '')",
    "INSERT INTO log VALUES (10, '', '', 'act', '{}', '', '')",
    "INSERT INTO log VALUES (9, '', '', 'act', '{}', 'wrong', '')",
    "UPDATE contents SET text = ''", "DELETE FROM contents WHERE seq = 1",
    "INSERT INTO contents VALUES (1, 'more', '', '')",
    "INSERT OR REPLACE INTO contents VALUES (1, 'answer', '', '')",
    "INSERT INTO erasures VALUES (1, 7)", "UPDATE erasures SET by_seq = 1", "DELETE FROM erasures",
    "INSERT OR REPLACE INTO erasures VALUES (2, 8)",
)  # fmt: skip


@pytest.mark.parametrize("statement", GUARDED)
def test_the_database_itself_refuses_to_change_what_is_written(folder: Path, statement: str) -> None:
    database = sqlite3.connect(folder / "log.db", isolation_level=None)
    with closing(database), pytest.raises(sqlite3.IntegrityError):
        database.execute(statement)
    assert verified(folder).ok


@pytest.mark.parametrize("change", ["removed", "no head", "no key"])
def test_the_next_row_does_not_put_right_what_the_head_tells(folder: Path, change: str) -> None:
    if change == "removed":
        tamper(folder, sql("DELETE FROM log WHERE seq = 8"))
    else:
        (folder / ("head.json" if change == "no head" else "key")).unlink()
    with closing(AuditLog(folder)) as log:
        log.append("ito", "act", {"act": "upload"})
        log.append("ito", "act", {"act": "upload"})
        found = log.verify()
        rows = [row for row, _ in log.entries()]
    assert codes(found) == {"broken"}  # said once, and for ever
    broken = 8 if change == "removed" else 9
    assert found.first_bad == broken and rows[broken - 1].facts["act"] == "audit_broken"
    assert rows[broken - 1].facts["found"][0] == broken - 1 and len(rows) == broken + 2
