"""The operations of a running service, over HTTP on this machine."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import quote, unquote

import httpx

from assistant.answers import Language, Mode
from assistant.generation import never
from ui.api.adapter_calls import AdapterCalls
from ui.api.audit_calls import AuditCalls
from ui.api.editor_calls import EditorCalls
from ui.api.evaluation_calls import EvaluationCalls
from ui.api.events import decode
from ui.api.example_calls import ExampleCalls
from ui.api.figure_calls import FigureCalls
from ui.api.knowledge_calls import KnowledgeCalls
from ui.api.model_calls import ModelCalls
from ui.api.monitoring_calls import MonitoringCalls
from ui.api.screening_calls import ScreeningCalls
from ui.api.session_calls import SessionCalls
from ui.api.sync_calls import SyncCalls
from ui.api.task_calls import TaskCalls
from ui.api.token import ServiceAddress
from ui.api.training_calls import TrainingCalls
from ui.errors import ServiceError, error_from_json
from ui.operations import EvidenceMode, Json

ENDED = "the service of this workspace ended or does not answer. Run the command again; it starts anew."
_CALL_SECONDS = 300.0
_SILENCE_SECONDS = 60.0  # many times as long as the service is ever silent


class ServiceClient(
    AdapterCalls,
    AuditCalls,
    EditorCalls,
    EvaluationCalls,
    ExampleCalls,
    FigureCalls,
    KnowledgeCalls,
    ModelCalls,
    MonitoringCalls,
    ScreeningCalls,
    SessionCalls,
    SyncCalls,
    TaskCalls,
    TrainingCalls,
):
    """Implements `ui.operations.Operations`; may be shared between threads."""

    def __init__(
        self,
        address: ServiceAddress,
        *,
        user: str | None = None,
        session: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """With the service's token, in the name of `user`; with `session`, as whoever that belongs to."""
        self._address, self._transport = address, transport
        named = {} if user is None else {"x-konkyo-user": quote(user)}
        # Proxies of the environment are for the outside; this connection never leaves the machine.
        self._http = httpx.Client(
            base_url=address.url,
            headers={"authorization": f"Bearer {session or address.token}", **named},
            timeout=httpx.Timeout(_CALL_SECONDS, connect=5.0),
            trust_env=False,
            transport=transport,
        )

    # --- state

    def health(self, *, seconds: float = 2.0) -> Json:
        """`{ok, workspace, version, pid}`."""
        return cast(Json, self._json("GET", "/health", timeout=seconds))

    def as_session(self, secret: str) -> ServiceClient:
        """A client that acts for whoever this session belongs to."""
        return ServiceClient(self._address, session=secret, transport=self._transport)

    def sign_in(self, name: str, password: str, *, address: str | None = None) -> ServiceClient:
        """A client that acts for this person.

        Raises:
            SignInError, SignInLimitError: as `begin_session`.
        """
        return self.as_session(self.begin_session(name, password, address=address)["token"])

    def sign_out(self) -> None:
        """End the session that this acts with."""
        self._json("DELETE", "/session")
        self.close()

    def shutdown(self) -> Json:
        """Ask the service to end; it finishes what it is writing."""
        return cast(Json, self._json("POST", "/shutdown"))

    def status(self) -> Json:
        """See `Operations.status`."""
        return cast(Json, self._json("GET", "/status"))

    def models(self) -> list[Json]:
        """See `Operations.models`."""
        return cast(list[Json], self._json("GET", "/models"))

    def settings(self) -> Json:
        """See `Operations.settings`."""
        return cast(Json, self._json("GET", "/settings"))

    # --- questions

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        mode: Mode | None = None,
        scope: Json | None = None,
        rerank: bool = True,
        explain: bool = False,
    ) -> list[Json]:
        """See `Operations.search`."""
        body = {
            "query": query, "top_k": top_k, "mode": mode, "scope": scope, "rerank": rerank,
            "explain": explain,
        }  # fmt: skip
        return cast(list[Json], self._json("POST", "/search", json=body))

    def ask(
        self,
        question: str,
        *,
        conversation: str | None = None,
        scope: Json | None = None,
        language: Language | None = None,
        evidence: EvidenceMode | None = None,
        model: str | None = None,
        verified: bool = True,
        history: Sequence[Json] = (),
        max_tokens: int | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Generator[Json, None, None]:
        """See `Operations.ask`."""
        body = {
            "question": question, "conversation": conversation, "scope": scope, "language": language,
            "evidence": evidence, "model": model, "verified": verified, "history": list(history),
            "max_tokens": max_tokens,
        }  # fmt: skip
        return self._events("/ask", body, cancelled)

    # --- ingestion

    def ingest(
        self,
        paths: Sequence[str],
        *,
        groups: Sequence[str] = (),
        allow_empty: bool = False,
        reparse: bool = False,
        ocr: str | None = None,
    ) -> Iterator[Json]:
        """See `Operations.ingest`."""
        return self._events("/ingest", _ingest_body(paths, groups, allow_empty, reparse, ocr))

    def start_ingest(
        self,
        paths: Sequence[str],
        *,
        groups: Sequence[str] = (),
        allow_empty: bool = False,
        reparse: bool = False,
        ocr: str | None = None,
    ) -> Json:
        """See `Operations.start_ingest`."""
        body = _ingest_body(paths, groups, allow_empty, reparse, ocr)
        return cast(Json, self._json("POST", "/job", json=body))

    def job(self) -> Json | None:
        """See `Operations.job`."""
        return cast(Json | None, self._json("GET", "/job"))

    def cancel_ingest(self) -> Json:
        """See `Operations.cancel_ingest`."""
        return cast(Json, self._json("DELETE", "/job"))

    def upload(self, name: str, data: bytes) -> Json:
        """See `Operations.upload`."""
        return cast(Json, self._json("POST", "/uploads", params={"name": name}, content=data))

    # --- documents

    def documents(self, *, scope: Json | None = None) -> list[Json]:
        """See `Operations.documents`."""
        params = {} if scope is None else {"scope": json.dumps(scope, ensure_ascii=False)}
        return cast(list[Json], self._json("GET", "/documents", params=params))

    def document(self, document: str) -> Json:
        """See `Operations.document`."""
        return cast(Json, self._json("GET", _document(document)))

    def boxes(self, document: str, start: int, end: int) -> list[Json]:
        """See `Operations.boxes`."""
        place = {"start": start, "end": end}
        return cast(list[Json], self._json("GET", f"{_document(document)}/boxes", params=place))

    def page_image(self, document: str, page: int, *, scale: float = 1.5) -> bytes:
        """See `Operations.page_image`."""
        url = f"{_document(document)}/pages/{page}/image"
        return self._send("GET", url, params={"scale": scale}).content

    def page_size(self, document: str, page: int) -> Json:
        """See `Operations.page_size`."""
        return cast(Json, self._json("GET", f"{_document(document)}/pages/{page}"))

    def original(self, document: str) -> tuple[str, bytes]:
        """See `Operations.original`."""
        response = self._send("GET", f"{_document(document)}/original")
        name = re.search(r"filename\*=UTF-8''(\S+)", response.headers["content-disposition"])
        return (unquote(name[1]) if name else document), response.content

    def remove_document(self, document: str) -> Json:
        """See `Operations.remove_document`."""
        return cast(Json, self._json("DELETE", _document(document)))

    def failures(self) -> list[Json]:
        """See `Operations.failures`."""
        return cast(list[Json], self._json("GET", "/failures"))

    def sources(self) -> list[Json]:
        """See `Operations.sources`."""
        return cast(list[Json], self._json("GET", "/sources"))

    # --- indexes

    def index_check(self) -> Json:
        """See `Operations.index_check`."""
        return cast(Json, self._json("GET", "/index"))

    def index_rebuild(self) -> Iterator[Json]:
        """See `Operations.index_rebuild`."""
        return self._events("/index/rebuild", {})

    def index_reembed(self, model: str | None = None) -> Iterator[Json]:
        """See `Operations.index_reembed`."""
        return self._events("/index/reembed", {"model": model})

    # --- conversations

    def conversations(self, *, search: str = "") -> list[Json]:
        """See `Operations.conversations`."""
        return cast(list[Json], self._json("GET", "/conversations", params={"search": search}))

    def conversation(self, conversation: str) -> Json:
        """See `Operations.conversation`."""
        return cast(Json, self._json("GET", _conversation(conversation)))

    def new_conversation(self, *, title: str = "") -> Json:
        """See `Operations.new_conversation`."""
        return cast(Json, self._json("POST", "/conversations", json={"title": title}))

    def rename_conversation(self, conversation: str, title: str) -> Json:
        """See `Operations.rename_conversation`."""
        return cast(Json, self._json("PATCH", _conversation(conversation), json={"title": title}))

    def delete_conversation(self, conversation: str) -> Json:
        """See `Operations.delete_conversation`."""
        return cast(Json, self._json("DELETE", _conversation(conversation)))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # --- HTTP

    def _json(self, method: str, url: str, **arguments: Any) -> Any:
        return self._send(method, url, **arguments).json()

    def _send(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        with _translated():
            response = self._http.request(method, url, **arguments)
        _raise_for(response)
        return response

    def _events(
        self, url: str, body: Json, cancelled: Callable[[], bool] = never
    ) -> Generator[Json, None, None]:
        timeout = httpx.Timeout(_SILENCE_SECONDS, connect=5.0)
        with _translated(), self._http.stream("POST", url, json=body, timeout=timeout) as response:
            if response.is_error:
                response.read()
            _raise_for(response)
            last = ""
            # The service's comments come as lines too, so that a silent stream can be left.
            lines = itertools.takewhile(lambda _line: not cancelled(), response.iter_lines())
            for event in decode(lines):
                last = event["event"]
                yield event
            if last not in ("finished", "report", "error") and not cancelled():
                raise ServiceError(ENDED)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise ServiceError(ENDED) from error


def _raise_for(response: httpx.Response) -> None:
    if not response.is_error:
        return
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        raise ServiceError(
            f"the service failed with status {response.status_code}; see logs/service.log in the workspace."
        ) from None
    raise error_from_json(error)


def _ingest_body(
    paths: Sequence[str], groups: Sequence[str], allow_empty: bool, reparse: bool, ocr: str | None
) -> Json:
    return {
        "paths": list(paths), "groups": list(groups), "allow_empty": allow_empty, "reparse": reparse,
        "ocr": ocr,
    }  # fmt: skip


def _document(document: str) -> str:
    return f"/documents/{quote(document, safe='')}"


def _conversation(conversation: str) -> str:
    return f"/conversations/{quote(conversation, safe='')}"
