"""The addresses below /v1 without sockets: what is asked of the operations, and in which form it is told."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from interface_fakes import FakeOperations, claim, hit

from assistant.answers import Answer, Timings
from assistant.errors import AccessRefusedError, GenerationError, PromptTooLongError
from ingestion.errors import ModelError
from ui.api.guard import Guard, allowed_hosts
from ui.api.openai_replies import sentences_of
from ui.api.service import create_app
from ui.errors import JobRunningError, UsageError

Json = dict[str, Any]
TOKEN = "secret"
URL = "/v1/chat/completions"
ASKED = {"role": "user", "content": "期限は？"}
PICTURE = {"role": "user", "content": [{"type": "image_url"}]}
CALL = {"role": "assistant", "tool_calls": [{"id": "1"}]}


def finished(text: str = "90日です。", *, abstained: bool = False, wrote: int = 5, **more: Any) -> Json:
    claims = () if abstained else (claim(text),)
    answer = Answer(text, abstained, claims, (hit(),), "tiny", None, Timings(1.0, 2.0, 3.0, 2), **more)
    usage = {"prompt_tokens": 40, "completion_tokens": wrote}
    return {"event": "finished", "answer": answer.as_json(), "conversation": None, "usage": usage}


EVENTS: list[Json] = [
    {"event": "waiting", "ahead": 1},
    {"event": "retrieved", "hits": [], "question": "期限は？", "waiting": 0},
    {"event": "token", "text": "91"},
    {"event": "mending", "claims": [], "hits": []},
    {"event": "token", "text": "90日です。"},
    {"event": "checked", "claim": claim("90日です。").as_json()},
    finished(),
]


@pytest.fixture(scope="module")
def shared() -> FakeOperations:
    return FakeOperations()


@pytest.fixture
def operations(shared: FakeOperations) -> FakeOperations:
    found = shared
    found.calls.clear()
    found.raises.clear()
    found.streams["ask"] = lambda: iter(EVENTS)
    found.streams["served_models"] = lambda: [{"name": "tiny", "role": "chat", "default": True}]
    found.streams["embed"] = lambda: {
        "model": "e5", "dimension": 2, "vectors": [[0.6, 0.8], [1.0, 0.0]], "tokens": 7,
    }  # fmt: skip
    return found


@pytest.fixture(scope="module")
def service(shared: FakeOperations) -> Iterator[TestClient]:
    app = create_app(shared, workspace="/ws", shut_down=lambda: None)
    guard = Guard(app, token=TOKEN, hosts=allowed_hosts("127.0.0.1"))
    with TestClient(
        guard, base_url="http://127.0.0.1", headers={"authorization": f"Bearer {TOKEN}"}
    ) as client:
        yield client


@pytest.fixture
def web(service: TestClient, operations: FakeOperations) -> TestClient:
    return service


def chunks_of(text: str) -> list[Json]:
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def asked(operations: FakeOperations) -> Json:
    name, positional, named = operations.calls[-1]
    assert (name, positional) == ("ask", ())
    assert callable(named.pop("cancelled"))
    return named


def test_the_last_message_is_asked_and_the_others_are_turns(
    web: TestClient, operations: FakeOperations
) -> None:
    messages = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "宿泊費の上限は？"},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "12,000円"}, {"type": "text", "text": "です。"}],
        },
        {"role": "user", "content": "unanswered"},
        {"role": "user", "content": [{"type": "text", "text": "管理職は？"}]},
    ]
    body = {
        "model": "tiny", "messages": messages, "temperature": 0.7, "user": "me", "max_tokens": 99,
        "max_completion_tokens": 50, "n": 1, "tools": [], "seed": None,
        "konkyo": {"scope": {"documents": ["d1"]}, "language": "ja", "verified": False},
    }  # fmt: skip
    told = web.post(URL, json=body).json()
    assert asked(operations) == {
        "question": "管理職は？", "model": "tiny", "scope": {"documents": ["d1"]}, "language": "ja",
        "verified": False, "max_tokens": 50,
        "history": [
            {"question": "宿泊費の上限は？", "answer": "12,000円です。"},
            {"question": "unanswered", "answer": ""},
        ],
    }  # fmt: skip
    ignored = told["choices"][0]["message"]["konkyo"]["ignored"]
    assert sorted(ignored) == ["system message", "temperature", "user"]
    assert "pirate" not in json.dumps(operations.calls, default=str)


def test_a_whole_answer_carries_its_grounds(web: TestClient, operations: FakeOperations) -> None:
    told = web.post(URL, json={"model": "konkyo", "messages": [ASKED]}).json()
    assert asked(operations)["model"] is None
    [choice] = told["choices"]
    assert (told["object"], told["model"], choice["finish_reason"]) == ("chat.completion", "konkyo", "stop")
    assert choice["message"]["content"] == "90日です。" and choice["message"]["role"] == "assistant"
    wanted = finished()["answer"]
    del wanted["answer"]
    assert choice["message"]["konkyo"] == {**wanted, "ignored": []}
    assert told["usage"] == {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_holds_the_settled_answer_and_nothing_of_drafts(web: TestClient, usage: bool) -> None:
    body = {"messages": [ASKED], "stream": True, "stream_options": {"include_usage": usage}}
    response = web.post(URL, json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    found = chunks_of(response.text)
    assert len({one["id"] for one in found}) == 1
    if usage:
        last = found.pop()
        assert (last["choices"], last["usage"]["total_tokens"]) == ([], 45)
    assert all(one.get("usage") is None and ("usage" in one) is usage for one in found)
    deltas = [one["choices"][0]["delta"] for one in found]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == "90日です。"
    assert deltas[-1]["konkyo"]["claims"][0]["verdict"] == "supported"
    assert [one["choices"][0]["finish_reason"] for one in found] == [None] * (len(found) - 1) + ["stop"]
    assert not any("konkyo" in delta for delta in deltas[:-1])


def test_who_asks_for_the_events_gets_them_as_they_are(web: TestClient) -> None:
    body = {"messages": [ASKED], "stream": True, "konkyo": {"events": True}}
    found = chunks_of(web.post(URL, json=body).text)
    events = [one["choices"][0]["delta"].get("konkyo") for one in found]
    assert [event for event in events if event and "event" in event] == EVENTS[:-1]


def test_an_abstention_is_told_as_one(web: TestClient, operations: FakeOperations) -> None:
    said = "文書には見当たりません。\n近い文書：規程"
    operations.streams["ask"] = lambda: iter([finished(said, abstained=True, wrote=0)])
    told = web.post(URL, json={"messages": [ASKED]}).json()
    assert told["choices"][0]["message"]["konkyo"]["abstained"] is True
    assert told["choices"][0]["message"]["content"] == said
    found = chunks_of(web.post(URL, json={"messages": [ASKED], "stream": True}).text)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in found) == said


@pytest.mark.parametrize(
    ("most", "wrote", "mended", "reason"),
    [(5, 5, "", "length"), (6, 5, "", "stop"), (5, 9, "regenerated", "stop"), (5, 10, "kept", "length"),
     (None, 500, "", "stop")],
)  # fmt: skip
def test_what_was_cut_says_so(
    web: TestClient, operations: FakeOperations, most: int | None, wrote: int, mended: Any, reason: str
) -> None:
    operations.streams["ask"] = lambda: iter([finished(wrote=wrote, mended=mended)])
    told = web.post(URL, json={"messages": [ASKED], "max_tokens": most}).json()
    assert told["choices"][0]["finish_reason"] == reason


def test_sentences_together_are_the_text() -> None:
    answer = {"answer": "一。\n二。 三", "claims": [{"end": 2}, {"end": 5}, {"end": 7}]}
    assert sentences_of(answer) == ["一。", "\n二。", " 三"]
    assert sentences_of({"answer": "", "claims": []}) == []


@pytest.mark.parametrize(
    ("changed", "param", "code"),
    [
        ({"n": 2}, "n", "unsupported_parameter"),
        ({"tools": [{"type": "function"}]}, "tools", "unsupported_parameter"),
        ({"tool_choice": "required"}, "tool_choice", "unsupported_parameter"),
        ({"logprobs": True}, "logprobs", "unsupported_parameter"),
        ({"response_format": {"type": "json_object"}}, "response_format", "unsupported_parameter"),
        ({"stop": ["。"]}, "stop", "unsupported_parameter"),
        ({"nonsense": 1}, "nonsense", "unknown_parameter"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages", "invalid_value"),
        ({"messages": [ASKED, {"role": "assistant", "content": "x"}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "tool", "content": "x"}, ASKED]}, "messages", "unsupported_parameter"),
        ({"messages": [PICTURE]}, "messages", "unsupported_parameter"),
        ({"messages": [ASKED, CALL, ASKED]}, "messages", "unsupported_parameter"),
        ({"konkyo": {"unknown": 1}}, "konkyo", "invalid_value"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages", "invalid_value"),
    ],
)  # fmt: skip
def test_what_is_not_done_here_is_refused(
    web: TestClient, operations: FakeOperations, changed: Json, param: str, code: str
) -> None:
    body = json.dumps({"messages": [ASKED], **changed})  # in ASCII: half a character cannot be sent otherwise
    response = web.post(URL, content=body, headers={"content-type": "application/json"})
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error"), error
    assert (error["param"], error["code"], error["kind"]) == (param, code, "UsageError")
    assert operations.calls == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [(UsageError("x"), 400, "invalid_request_error", None),
     (PromptTooLongError("x"), 400, "invalid_request_error", "context_length_exceeded"),
     (ModelError("x"), 404, "not_found_error", "model_not_found"),
     (AccessRefusedError("x"), 403, "permission_error", None),
     (JobRunningError("x"), 409, "conflict_error", None),
     (GenerationError("x"), 500, "server_error", None),
     (ZeroDivisionError("inner secret"), 500, "server_error", None)],
)  # fmt: skip
def test_a_failure_before_the_first_event_has_its_status(
    web: TestClient, operations: FakeOperations, error: Exception, status: int, kind: str, code: str | None,
    stream: bool,
) -> None:  # fmt: skip
    operations.raises["ask"] = error
    response = web.post(URL, json={"messages": [ASKED], "stream": stream})
    told = response.json()["error"]
    assert (response.status_code, told["type"], told["code"]) == (status, kind, code)
    assert "inner secret" not in response.text


def test_a_failure_in_the_middle_ends_the_stream_without_its_end(
    web: TestClient, operations: FakeOperations
) -> None:
    def failing() -> Iterator[Json]:
        yield EVENTS[0]
        raise GenerationError("the model fell over")

    operations.streams["ask"] = failing
    text = web.post(URL, json={"messages": [ASKED], "stream": True}).text
    assert "[DONE]" not in text
    last = json.loads(text.strip().splitlines()[-1][6:])
    assert last["error"]["message"] == "the model fell over" and last["error"]["type"] == "server_error"
    response = web.post(URL, json={"messages": [ASKED]})
    assert (response.status_code, response.json()["error"]["kind"]) == (500, "GenerationError")


def test_an_answer_that_never_ends_is_no_answer(web: TestClient, operations: FakeOperations) -> None:
    operations.streams["ask"] = lambda: iter(EVENTS[:2])
    assert web.post(URL, json={"messages": [ASKED]}).status_code == 500
    assert "[DONE]" not in web.post(URL, json={"messages": [ASKED], "stream": True}).text


def test_models_are_ours_and_those_that_are_served(web: TestClient) -> None:
    found = web.get("/v1/models").json()
    assert [(one["id"], one["konkyo"]) for one in found["data"]] == [
        ("konkyo", None), ("tiny", {"role": "chat", "default": True}),
    ]  # fmt: skip


def test_vectors_come_as_numbers_or_packed(web: TestClient, operations: FakeOperations) -> None:
    body = {"input": ["a", "b"], "model": "konkyo", "input_type": "query", "dimensions": 2, "user": "x"}
    told = web.post("/v1/embeddings", json=body).json()
    assert operations.calls[-1] == ("embed", (["a", "b"],), {"kind": "query", "model": None})
    assert [one["embedding"] for one in told["data"]] == [[0.6, 0.8], [1.0, 0.0]]
    assert told["usage"] == {"prompt_tokens": 7, "total_tokens": 7} and told["model"] == "e5"
    packed = web.post("/v1/embeddings", json={"input": "a", "encoding_format": "base64"}).json()
    raw = base64.b64decode(packed["data"][0]["embedding"])
    assert struct.unpack("<2f", raw) == pytest.approx((0.6, 0.8))


@pytest.mark.parametrize(
    ("body", "param"),
    [({"input": [1, 2]}, "input"), ({"input": [[1], [2]]}, "input"), ({}, "input"),
     ({"input": "a", "dimensions": 3}, "dimensions"), ({"input": "a", "x": 1}, "x"),
     ({"input": "a", "encoding_format": "int8"}, "encoding_format")],
)  # fmt: skip
def test_other_vectors_are_refused(web: TestClient, body: Json, param: str) -> None:
    response = web.post("/v1/embeddings", json=body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/nothing", "/v1/models"])
def test_strangers_and_wrong_addresses_are_told_in_the_same_form(web: TestClient, path: str) -> None:
    refused = web.get(path, headers={"authorization": "Bearer wrong"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
    if path != "/v1/models":
        wrong = web.get(path)
        assert wrong.status_code in (404, 405) and wrong.json()["error"]["kind"] == "NotFoundError"
    assert web.get("/nothing").json() == {"detail": "Not Found"}
