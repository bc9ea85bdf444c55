from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from interface_fakes import FakeAskResources, FakeAssistant, FakeOperations, claim, hit
from typer.testing import CliRunner

from assistant.answers import Answer, Checked, Event, Finished, Progress, Retrieved, Timings, Token
from assistant.generation import never
from assistant.records import Records
from assistant.tasks.steps import TaskRequest
from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, User
from ui.api.service import create_app
from ui.asking import Asking
from ui.cli.main import app
from ui.cli.tasks import document_id
from ui.errors import NotFoundError, UsageError
from ui.local_tasks import LocalTasks
from ui.shown_as import ShownAs
from ui.task_operations import TaskOrder, column_names

SAID = "90日ごとに変えます。"


@dataclass
class TaskAssistant(FakeAssistant):
    """Performs every task with the same two steps."""

    requests: list[TaskRequest] = field(default_factory=list)

    def perform(
        self,
        request: TaskRequest,
        *,
        scope: Scope = EVERYTHING,
        user: User = LOCAL_USER,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        self.requests.append(request)
        yield Retrieved((hit(),))
        yield Progress(0, 2, "第1章")
        yield Progress(1, 2, "第1章", "要点")
        yield Token(SAID)
        yield Checked(claim(SAID))
        answer = Answer(SAID, False, (claim(SAID),), (hit(),), "fake", None, Timings(1.0, 2.0, 3.0, 1))
        yield Finished(answer)


@dataclass
class Library:
    """Knows the title of one document."""

    def documents_list(self) -> list[Any]:
        return [cast(Any, type("Summary", (), {"id": "d1", "title": "情報セキュリティ規程"}))]


class Tasks(LocalTasks):
    """What `LocalOperations` gives its tasks."""

    def __init__(self, records: Records) -> None:
        self.assistant = TaskAssistant()
        resources = FakeAskResources(records, assistants={None: self.assistant})
        cast(Any, resources).library = Library()
        self.resources = cast(Any, resources)
        self._asking = Asking(resources, ShownAs({}, "/ws/uploads", Path("/ws/sources")))


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    with closing(Records.open(tmp_path / "records.db")) as records:
        yield Tasks(records)


def test_a_task_is_streamed_with_its_progress_and_kept_in_the_conversation(tasks: Tasks) -> None:
    key = tasks.resources.records.create()["id"]
    events = list(tasks.perform(TaskOrder("summarise", "期限", ("d1",), conversation=key, language="ja")))
    kinds = ["retrieved", "progress", "progress", "token", "checked", "finished"]
    assert [event["event"] for event in events] == kinds
    assert events[2] == {"event": "progress", "done": 1, "total": 2, "label": "第1章", "text": "要点"}
    assert tasks.assistant.requests == [TaskRequest("summarise", "期限", ("d1",), "ja")]
    asked, reply = tasks.resources.records.show(key)["messages"]
    assert asked["text"] == "要約: 情報セキュリティ規程\n期限"
    assert reply["text"] == SAID and reply["answer"]["claims"][0]["citations"]


def test_the_language_is_that_of_the_text_or_the_titles(tasks: Tasks) -> None:
    list(tasks.perform(TaskOrder("draft", "When do passwords change?")))
    list(tasks.perform(TaskOrder("summarise", documents=("d1",))))
    assert [request.language for request in tasks.assistant.requests] == ["en", "ja"]


def test_questions_go_the_way_of_questions(tasks: Tasks) -> None:
    events = list(tasks.perform(TaskOrder("answer", "期限は？")))
    assert events[-1]["answer"]["answer"] == "90日です。" and tasks.assistant.requests == []


def test_unknown_tasks_and_empty_inquiries_are_refused(tasks: Tasks) -> None:
    with pytest.raises(UsageError, match="'sing' is no task"):
        tasks.perform(TaskOrder(cast(Any, "sing")))
    with pytest.raises(UsageError, match="inquiry"):
        list(tasks.perform(TaskOrder("draft", "  ")))


def test_the_service_passes_every_argument_on() -> None:
    operations = FakeOperations()
    operations.streams["perform"] = lambda: iter([{"event": "finished", "answer": {}}])
    body = {"task": "extract", "text": "額", "documents": ["d1"], "columns": ["手当", "金額"], "to": ""}
    with TestClient(create_app(cast(Any, operations), workspace="/ws", shut_down=lambda: None)) as client:
        response = client.post("/tasks", json=body)
        assert json.loads(response.text.split("data: ")[1])["event"] == "finished"
        assert client.post("/tasks", json={"task": "sing"}).status_code == 422
        assert client.post("/tasks", json={"task": "draft", "inquiry": "?"}).status_code == 422
    name, positional, _ = operations.calls[0]
    assert (name, positional) == (
        "perform",
        (TaskOrder("extract", "額", ("d1",), columns=("手当", "金額")),),
    )


def test_documents_are_found_by_id_path_name_and_title() -> None:
    places = [{"path": "規程/a.pdf", "shown_as": "/srv/規程/a.pdf"}]
    documents = [
        {"id": "d1", "title": "規程", "locations": places},
        {"id": "d2", "title": "規程", "locations": [{"path": "b.pdf", "shown_as": "/srv/b.pdf"}]},
    ]
    operations = cast(Any, FakeOperations())
    operations.documents = lambda: documents
    for name in ("d1", "規程/a.pdf", "a.pdf", "/srv/規程/a.pdf"):
        assert document_id(operations, name) == "d1"
    with pytest.raises(NotFoundError, match="2 documents are called"):
        document_id(operations, "規程")
    with pytest.raises(NotFoundError, match=r"no document 'c\.pdf'"):
        document_id(operations, "c.pdf")


def test_columns_are_separated_as_people_do() -> None:
    assert column_names("品目、単価, 納期，") == ("品目", "単価", "納期")


def test_prompts_are_copied_checked_and_reset(tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, Any]:
        found = CliRunner().invoke(app, ["prompts", *words, "--json", "--workspace", str(tmp_path / "ws")])
        return found.exit_code, json.loads(found.stdout)

    assert not any(row["own"] for row in run("list")[1])
    code, made = run("edit-copy", "answer")
    path = Path(made["path"])
    assert (code, made["done"], path.name) == (0, True, "answer.ja.toml")
    assert run("edit-copy", "answer")[1]["done"] is False
    path.write_text(path.read_text("utf-8").replace("案内係", "先輩"), "utf-8")
    assert "先輩" in run("show", "answer")[1]["role"]
    assert run("check") == (0, {"ok": True, "own": 1, "problems": []})
    path.write_text(path.read_text("utf-8").replace("{question}", ""), "utf-8")
    (path.parent / "answer.jp.toml").write_text("", "utf-8")
    code, found = run("check")
    assert code == 1 and "request: {question} is missing" in found["problems"][1]
    assert "answer.jp.toml" in found["problems"][0]
    assert Path(run("reset", "answer")[1]["kept"]).is_file()
    assert not path.exists() and "案内係" in run("show", "answer")[1]["role"]
