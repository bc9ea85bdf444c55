"""/health, /ready, /metrics, and a log that holds nobody's words."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from interface_fakes import FakeAssistant, LightResources
from prometheus_client.parser import text_string_to_metric_families

from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from ui import logs
from ui.api.guard import PROBES, Guard, allowed_hosts
from ui.api.metrics import Measures
from ui.api.probes import probes_of
from ui.api.service import create_app
from ui.local import LocalOperations
from ui.readiness import readiness

Json = dict[str, Any]
TOKEN = "secret-token"
PLANTED = "極秘のやまびこ計画"


class Service:
    """A service without sockets over a real library, with a chat model that costs nothing."""

    def __init__(self, root: Path, open_metrics: bool = False) -> None:
        workspace = open_workspace(root, {})
        self.resources = LightResources(workspace, Settings())
        self.measures = Measures()
        self.operations = LocalOperations(
            workspace, owns_lock=True, resources=self.resources, observer=self.measures
        )
        app = create_app(
            self.operations, workspace=str(root), shut_down=lambda: None,
            probes=probes_of(self.operations, self.measures),
        )  # fmt: skip
        without = PROBES | ({"/metrics"} if open_metrics else set())
        guard = Guard(app, token=TOKEN, hosts=allowed_hosts("127.0.0.1"), without_token=without)
        self.web = TestClient(guard, base_url="http://127.0.0.1:1")
        self.holder = {"authorization": f"Bearer {TOKEN}"}

    def metrics(self) -> dict[str, float]:
        """As Prometheus' own parser reads them; labels in the name."""
        text = self.web.get("/metrics", headers=self.holder).text
        return {
            sample.name + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "ws")
    yield made
    made.operations.close()


def test_without_the_token_there_is_a_status_and_nothing_else(service: Service) -> None:
    assert service.web.get("/health").json() == {"ok": True}
    assert service.web.post("/health").status_code == 401
    ready = service.web.get("/ready")
    assert (ready.status_code, ready.json()) == (503, {"ready": False})
    assert service.web.get("/metrics").status_code == 401
    assert service.web.get("/health", headers={"host": "evil.example"}).status_code == 421
    assert service.web.get("/health", headers=service.holder).json()["workspace"]


def test_metrics_without_the_token_where_the_settings_say_so(tmp_path: Path) -> None:
    service = Service(tmp_path / "ws", open_metrics=True)
    with closing(service.operations):
        assert service.web.get("/metrics").status_code == 200
        assert service.web.get("/status").status_code == 401


def test_ready_names_each_reason(service: Service) -> None:
    resources = service.resources

    def what(*, free: int = 10**12, busy: bool = False) -> list[str]:
        found = readiness(resources, busy=busy, free=lambda folder: free)
        assert found["ready"] == (not found["reasons"])
        return [reason["what"] for reason in found["reasons"]]

    assert what(free=499_999_999) == ["models", "disk"]
    resources.warmth, resources.warm_error = "failed", "the file is gone."
    assert readiness(resources, busy=False)["reasons"][0]["detail"] == "the file is gone."
    resources.warmth = "ready"
    assert what() == ["library"]  # said to be warm, and nothing is open
    assert resources.search and resources.loaded[1]
    assert what() == [] and what(free=500_000_000) == [] and what(free=1) == ["disk"]
    answer = service.web.get("/ready", headers=service.holder)
    assert answer.status_code == (200 if answer.json()["ready"] else 503)


def test_an_index_that_is_behind_is_told_unless_work_goes_on(service: Service, tmp_path: Path) -> None:
    resources = service.resources
    resources.warmth = "ready"
    assert resources.search
    (tmp_path / "a.txt").write_text("文書", "utf-8")
    other = LocalOperations(
        resources.workspace, owns_lock=True, resources=LightResources(resources.workspace, Settings())
    )
    with closing(other):
        list(other.ingest([str(tmp_path / "a.txt")]))
    found = readiness(resources, busy=False)
    assert [reason["what"] for reason in found["reasons"]] == ["indexes"]
    assert readiness(resources, busy=True)["ready"]


