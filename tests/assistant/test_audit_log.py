"""The audit log: several writers at once, words that are erased, full disks, killed processes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from audit_logs import Clock, fill, quick_folder, tamper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.audit.chain import Content, canonical, in_ranges, ranges
from assistant.audit.head import Head
from assistant.audit.log import AuditLog
from assistant.audit.rows import MIGRATIONS, NEWEST, AuditRows, Selection
from assistant.errors import AuditError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made / "audit"


@pytest.fixture
def log(folder: Path) -> Iterator[AuditLog]:
    with closing(AuditLog(folder, clock=Clock())) as opened:
        yield opened


def test_rows_are_given_back_with_their_words(log: AuditLog) -> None:
    assert log.append("青木", "question", {"score": 0.5}, {"question": {"asked": "期限は？\udc80"}}) == 1
    assert log.append("ito", "act", {"act": "upload"}) == 2
    (first, words), (second, none) = log.entries()
    assert (first.user, first.kind, first.facts["score"]) == ("青木", "question", 0.5)
    assert json.loads(words[0].text) == {"asked": "期限は？\udc80"}
    assert first.facts["contents"] == {"question": words[0].commitment}
    assert (second.previous, none) == (first.hash, ())
    assert [row.seq for row, _ in log.entries(newest_first=True)] == [2, 1]


def test_rows_are_chosen_by_user_kind_time_and_number(folder: Path) -> None:
    fill(folder)
    with closing(AuditLog(folder)) as log:

        def chosen(**limits: object) -> list[int]:
            return [row.seq for row, _ in log.entries(Selection(**limits))]  # type: ignore[arg-type]

        assert chosen(user="aoki") == [1, 3, 5]
        assert chosen(kind="act") == [3, 7]
        assert chosen(since="2026-04-01T00:03", before="2026-04-01T00:05") == [3, 4]
        assert chosen(after=2, below=5) == [3, 4]
        assert chosen(row=6) == [6]


@pytest.mark.parametrize("at_once", [1, 3, 4, 8, 9])
def test_more_rows_than_one_reading_holds(folder: Path, at_once: int) -> None:
    fill(folder)
    with closing(AuditRows.open(folder / "log.db")) as rows, rows.snapshot() as connection:
        for newest_first in (False, True):
            found = list(rows.entries(connection, newest_first=newest_first, at_once=at_once))
            numbers = list(range(1, 9))
            assert [row.seq for row, _ in found] == (numbers[::-1] if newest_first else numbers)
            assert sum(len(contents) for _, contents in found) == 8


def test_the_newest_schema_is_the_last_migration() -> None:
    """A database is opened without Alembic when it has it."""
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [NEWEST]


def test_a_log_of_a_newer_program_is_refused(folder: Path) -> None:
    fill(folder)
    with closing(sqlite3.connect(folder / "log.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with closing(AuditLog(folder)) as log, pytest.raises(AuditError, match="newer"):
        log.ready()


def test_only_the_owner_may_read_it(folder: Path) -> None:
    fill(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("log.db", "head.json", "key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_erased_words_are_in_no_file_any_more(log: AuditLog, folder: Path) -> None:
    log.append("aoki", "question", {}, {"question": "himitsu-no-shitsumon"})
    log.append("ito", "question", {}, {"question": "another"})

    def holding() -> set[str]:
        return {path.name for path in folder.iterdir() if b"himitsu-no-shitsumon" in path.read_bytes()}

    assert holding()
    assert log.erase(Selection(user="aoki"), user="local", by="佐藤", reason="本人の求め") == [1]
    assert holding() == set()
    by = log.erased_by(1)
    assert by is not None and (by.facts["by"], by.facts["reason"], by.facts["rows"]) == (
        "佐藤", "本人の求め", [[1, 1]],
    )  # fmt: skip
    assert log.erased_by(2) is None
    assert log.verify().ok and log.verify().erased == 1
    assert log.erase(Selection(user="aoki"), user="local", by="佐藤", reason="again") == []
    assert log.verify().tip.rows == 3  # nothing to erase, nothing to say


def test_a_commitment_is_the_hmac_that_is_described() -> None:
    one = Content(1, "question", "ab" * 32, canonical({"asked": "質問"}))
    openssl = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "ab" * 32],
        input=b"question\0" + b'{"asked":"\\u8cea\\u554f"}', capture_output=True, check=True,
    )  # fmt: skip
    assert one.commitment == openssl.stdout.decode().split()[-1]


@given(st.sets(st.integers(1, 40)))
def test_ranges_hold_the_same_numbers(numbers: set[int]) -> None:
    found = ranges(sorted(numbers))
    assert list(in_ranges(found)) == sorted(numbers)
    assert all(after[0] > before[1] + 1 for before, after in itertools.pairwise(found))


def _write(folder: Path, name: str, count: int) -> None:
    with closing(AuditLog(folder)) as log:
        for number in range(count):
            log.append(name, "question", {"number": number}, {"question": f"{name} {number}"})


def _hold(folder: Path, names: tuple[str, ...], count: int) -> None:
    with closing(AuditLog(folder)) as log:
        assert log.verify().problems == ()
        rows = [(row.user, row.facts["number"]) for row, _ in log.entries()]
    for name in names:
        assert [number for user, number in rows if user == name] == list(range(count))
    assert len(rows) == count * len(names)


def test_threads_write_one_chain_with_one_log_and_with_their_own(folder: Path) -> None:
    with closing(AuditLog(folder)) as shared:

        def use(name: str) -> None:
            for number in range(10):
                shared.append(name, "question", {"number": number}, {"question": name})

        threads = [threading.Thread(target=use, args=(name,)) for name in ("a", "b")]
        threads += [threading.Thread(target=_write, args=(folder, name, 10)) for name in ("c", "d")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    _hold(folder, ("a", "b", "c", "d"), 10)


_PROCESS = """
import sys
from pathlib import Path
from assistant.audit.log import AuditLog
log = AuditLog(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    log.append(sys.argv[2], "question", {"number": number}, {"question": sys.argv[2]})
    print(number, flush=True)
"""


def _process(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(folder), name, str(count)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_processes_write_one_chain(folder: Path) -> None:
    running = [_process(folder, name, 10) for name in ("a", "b")]
    assert [len(one.communicate(timeout=120)[0].split()) for one in running] == [10, 10]
    _hold(folder, ("a", "b"), 10)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_process_that_is_killed_loses_nothing_that_it_told(folder: Path) -> None:
    for round_ in range(2):
        process = _process(folder, f"p{round_}", 10_000)
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(4 + 3 * round_)]
        process.send_signal(signal.SIGKILL)
        told += process.communicate()[0].splitlines(keepends=True)
        with closing(AuditLog(folder)) as log:
            found = log.verify()
            numbers = [row.facts["number"] for row, _ in log.entries() if row.user == f"p{round_}"]
        assert found.problems == ()
        assert len(numbers) - sum(line.endswith("\n") for line in told) in (0, 1)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", ["contents", "log", "COMMIT"])
def test_a_kill_between_row_and_words_leaves_a_whole_log(folder: Path, at: str) -> None:
    """What the killed process held open is closed by the system; what was not committed is gone."""
    fill(folder)
    killed = AuditLog(folder)
    killed.ready()

    def stop(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(f"INSERT INTO {at}"):
            raise Killed

    def stop_commit(_connection: object) -> None:
        if at == "COMMIT":
            raise Killed

    engine = killed._rows._engine
    sa.event.listen(engine, "after_cursor_execute", stop)
    sa.event.listen(engine, "commit", stop_commit)
    with pytest.raises(Killed):
        killed.append("ito", "question", {}, {"question": "q"})
    killed.close()
    with closing(AuditLog(folder)) as log:
        assert log.verify().problems == () and log.verify().tip.rows == 8
        assert log.append("ito", "question", {}, {"question": "q"}) == 9
        assert log.verify().problems == ()


def test_a_kill_before_the_head_is_confirmed_leaves_a_whole_log(folder: Path) -> None:
    fill(folder)
    killed = AuditLog(folder)
    write = killed._head.write

    def announce(head: Head) -> None:
        if head.coming is None:
            raise Killed
        write(head)

    killed._head.write = announce  # type: ignore[method-assign]
    with pytest.raises(Killed):
        killed.append("ito", "act", {"act": "upload"})
    killed.close()
    with closing(AuditLog(folder)) as log:
        assert log.verify().problems == () and log.verify().tip.rows == 9
        assert log.append("ito", "act", {"act": "upload"}) == 10
        assert log.verify().problems == ()


def test_a_full_database_refuses_the_row_and_stays_whole(folder: Path) -> None:
    fill(folder)
    with closing(AuditLog(folder)) as log:
        engine = log._rows._engine

        @sa.event.listens_for(engine, "checkout")
        def fill_up(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(AuditError, match="full"):
            log.append("ito", "question", {}, {"question": "長い" * 20_000})
    with closing(AuditLog(folder)) as log:
        assert log.verify().problems == () and log.verify().tip.rows == 8


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(folder: Path) -> None:
    fill(folder)
    folder.chmod(0o500)
    try:
        with closing(AuditLog(folder)) as log, pytest.raises(AuditError, match="cannot be used"):
            log.append("ito", "act", {"act": "upload"})
    finally:
        folder.chmod(0o700)


def test_a_file_in_the_place_of_the_folder_is_an_error_that_says_so(folder: Path) -> None:
    folder.write_text("")
    with closing(AuditLog(folder)) as log:
        with pytest.raises(AuditError, match="cannot be used"):
            log.ready()
        found = log.verify()
    assert [problem.code for problem in found.problems] == ["unreadable"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from(["aoki", "ito"]), st.text(max_size=8)),
        st.tuples(st.just("erase"), st.sampled_from(["aoki", "ito"]), st.just("")),
    ),
    min_size=1, max_size=6,
)  # fmt: skip
COLUMNS = (
    ("log", "at"), ("log", "user"), ("log", "kind"), ("log", "payload"), ("log", "previous"), ("log", "hash"),
    ("contents", "name"), ("contents", "salt"), ("contents", "text"),
)  # fmt: skip


def _run(folder: Path, steps: list[tuple[str, str, str]]) -> None:
    with closing(AuditLog(folder)) as log:
        log.append("aoki", "question", {"n": 1}, {"question": "first"})
        for act, user, text in steps:
            if act == "append":
                log.append(user, "question", {"text": text}, {"question": text, "answer": [text]})
            else:
                log.erase(Selection(user=user), user="local", by="b", reason="r")
        log.append("ito", "question", {"n": 2}, {"question": "last"})
        assert log.verify().problems == ()


def _bytes_of(database: sqlite3.Connection) -> list[tuple[str, str, int, bytes]]:
    return [
        (table, column, rowid, bytes(value))
        for table, column in COLUMNS
        for rowid, value in database.execute(f"SELECT rowid, CAST({column} AS BLOB) FROM {table}")
        if value
    ]


@given(STEPS, st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_log_is_whole_and_any_changed_byte_of_it_is_found(
    steps: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    with quick_folder() as made:
        folder = made / "audit"
        _run(folder, steps)

        def change(database: sqlite3.Connection) -> None:
            table, column, rowid, value = data.draw(st.sampled_from(_bytes_of(database)))
            place = data.draw(st.integers(0, len(value) - 1))
            other = data.draw(st.integers(0, 255).filter(lambda byte: byte != value[place]))
            changed = value[:place] + bytes([other]) + value[place + 1 :]
            database.execute(
                f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE rowid = ?", (changed, rowid)
            )

        tamper(folder, change)
        with closing(AuditLog(folder)) as log:
            assert not log.verify().ok
