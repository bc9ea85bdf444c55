from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from assistant.answers import Message
from assistant.errors import GenerationError, PromptTooLongError
from assistant.openai_server import OpenAIServerGenerator
from ingestion.settings import ServerSettings

pytestmark = pytest.mark.network

ASKED = [Message("system", "s"), Message("user", "上限は？")]


class Server(ThreadingHTTPServer):
    """Speaks the protocol from `lines`; remembers what was asked and whether the client left."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lines: list[str] = []
        self.status = 200
        self.delay = 0.0
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()
        try:
            for line in self.server.lines:
                time.sleep(self.server.delay)
                self.wfile.write(f"{line}\n\n".encode())
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.server.left.set()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def piece(text: str) -> str:
    return "data: " + json.dumps({"choices": [{"delta": {"content": text}}]})


def generator(server: Server, **settings: Any) -> OpenAIServerGenerator:
    settings = {"base_url": server.url, "model": "m", "timeout_seconds": 5, **settings}
    return OpenAIServerGenerator(ServerSettings(**settings), environ={"KEY": "secret"})


def test_pieces_come_as_they_are_sent(server: Server) -> None:
    role = "data: " + json.dumps({"choices": [{"delta": {"role": "assistant"}}]})
    usage = "data: " + json.dumps({"choices": [], "usage": {}})
    server.lines = [role, piece("上限は"), ": comment", piece("12,000円"), usage, "data: [DONE]", piece("x")]
    model = generator(server, api_key_env="KEY")
    assert list(model.generate(ASKED, max_tokens=7, temperature=0.5, seed=3)) == ["上限は", "12,000円"]
    path, headers, body = server.asked[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == ("m", 7, 0.5, 3)
    assert body["messages"][1] == {"role": "user", "content": "上限は？"}
    model.close()


@pytest.mark.parametrize("ending", ["/v1", "/v1/", "/"])
def test_the_address_may_end_in_v1_or_a_slash(server: Server, ending: str) -> None:
    server.lines = [piece("x")]
    model = generator(server, base_url=server.url + ending)
    assert list(model.generate(ASKED, max_tokens=1)) == ["x"]
    assert server.asked[0][0] == "/v1/chat/completions"
    model.close()


def test_closing_the_iterator_closes_the_connection(server: Server) -> None:
    server.lines, server.delay = [piece("x" * 5000)] * 400, 0.01
    model = generator(server)
    pieces = model.generate(ASKED, max_tokens=9)
    assert next(pieces).startswith("x")
    pieces.close()  # type: ignore[attr-defined]
    assert server.left.wait(10)
    model.close()


@pytest.mark.parametrize(
    ("status", "lines", "error", "says"),
    [
        (401, ["no"], GenerationError, "api_key_env"),
        (404, ["no such model"], GenerationError, "server.model"),
        (500, ["boom"], GenerationError, "boom"),
        (400, ["maximum context length is 10"], PromptTooLongError, "context"),
        (200, ["data: {not json"], GenerationError, "protocol"),
        (200, ['data: {"error": "out of memory"}'], GenerationError, "out of memory"),
    ],
)
def test_failures_say_what_to_do(
    server: Server, status: int, lines: list[str], error: type[Exception], says: str
) -> None:
    server.status, server.lines = status, lines
    model = generator(server)
    with pytest.raises(error, match=says):
        list(model.generate(ASKED, max_tokens=1))
    model.close()


def test_a_slow_server_times_out(server: Server) -> None:
    server.lines, server.delay = [piece("x")], 1.0
    model = generator(server, timeout_seconds=0.2)
    with pytest.raises(GenerationError, match="timeout_seconds"):
        list(model.generate(ASKED, max_tokens=1))
    model.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://127.0.0.1:port", "127.0.0.1:9"])
def test_no_server_is_said_plainly(url: str) -> None:
    settings = ServerSettings(base_url=url, model="m", timeout_seconds=2)
    model = OpenAIServerGenerator(settings, environ={})
    with pytest.raises(GenerationError, match="base_url"):
        list(model.generate(ASKED, max_tokens=1))
    model.close()


def test_a_missing_key_is_found_before_anything_is_sent() -> None:
    settings = ServerSettings(base_url="http://127.0.0.1:9", model="m", api_key_env="ABSENT")
    with pytest.raises(GenerationError, match="ABSENT"):
        OpenAIServerGenerator(settings, environ={})
