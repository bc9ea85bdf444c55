"""What the audit log must not hold, must not lose, and what it holds also when something went wrong."""

from __future__ import annotations

import gzip
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from audit_logs import quick_folder
from interface_fakes import FakeAskResources, FakeAssistant, LightResources

from assistant.answers import Event, Retrieved, Token
from assistant.audit.answers import settings_that_matter
from assistant.audit.log import AuditLog
from assistant.audit.rows import Selection
from assistant.records import Records
from ingestion.settings import AuditSettings, Settings
from ingestion.workspace import Workspace, open_workspace
from ui import logs
from ui.asking import Asking
from ui.auditing import Auditor
from ui.cli.main import main
from ui.doctor import examine
from ui.editor_operations import citations_to_confirm
from ui.errors import NotFoundError
from ui.local import LocalOperations
from ui.shown_as import ShownAs

Json = dict[str, Any]
QUOTE = "有給休暇は、入社から6か月後に10日を与える。"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with quick_folder() as folder:
        yield open_workspace(folder / "ws", {})


def opened(workspace: Workspace, settings: Settings | None = None) -> LocalOperations:
    return LocalOperations(workspace, resources=LightResources(workspace, settings or Settings()))


@pytest.fixture
def konkyo(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace.root))

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_quotes_of_a_confirmed_answer_are_not_in_the_chain(workspace: Workspace) -> None:
    """The page and the command line send them along, as they have them."""
    (workspace.uploads / "休暇.md").write_text(QUOTE, "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(workspace.uploads)]))
        (document,) = operations.documents()
        citation = {"document": document["id"], "start": 0, "end": len(QUOTE), "quote": QUOTE}
        places = citations_to_confirm([{"citations": [citation]}])
        assert places[0]["quote"] == QUOTE
        operations.add_verified("有給は何日？", "10日です。", places, editor="佐藤")
        row = operations.audit_list(limit=1)["rows"][0]
        assert row["act"] == "add_verified"
        facts = operations.audit_replay(row["id"])["facts"]
        operations.audit_erase(by="佐藤", reason="求め", user="local")
        assert facts["arguments"]["citations"] == [
            {"document": document["id"], "start": 0, "end": len(QUOTE)}
        ]
        left = "".join(entry.payload for entry, _ in operations.resources.audit.log.entries())
    assert QUOTE not in left.encode("ascii").decode("unicode_escape")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://me:secret@models.example:8080/v1", "http://models.example:8080/v1"),
        ("https://models.example/v1?as=a@b", "https://models.example/v1?as=a@b"),
        ("", ""),
    ],
)
def test_a_password_in_an_address_is_not_in_the_log(given: str, kept: str) -> None:
    settings = Settings(server={"base_url": given, "model": "m"})
    assert settings_that_matter(settings)["server"]["base_url"] == kept


class Failing(FakeAssistant):
    """Ends with an error that nobody expected, after its first token."""

    def heard_by(self, heard: Any, written: Any = None) -> Any:
        return self

    def stream(self, question: str, **_named: Any) -> Iterator[Event]:
        yield Retrieved(())
        yield Token("90")
        raise RuntimeError("a bug")


def test_what_was_shown_before_an_unexpected_error_is_in_the_log(tmp_path: Path) -> None:
    with closing(Records.open(tmp_path / "records.db")) as records:
        resources = FakeAskResources(records)
        resources.assistants[None] = Failing()
        with pytest.raises(RuntimeError):
            list(Asking(resources, ShownAs({}, "/ws/uploads", Path("/ws/sources"))).stream("期限は？"))
        [(asked, answer, *_)] = resources.audit.rows
    assert (asked.failed, answer["answer"]) == ("RuntimeError", "90")


def test_long_work_that_failed_unexpectedly_is_a_row(workspace: Workspace) -> None:
    def work(_progress: Callable[[Json], None], _cancelled: Callable[[], bool]) -> Json:
        raise OSError(28, "No space left on device")

    with closing(opened(workspace)) as operations:
        assert list(operations._jobs.run(["/docs"], work))[-1]["event"] == "error"
        (row,) = [row for row in operations.audit_list(kind="act")["rows"] if row["act"] == "job"]
        facts = operations.audit_replay(row["id"])["facts"]
    assert (facts["act"], facts["failed"], facts["paths"]) == ("job", "OSError", ["/docs"])


