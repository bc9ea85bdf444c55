"""The service without sockets: the app, its guard, and the client over an ASGI transport in a thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from interface_fakes import FakeOperations

from assistant.errors import AssistantError, GenerationError, RecordNotFoundError
from ingestion.errors import IngestionError, ModelError, UnsafeRemovalError, WorkspaceBusyError
from ui.api import events
from ui.api.client import ServiceClient
from ui.api.guard import Guard, allowed_hosts, is_loopback
from ui.api.service import create_app
from ui.api.token import ServiceAddress
from ui.errors import (
    InterfaceError,
    JobRunningError,
    NotFoundError,
    ServiceError,
    UsageError,
    error_from_json,
    error_json,
)

Json = dict[str, Any]
TOKEN = "geheim-トークン"[:6]
ADDRESS = ServiceAddress("127.0.0.1", 8000, TOKEN, 1, 0.0, "0")


@pytest.fixture
def operations() -> FakeOperations:
    return FakeOperations()


@pytest.fixture
def web(operations: FakeOperations) -> Iterator[TestClient]:
    app = create_app(operations, workspace="/ws", shut_down=lambda: None)
    guard = Guard(app, token=TOKEN, hosts=allowed_hosts("127.0.0.1"))
    with TestClient(guard, base_url=ADDRESS.url, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        yield client


class Through(httpx.BaseTransport):
    """Carries requests of the client to the app in this process."""

    def __init__(self, web: TestClient) -> None:
        self._web = web

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._web.request(
            request.method, str(request.url), headers=dict(request.headers), content=request.read()
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)


@pytest.fixture
def client(web: TestClient) -> Iterator[ServiceClient]:
    found = ServiceClient(ADDRESS, transport=Through(web))
    yield found
    found.close()


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", f"bearer {TOKEN}", TOKEN, f"Bearer {TOKEN} "])
def test_without_the_token_nothing_is_answered(
    web: TestClient, token: str, operations: FakeOperations
) -> None:
    for path in ("/status", "/openapi.json", "/metrics", "/nothing"):
        response = web.get(path, headers={"authorization": token})
        assert response.status_code == 401
    assert operations.calls == []


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "10.0.0.1:8000", "localhost.evil.example", ""]
)
def test_a_name_that_was_pointed_here_is_refused(web: TestClient, host: str) -> None:
    assert web.get("/health", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "LOCALHOST:80", "[::1]:8000"])
def test_names_of_this_machine_pass(web: TestClient, host: str) -> None:
    assert web.get("/health", headers={"host": host}).json()["workspace"] == "/ws"


def test_a_page_of_another_origin_gets_no_permission(web: TestClient) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    response = web.options("/search", headers=asked)
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("host", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


CALLS: list[tuple[str, tuple[Any, ...], Json]] = [
    ("status", (), {}),
    ("models", (), {}),
    ("settings", (), {}),
    (
        "search",
        ("有給",),
        {"top_k": 3, "mode": "dense", "scope": {"documents": ["a"]}, "rerank": False, "explain": False},
    ),
    ("search", ("有給",), {"top_k": None, "mode": None, "scope": None, "rerank": True, "explain": True}),
    (
        "start_ingest",
        (["/a b", "/日本"],),
        {"groups": ["hr"], "allow_empty": True, "reparse": True, "ocr": "always"},
    ),
    ("job", (), {}),
    ("cancel_ingest", (), {}),
    ("upload", ("規程 &?.pdf", b"\x00\xff"), {}),
    ("documents", (), {"scope": {"folder": {"source": "/s", "path": "x"}}}),
    ("documents", (), {"scope": None}),
    ("document", ("d1",), {}),
    ("boxes", ("d1", 3, 9), {}),
    ("page_size", ("d1", 2), {}),
    ("remove_document", ("d1",), {}),
    ("failures", (), {}),
    ("sources", (), {}),
    ("index_check", (), {}),
    ("versions", (), {}),
    ("dictionary", (), {}),
    ("put_word", ("年休",), {"reading": "ねんきゅう", "synonyms": ["有休", "年次&有給"]}),
    ("remove_word", ("年休 & A/B",), {}),
    ("save_dictionary", ([{"term": "年休", "reading": "", "synonyms": ["有休"]}],), {}),
    ("evaluation_reports", (), {"kind": None}),
    ("evaluation_reports", (), {"kind": "answers"}),
    ("evaluation_report", ("20261122T085512Z-answers",), {}),
    ("remove_report", ("20261122T085512Z-answers",), {}),
    ("compare_reports", ("a", "b"), {}),
    ("made_questions", (), {"status": "draft"}),
    (
        "examples",
        (),
        {
            "status": "new",
            "origin": "import:問 & 答.csv",
            "split": "test",
            "kind": "answer",
            "type": "table row",
            "document": "d1",
            "assignee": "花子",
            "problem": "leak",
            "search": "上限",
            "offset": 5,
            "limit": 7,
        },
    ),
    ("example", ("3baeccc4e7cb2f87",), {}),
    ("example_counts", (), {}),
    ("review_examples", ([{"id": "a", "act": "accept", "version": 2}],), {"by": "花子"}),
    ("edit_example", ("a", {"answer": "答"}), {"version": 3, "by": "花子"}),
    ("assign_examples", (["a", "b"], "花子"), {"by": "太郎"}),
    ("remove_examples", (["a"],), {}),
    (
        "start_build_examples",
        (),
        {
            "source": "feedback",
            "limit": 5,
            "unanswerable": 0.5,
            "seed": 2,
            "evaluations": ["/q.jsonl"],
            "by": "x",
        },
    ),
    (
        "import_examples",
        ("問 & 答.csv", b"\xff\x00"),
        {"licence": "CC0", "find_evidence": True, "evaluations": ["/a b.jsonl", "/c"], "by": "花子"},
    ),
    ("export_examples", (), {"form": "alpaca", "split": None}),
    ("taught", ("d1",), {}),
    ("make_questions", (12, 3), {}),
    ("review_question", ("q1", "accepted"), {"by": "佐藤"}),
    ("edit_question", ("q1",), {"text": "何日？", "answers": ["10日"], "by": "佐藤"}),
    ("edit_question", ("q1",), {"text": None, "answers": None, "by": ""}),
    ("question_set", (), {}),
    ("verified", (), {}),
    ("verified_answer", ("v1",), {}),
    (
        "add_verified",
        ("何日？", "10日です。", [{"document": "d1", "start": 0, "end": 3}]),
        {"editor": "佐藤 & 田中", "also": ["何日間？"]},
    ),
    ("confirm_verified", ("v 1", "佐藤"), {}),
    ("remove_verified", ("v1",), {}),
    (
        "give_feedback",
        ("c1", 2),
        {"rating": "down", "reason": "wrong", "comment": "違う", "corrected": "20日です。"},
    ),
    ("take_back_feedback", ("c1", 2), {}),
    ("feedback", (), {"rating": "down", "conversation": "c & 1"}),
    ("feedback", (), {"rating": None, "conversation": None}),
    ("compare", ("10日です。", "10日とする。"), {}),
    ("adapters", (), {}),
    ("adapter", ("terms-1",), {}),
    ("publication", (), {}),
    ("publish_adapter", ("terms-1",), {"by": "佐藤", "trial": 0.25, "force": True, "reason": "急ぎ"}),
    ("publish_adapter", ("terms-1",), {"by": "", "trial": None, "force": False, "reason": ""}),
    ("roll_back_adapter", (), {"by": "佐藤", "to": "base", "reason": "悪化"}),
    ("roll_back_adapter", (), {"by": "佐藤", "to": None, "reason": ""}),
    ("adapter_trial", (), {}),
    ("remove_adapter", ("terms-1",), {}),
    ("choose_adapter", ("c1", "terms-1"), {}),
    ("choose_adapter", ("c1", None), {}),
    ("recipes", (), {}),
    ("estimate_training", ("cpu",), {"method": "dpo", "changes": {"training.epochs": 3.0}}),
    ("estimate_training", ("/a b/my.toml",), {"method": None, "changes": None}),
    ("start_training", ("cpu",), {"name": "ours", "method": "sft", "changes": {"lora.rank": 4}}),
    ("training_runs", (), {}),
    ("training_run", ("ours-2",), {"after": 12}),
    ("stop_training", ("ours-2",), {}),
    ("resume_training", ("ours-2",), {}),
    ("start_adapter_step", ("ours", "evaluate"), {"language": "ja", "time_again": True}),
    ("gate_report", ("ours", "20260101T000000-1"), {}),
    ("gate_report", ("ours", None), {}),
    ("audit_verify", (), {"anchor": "3:ab"}),
    ("audit_verify", (), {"anchor": None}),
    (
        "audit_list",
        (),
        {
            "user": "青木 & 伊藤",
            "kind": "act",
            "since": "2026-04-01",
            "until": "2026-04-30",
            "words": "有給 休暇",
            "limit": 5,
            "below": 70,
        },
    ),
    ("audit_replay", (3,), {}),
    ("audit_erase", (), {"by": "佐藤", "reason": "求め", "user": "青木", "before": None, "row": None}),
    ("conversations", (), {"search": "USB & 私物"}),
    ("conversation", ("c/1",), {}),
    ("new_conversation", (), {"title": "題"}),
    ("rename_conversation", ("c1", "新"), {}),
    ("delete_conversation", ("c1",), {}),
]


@pytest.mark.parametrize(("name", "arguments", "named"), CALLS)
def test_a_call_arrives_as_it_was_made(
    client: ServiceClient, operations: FakeOperations, name: str, arguments: tuple[Any, ...], named: Json
) -> None:
    if name in ("upload", "import_examples"):  # bytes do not go into the fake's JSON answer
        operations.streams[name] = lambda: {"path": "/ws/uploads/x"}
    if name == "conversation":
        arguments = ("c1",)
    answer = getattr(client, name)(*arguments, **named)
    called, got_arguments, got_named = operations.calls[-1]
    assert called == name
    assert [*got_arguments, *got_named.values()] == [*arguments, *named.values()]
    assert answer == {"path": "/ws/uploads/x"} or answer["name"] == name


STREAMS: list[tuple[str, tuple[Any, ...], Json]] = [
    (
        "ask",
        ("期限は？",),
        {
            "conversation": "c",
            "scope": {"documents": []},
            "language": "ja",
            "evidence": "whole",
            "model": "m",
            "verified": False,
            "history": [{"question": "上限は？", "answer": "1万円です。"}],
            "max_tokens": 9,
        },
    ),
    ("ingest", (["/a"],), {"groups": ["g"], "allow_empty": False, "reparse": True, "ocr": None}),
    ("index_rebuild", (), {}),
    (
        "audit_export",
        (),
        {"form": "csv", "user": "青木", "kind": None, "since": "2026-04-01", "until": None},
    ),
    ("index_reembed", ("m",), {}),
]


@pytest.mark.parametrize(("name", "arguments", "named"), STREAMS)
def test_a_stream_arrives_event_by_event(
    client: ServiceClient, operations: FakeOperations, name: str, arguments: tuple[Any, ...], named: Json
) -> None:
    sent = [
        {"event": "token", "text": "改行\n\u2028と「引用」"},
        {"event": "report", "report": {"done": True}},
    ]
    operations.streams[name] = lambda: iter(sent)
    assert list(getattr(client, name)(*arguments, **named)) == sent
    called, got_arguments, got_named = operations.calls[-1]
    gone = got_named.pop("cancelled", None)  # a function of the service's own, not the client's
    assert called == name and (gone is not None) == (name == "ask")
    assert [*got_arguments, *got_named.values()] == [*arguments, *named.values()]


def test_bytes_come_through(client: ServiceClient) -> None:
    assert client.page_image("d1", 3, scale=2.0) == b"d1/3/2.0"
    assert client.figure_image("d1", 4) == b"d1/4"
    assert client.original("d1") == ("就業 規則.pdf", b"d1")


def _expected_errors() -> list[Exception]:
    kinds = [
        kind
        for base in (IngestionError, AssistantError, InterfaceError)
        for kind in [base, *base.__subclasses__()]
    ]
    return [kind(f"値 {kind.__name__}") for kind in kinds]


@pytest.mark.parametrize("error", _expected_errors(), ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_on_both_sides(
    client: ServiceClient, operations: FakeOperations, error: Exception
) -> None:
    operations.raises = {"document": error, "ask": error}
    with pytest.raises(type(error), match=str(error)) as caught:
        client.document("d1")
    assert type(caught.value) is type(error)
    with pytest.raises(type(error), match=str(error)):
        list(client.ask("q"))
    assert type(error_from_json(error_json(error))) is type(error)


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFoundError("x"), 404), (RecordNotFoundError("x"), 404), (UnsafeRemovalError("x"), 409),
     (WorkspaceBusyError("x"), 409), (JobRunningError("x"), 409), (UsageError("x"), 422),
     (ModelError("x"), 400),
     (GenerationError("x"), 400)],
)  # fmt: skip
def test_errors_have_their_status(
    web: TestClient, operations: FakeOperations, error: Exception, status: int
) -> None:
    operations.raises = {"document": error}
    response = web.get("/documents/d1")
    assert response.status_code == status
    assert response.json() == {"error": error_json(error)}


def test_an_error_within_a_stream_is_raised_after_what_came_before(
    client: ServiceClient, operations: FakeOperations
) -> None:
    def failing() -> Iterator[Json]:
        yield {"event": "token", "text": "a"}
        raise GenerationError("the model fell over")

    operations.streams["ask"] = failing
    stream = client.ask("q")
    assert next(stream) == {"event": "token", "text": "a"}
    with pytest.raises(GenerationError, match="the model fell over"):
        next(stream)


def test_an_event_error_of_an_ingest_is_not_raised(client: ServiceClient, operations: FakeOperations) -> None:
    sent = [{"event": "error", "kind": "UnsafeRemovalError", "message": "m", "refused": True}]
    operations.streams["ingest"] = lambda: iter(sent)
    assert list(client.ingest(["/a"])) == sent


def test_a_stream_without_its_end_is_an_error(client: ServiceClient, operations: FakeOperations) -> None:
    operations.streams["ask"] = lambda: iter([{"event": "token", "text": "a"}])
    with pytest.raises(ServiceError, match="ended"):
        list(client.ask("q"))


@pytest.mark.parametrize(
    ("path", "body"),
    [("/search", {}), ("/search", {"query": "a", "mode": "x"}), ("/search", {"query": "a", "extra": 1}),
     ("/ask", {"question": "a", "language": "fr"}), ("/ingest", {"paths": "a"}),
     ("/search", {"query": "a", "top_k": 0})],
)  # fmt: skip
def test_a_wrong_body_is_refused_with_its_place(web: TestClient, path: str, body: Json) -> None:
    response = web.post(path, json=body)
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["kind"] == "UsageError" and error["message"].startswith("body.")


@pytest.mark.parametrize("scope", ["{", "[]", "3"])
def test_a_wrong_scope_in_an_address_is_refused(web: TestClient, scope: str) -> None:
    assert web.get("/documents", params={"scope": scope}).status_code == 422


def test_the_service_speaks_of_no_other_place(web: TestClient) -> None:
    assert web.get("/docs").status_code == web.get("/redoc").status_code == 404


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    found = ServiceClient(ADDRESS)
    assert found._http._mounts == {}
    found.close()


def test_a_dead_service_is_named_as_such() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    found = ServiceClient(ADDRESS, transport=httpx.MockTransport(refuse))
    for call in (found.status, lambda: list(found.ask("q"))):
        with pytest.raises(ServiceError, match="ended or does not answer"):
            call()
    found.close()


def test_a_stream_that_nobody_reads_any_more_is_closed() -> None:
    closed: list[bool] = []

    def endless() -> Iterator[Json]:
        try:
            while True:
                yield {"event": "token", "text": "a"}
        finally:
            closed.append(True)

    async def read_two() -> None:
        sent = events.stream(lambda _gone: endless())
        assert json.loads((await anext(sent))[6:]) == {"event": "token", "text": "a"}
        await anext(sent)
        await sent.aclose()  # type: ignore[attr-defined]
        for _ in range(100):
            if closed:
                return
            await asyncio.sleep(0.05)

    asyncio.run(read_two())
    assert closed == [True]


def test_a_silent_stream_learns_that_its_reader_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(events, "KEEP_ALIVE_SECONDS", 0.01)
    ended = threading.Event()

    def silent(gone: Callable[[], bool]) -> Iterator[Json]:
        while not gone():
            threading.Event().wait(0.01)
        ended.set()
        yield from ()

    async def read_one() -> None:
        sent = events.stream(silent)
        assert (await anext(sent)).startswith(b":")
        await sent.aclose()  # type: ignore[attr-defined]

    asyncio.run(read_one())
    assert ended.wait(10)


def test_a_client_can_leave_a_silent_stream() -> None:
    def comments() -> Iterator[bytes]:
        while True:
            yield b": waiting\n\n"

    answer = httpx.Response(200, content=comments())
    found = ServiceClient(ADDRESS, transport=httpx.MockTransport(lambda _: answer))
    looks = iter([False, False])
    assert list(found.ask("q", cancelled=lambda: next(looks, True))) == []
    found.close()


def test_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(events, "KEEP_ALIVE_SECONDS", 0.01)
    go = threading.Event()

    def slow() -> Iterator[Json]:
        assert go.wait(10)
        yield {"event": "finished"}

    async def read() -> list[bytes]:
        pieces = []
        async for piece in events.stream(lambda _gone: slow()):
            pieces.append(piece)
            go.set()
        return pieces

    pieces = asyncio.run(read())
    assert pieces[0].startswith(b":")
    assert list(events.decode(b"".join(pieces).decode().splitlines())) == [{"event": "finished"}]


def test_a_bug_in_a_stream_reaches_the_client(client: ServiceClient, operations: FakeOperations) -> None:
    def broken() -> Iterator[Json]:
        yield {"event": "token", "text": "a"}
        raise ZeroDivisionError

    operations.streams["ask"] = broken
    with pytest.raises(ServiceError, match="unexpected"):
        list(client.ask("q"))


def test_shutdown_is_passed_on(operations: FakeOperations) -> None:
    asked: list[bool] = []
    stop: Callable[[], None] = lambda: asked.append(True)  # noqa: E731
    with TestClient(create_app(operations, workspace="/ws", shut_down=stop)) as web:
        assert web.post("/shutdown").json()["done"] is True
    assert asked == [True]
