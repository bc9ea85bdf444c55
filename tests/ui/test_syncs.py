"""Sources through the operations: synchronise, look first, try failures again, ignore them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from ingestion.settings import Settings, SourceSettings
from ingestion.workspace import Workspace, open_workspace
from ui.errors import NotFoundError
from ui.local import LocalOperations
from ui.sync_loop import Schedule

Json = dict[str, Any]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "規程"
    made.mkdir()
    for number in range(4):
        (made / f"f{number}.txt").write_text(f"第{number}条 旅費は{number}000円とする。", "utf-8")
    return made


@pytest.fixture
def operations(workspace: Workspace, folder: Path) -> Iterator[LocalOperations]:
    sources = {
        "rules": SourceSettings(kind="folder", path=str(folder), every_minutes=30, shown_as=r"\\server\規程"),
        "cloud": SourceSettings(kind="webdav", url="https://127.0.0.1:9/dav", user="u"),
        "/srv/named": SourceSettings(shown_as="only a name"),
    }
    settings = Settings(sources=sources)
    with closing(LocalOperations(workspace, resources=LightResources(workspace, settings))) as opened:
        yield opened


def outcomes(events: Iterator[Json]) -> list[Json]:
    last = list(events)[-1]
    assert last["event"] == "report", last
    found: list[Json] = last["report"]["sources"]
    return found


def states(operations: LocalOperations) -> dict[str, str]:
    return {item["name"]: item["state"] for item in operations.syncs()}


def finished(operations: LocalOperations) -> Json:
    deadline = time.monotonic() + 30
    while (job := operations.job()) is not None and job["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert job is not None
    return job


def test_sources_are_known_before_and_after_their_first_run(
    operations: LocalOperations, folder: Path
) -> None:
    assert states(operations) == {"rules": "never", "cloud": "never"}
    (outcome,) = outcomes(operations.sync("rules"))
    assert (outcome["added"], outcome["source"], outcome["error"]) == (4, str(folder), None)
    own = {"name", "kind", "source", "error", "refused", "fetched"}
    assert own <= set(documented("sync")[0]) <= set(outcome)
    ingested = list(operations.ingest([str(folder)]))[-1]["report"]
    assert set(outcome) == set(ingested) | own
    rules = operations.syncs()[0]
    assert (rules["state"], rules["documents"], rules["failures"], rules["shown_as"]) == (
        "ok", 4, 0, r"\\server\規程"
    )  # fmt: skip
    assert rules["report"]["unchanged"] == 4 and rules["at"] == rules["ok_at"]
    assert rules["next_at"] > rules["at"] and operations.syncs()[1]["next_at"] is None


@pytest.mark.network
def test_one_source_that_fails_does_not_stop_the_others(operations: LocalOperations) -> None:
    found = outcomes(operations.sync())
    assert [(item["name"], item["error"] is None, item["added"]) for item in found] == [
        ("rules", True, 4), ("cloud", False, 0)
    ]  # fmt: skip
    assert "cannot be reached" in found[1]["error"]
    assert states(operations) == {"rules": "ok", "cloud": "failed"}
    assert operations.syncs()[1]["attempts"] == 1


def test_a_folder_that_was_ingested_is_a_source(operations: LocalOperations, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "規程", other)
    list(operations.ingest([str(other)]))
    assert [item["configured"] for item in operations.syncs()] == [True, True, False]
    last = operations.syncs()[-1]
    assert (last["state"], last["report"]["added"], last["at"]) == ("ok", 4, last["ok_at"])
    (other / "f0.txt").unlink()
    (outcome,) = outcomes(operations.sync(str(other)))
    assert (outcome["name"], outcome["removed"]) == (str(other), 1)
    with pytest.raises(NotFoundError, match="there is no source 'nothing' \\(known: rules, cloud, /"):
        operations.sync("nothing")


def test_a_look_before_changes_nothing(operations: LocalOperations) -> None:
    (found,) = operations.preview("rules")
    assert found["added"] == [f"f{number}.txt" for number in range(4)]
    assert keys([{**found, "failed": []}]) <= keys(documented("sync --dry-run"))
    assert states(operations)["rules"] == "never" and operations.documents() == []


def test_a_source_that_is_suddenly_empty_is_refused_until_allowed(
    operations: LocalOperations, folder: Path
) -> None:
    outcomes(operations.sync("rules"))
    for path in folder.iterdir():
        path.unlink()
    (outcome,) = outcomes(operations.sync("rules"))
    assert outcome["refused"] and len(operations.documents()) == 4
    assert states(operations)["rules"] == "refused"
    job = operations.start_sync("rules", allow_empty=True)
    assert job["paths"] == ["rules"]
    assert finished(operations)["report"]["sources"][0]["removed"] == 4
    assert operations.documents() == [] and states(operations)["rules"] == "ok"


def test_the_schedule_of_the_service_runs_what_is_due(operations: LocalOperations) -> None:
    with closing(Schedule(operations, tick_seconds=0.05)) as schedule:
        schedule.start()
        deadline = time.monotonic() + 30
        while states(operations)["rules"] != "ok" and time.monotonic() < deadline:
            time.sleep(0.02)
    assert len(operations.documents()) == 4
    assert states(operations) == {"rules": "ok", "cloud": "never"}


def test_failures_can_be_ignored_and_tried_again(operations: LocalOperations, folder: Path) -> None:
    broken = folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 broken")
    outcomes(operations.sync("rules"))
    (failure,) = operations.failures()
    assert (failure["path"], failure["ignored"]) == ("broken.pdf", False)
    assert operations.ignore_failure(str(folder), "broken.pdf") == {"done": True}
    assert operations.failures()[0]["ignored"]
    operations.ignore_failure(str(folder), "broken.pdf", ignored=False)
    assert not operations.failures()[0]["ignored"]
    with pytest.raises(NotFoundError):
        operations.ignore_failure(str(folder), "f1.txt")

    operations.retry_failures([{"source": str(folder), "path": "broken.pdf"}])
    report = finished(operations)["report"]
    assert (report["seen"], len(report["failed"]), report["sources"]) == (1, 1, [])
    state = broken.stat()
    whole = next((Path(__file__).parents[2] / "samples").rglob("経費精算規程.pdf")).read_bytes()
    broken.write_bytes(whole)
    import os

    os.utime(broken, ns=(state.st_atime_ns, state.st_mtime_ns))
    operations.retry_failures()
    assert finished(operations)["report"]["added"] == 1
    assert operations.failures() == []
    with pytest.raises(NotFoundError, match="no such file has failed"):
        operations.retry_failures()