def test_an_act_that_failed_half_way_is_a_row_and_one_that_was_refused_is_none(
    workspace: Workspace,
) -> None:
    (workspace.uploads / "休暇.md").write_text(QUOTE, "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(workspace.uploads)]))
        (document,) = operations.documents()
        (workspace.uploads / "休暇.md").unlink()
        (workspace.uploads / "休暇.md").mkdir()  # cannot be unlinked, also by root
        with pytest.raises(OSError):
            operations.remove_document(document["id"])
        with pytest.raises(NotFoundError):
            operations.remove_document(document["id"])
        assert operations.documents() == []
        (row,) = [row for row in operations.audit_list()["rows"] if row["act"] == "remove_document"]
        facts = operations.audit_replay(row["id"])["facts"]
    assert facts["arguments"] == {"document": document["id"]} and facts["failed"]


def test_a_prompt_that_is_open_in_an_editor_stops_no_question(workspace: Workspace) -> None:
    """Emacs leaves a link to nowhere beside what it has not saved."""
    workspace.prompts.mkdir()
    (workspace.prompts / ".#answer.toml").symlink_to("aoki@host.4711")
    with closing(opened(workspace)) as operations:
        assert list(operations.ask("期限は？"))[-1]["event"] == "finished"


def _written(workspace: Workspace, *days_ago: float) -> None:
    """A question so many days ago, each."""
    times = [
        (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds") for days in days_ago
    ]
    with closing(AuditLog(workspace.audit, clock=lambda: times.pop(0))) as log:
        for _ in days_ago:
            log.append("local", "question", {"task": ""}, {"question": {"asked": "質問"}})


@pytest.mark.parametrize(
    ("days", "erased"), [((400, 1), [1]), ((400, 40), []), ((400,), []), ((400, 8, 6), [1]), ((), [])]
)
def test_a_clock_that_jumped_ahead_does_not_erase_everything_at_once(
    workspace: Workspace, days: tuple[float, ...], erased: list[int]
) -> None:
    """Seen from a clock that is years ahead, all rows are old. Also a second process of that day waits."""
    _written(workspace, *days)
    for _ in range(2):
        settings = Settings(audit=AuditSettings(keep_days=30))
        with closing(opened(workspace, settings)) as operations:
            audit: Auditor = operations.resources.audit
            audit.ready()
            audit.act("upload", {})
            found = operations.audit_list(kind="question")["rows"]
    assert [row["id"] for row in found if row["erased"]] == erased


def test_an_export_that_failed_leaves_no_file(konkyo: Any, tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    assert konkyo("audit", "export", file, "--from", "soon")[0] == 2
    assert not file.exists()
    assert konkyo("audit", "export", file)[0] == 0 and file.exists()


def test_backups_and_restores_are_acts(konkyo: Any, workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    (workspace.uploads / "a.txt").write_text("a")
    report = json.loads(konkyo("backup", file, "--json")[1])
    with closing(opened(workspace)) as operations:
        row = operations.audit_list()["rows"][-1]
        told = operations.audit_replay(row["id"])["facts"]["arguments"]
        assert (row["act"], told["sha256"], told["file"]) == ("backup", report["sha256"], str(file))
        operations.put_word("年休", synonyms=["有給休暇"])
    konkyo("backup", file, "--json")
    with closing(opened(workspace)) as operations:
        operations.remove_word("年休")
        head = operations.audit_verify()["head"]
    assert konkyo("restore", file, "--force")[0] == 0
    with closing(opened(workspace)) as operations:
        rows = operations.audit_list()["rows"]
        (restored,) = [row["id"] for row in rows if row["act"] == "restore"]
        told = operations.audit_replay(restored)["facts"]["arguments"]
        assert "remove_word" not in {row["act"] for row in rows}
        assert told["replaced"] == head and told["file"] == str(file)
        assert operations.audit_verify()["ok"]


def test_a_restore_does_not_bring_back_what_was_erased_since(
    konkyo: Any, workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar.gz"
    with closing(AuditLog(workspace.audit)) as log:
        for number in range(1, 1300):
            user = ("ito", "aoki")[number % 2]  # more runs of rows than SQLite takes at once
            log.append(user, "question", {"task": ""}, {"question": {"asked": f"{user} {number}"}})
    konkyo("backup", file)
    with closing(AuditLog(workspace.audit)) as log:
        assert len(log.erase(Selection(user="aoki"), user="local", by="佐藤", reason="求め")) == 650
        log.append("aoki", "question", {"task": ""}, {"question": {"asked": "after"}})
        log.erase(Selection(row=2), user="local", by="佐藤", reason="zwei")
    assert konkyo("restore", file, "--force")[0] == 0
    with closing(AuditLog(workspace.audit)) as log:
        found = log.verify()
        assert (found.problems, found.erased) == ((), 651)
        left = [json.loads(words[0].text)["asked"] for _, words in log.entries() if words]
        assert len(left) == 648 and all(text.startswith("ito") for text in left)
        by = log.erased_by(2)
        assert by is not None and by.facts["reason"] == "zwei"


def test_a_backup_of_another_workspace_erases_nothing(
    konkyo: Any, workspace: Workspace, tmp_path: Path
) -> None:
    other = open_workspace(tmp_path / "other", {})
    for place in (workspace, other):
        with closing(AuditLog(place.audit)) as log:
            for number in range(3):
                log.append(
                    "aoki", "question", {"task": ""}, {"question": {"asked": f"{place.root} {number}"}}
                )
    konkyo("backup", tmp_path / "b", "--workspace", other.root)
    with closing(AuditLog(workspace.audit)) as log:
        log.append("aoki", "act", {"act": "upload"})
        log.erase(Selection(user="aoki"), user="local", by="佐藤", reason="求め")
    assert konkyo("restore", tmp_path / "b", "--force")[0] == 0
    with closing(AuditLog(workspace.audit)) as log:
        assert log.verify().ok and log.verify().erased == 0


def test_a_backup_is_made_also_where_the_log_cannot_be_written(
    konkyo: Any, workspace: Workspace, tmp_path: Path
) -> None:
    (workspace.uploads / "a.txt").write_text("a")
    workspace.audit.write_text("in the way")
    code, _, err = konkyo("backup", tmp_path / "b")
    assert code == 0 and "audit log" in err and gzip.decompress((tmp_path / "b").read_bytes())


def test_addresses_that_are_asked_are_not_in_the_service_log(tmp_path: Path) -> None:
    """httpx tells each of them, with the password that stands in it."""
    import threading

    root, httpx = logging.getLogger(), logging.getLogger("httpx")
    kept = (root.level, root.handlers, httpx.level, sys.excepthook, threading.excepthook)
    root.handlers = []
    try:
        logs.log_to(tmp_path / "service.log")
        httpx.info('HTTP Request: %s %s "%s"', "GET", "http://me:secret@models.example/v1", "HTTP/1.1 200 OK")
        httpx.warning("something else")
        written = (tmp_path / "service.log").read_text("utf-8")
    finally:
        for handler in root.handlers:
            handler.close()
        root.level, root.handlers, httpx.level, sys.excepthook, threading.excepthook = kept
    assert "secret" not in written and "something else" in written


def test_the_name_of_a_file_cannot_forge_a_line_of_the_log() -> None:
    name = "a\n2026-11-22 10:00:00,000 INFO ui.audit: all is well\r.pdf"
    record = logging.LogRecord("ingestion", logging.WARNING, "", 0, "%s cannot be read", (name,), None)
    first, *others = logs.TextLines().format(record).split("\n")
    assert "WARNING ingestion: a" in first and all(line.startswith("  ") for line in others)


def test_a_cell_is_no_longer_than_a_spreadsheet_takes(workspace: Workspace) -> None:
    import csv

    with closing(opened(workspace)) as operations:
        question = "x" * 32_767 + "=HYPERLINK(1)"
        operations.resources.audit.log.append("local", "question", {}, {"question": {"asked": question}})
        text = "".join(one.get("text", "") for one in operations.audit_export(form="csv"))
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert max(map(len, cells)) <= 32_767 and any(cell.startswith("xxx") for cell in cells)


def test_doctor_tells_of_a_log_that_does_not_end_as_it_was_left_or_cannot_be_written(
    workspace: Workspace,
) -> None:
    def found() -> Any:
        (check,) = [one for one in examine(workspace.root)["checks"] if one["name"] == "audit log"]
        return check

    assert (found()["ok"], found()["detail"]) == (True, "it has no row yet")
    with closing(AuditLog(workspace.audit)) as log:
        log.append("local", "act", {"act": "upload"})
    assert found()["ok"]
    (workspace.audit / "log.db").unlink()
    assert not found()["ok"] and "konkyo audit verify" in found()["remedy"]
    (workspace.audit / "log.db").write_text("no database " * 1000)
    assert not found()["ok"] and "cannot be used" in found()["detail"]