def test_figures_are_those_of_what_was_done(service: Service, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("休暇は20日。", "utf-8")
    (tmp_path / "docs" / "b.pdf").write_bytes(b"%PDF-1.7 broken")
    operations = service.operations
    list(operations.ingest([str(tmp_path / "docs")]))
    for _ in range(3):
        list(operations.ask("休暇は？"))
    service.resources.fake = FakeAssistant(endless=True)
    stream = operations.ask("終わりは？")
    next(event for event in stream if event["event"] == "token")
    stream.close()
    found = service.metrics()
    assert [found[f"konkyo_questions_total|{name}"] for name in ("answered", "stopped", "failed")] == [
        3,
        1,
        0,
    ]
    assert (found["konkyo_verdicts_total|supported"], found["konkyo_verdicts_total|partly"]) == (3, 0)
    assert found["konkyo_answer_seconds_count"] == 3
    assert found["konkyo_answer_seconds_sum"] == pytest.approx(3 * 0.003)  # three milliseconds each
    assert (found["konkyo_ingested_files_total|added"], found["konkyo_ingested_files_total|failed"]) == (1, 1)
    assert (found["konkyo_jobs_total|done"], found["konkyo_questions_waiting"]) == (1, 0)
    assert found["konkyo_generation|library"] == found["konkyo_generation|indexes"] > 0
    assert (found["konkyo_documents"], found["konkyo_abstentions_total"]) == (1, 0)
    assert found["konkyo_resident_memory_bytes"] > 10**7
    assert "休暇" not in service.web.get("/metrics", headers=service.holder).text


def test_a_question_that_fails_is_counted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, question: str, **_: object) -> Iterator[Any]:
        raise RuntimeError(PLANTED)
        yield

    monkeypatch.setattr(FakeAssistant, "stream", broken)
    with pytest.raises(RuntimeError):
        list(service.operations.ask("何？"))
    assert service.metrics()["konkyo_questions_total|failed"] == 1


@pytest.fixture
def log(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A log as the service writes it; logging is as it was afterwards."""
    import sys

    root = logging.getLogger()
    kept = (root.level, sys.excepthook, threading.excepthook)
    root.handlers = []  # else they would be closed
    logs.log_to(tmp_path / "service.log", request.param)
    yield tmp_path / "service.log"
    for handler in [one for one in root.handlers if getattr(one, "baseFilename", "").endswith("service.log")]:
        root.removeHandler(handler)
        handler.close()
    root.level, sys.excepthook, threading.excepthook = kept


@pytest.mark.parametrize("log", ["text", "json"], indirect=True)
def test_no_word_of_a_document_a_question_or_an_answer_gets_into_the_log(
    log: Path, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ingest, an answer, and then errors that quote what they were given."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(f"{PLANTED}は来年始まる。", "utf-8")
    list(service.operations.ingest([str(tmp_path / "docs")]))
    service.resources.fake = FakeAssistant(pieces=(PLANTED, "です。"))
    answer = service.web.post("/ask", json={"question": f"{PLANTED}とは？"}, headers=service.holder)
    escaped = json.dumps(PLANTED)[1:-1]
    assert PLANTED in answer.text or escaped in answer.text

    def broken(self: object, question: str, **_: object) -> Iterator[Any]:
        raise ValueError(f"cannot tokenize {question!r}")
        yield

    monkeypatch.setattr(FakeAssistant, "stream", broken)
    service.web.post("/ask", json={"question": f"{PLANTED}はいつ？"}, headers=service.holder)
    logging.getLogger("konkyo.test").warning("a sentence failed: %s", ValueError(PLANTED))
    thread = threading.Thread(target=lambda: json.loads(PLANTED))
    thread.start()
    thread.join()
    text = log.read_text("utf-8")
    assert "ValueError" in text and "a stream failed" in text and "JSONDecodeError" in text
    for folder in (log.parent, service.resources.workspace.logs):
        for path in folder.glob("*.log"):
            assert PLANTED not in path.read_text("utf-8") and escaped not in path.read_text("utf-8")


@pytest.mark.parametrize("log", ["json"], indirect=True)
def test_each_line_is_one_object(log: Path) -> None:
    logger = logging.getLogger("konkyo.test")
    logger.info("two\nlines of %s", "text")
    try:
        raise OSError(28, "No space left on device")
    except OSError:
        logger.exception("it failed")
    first, second = (json.loads(line) for line in log.read_text("utf-8").splitlines())
    assert (first["message"], first["level"], first["logger"]) == (
        "two\nlines of text",
        "INFO",
        "konkyo.test",
    )
    assert first["at"].endswith("+00:00") and "trace" not in first
    assert "No space left" in second["trace"][0] and "test_probes.py" in second["trace"][1]
