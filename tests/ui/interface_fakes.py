"""Fakes that obey the seams of `ui.operations` and `ui.asking`, and remember what they were asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.adapter_serving import AdapterServing, BaseModel
from assistant.adapters import AdapterFolder
from assistant.answers import (
    Answer,
    Checked,
    Citation,
    Claim,
    Event,
    Finished,
    Hit,
    Message,
    Retrieved,
    Timings,
    Token,
    Turn,
    Verdict,
)
from assistant.audit.answers import Asked
from assistant.errors import AuditError
from assistant.generation import AdapterFile, never
from assistant.records import Records
from assistant.retrieval import Retriever
from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, User
from ingestion.indexes import SearchIndexes
from ingestion.settings import Settings
from ingestion.workspace import Workspace
from ui.resources import Resources, Search

TEXT = "パスワードは90日ごとに変更する。"


def hit(text: str = TEXT) -> Hit:
    return Hit(
        rank=1, document="d1", source="/srv/rules", path="security.pdf", title="情報セキュリティ規程",
        format="pdf", page=3, page_label="3", locator=None, chunk_id=f"d1:0-{len(text)}", start=0,
        end=len(text), score=0.9, text=text, heading_path=("第3条",), dense=0.8, lexical=12.0,
    )  # fmt: skip


def claim(text: str) -> Claim:
    citation = Citation(
        document="d1", source="/srv/rules", path="security.pdf", page=3, page_label="3", locator=None,
        start=0, end=len(TEXT), quote=TEXT, score=0.9, number=1, title="情報セキュリティ規程", format="pdf",
    )  # fmt: skip
    return Claim(0, len(text), text, Verdict.SUPPORTED, 0.9, (citation,))


@dataclass
class FakeAssistant:
    """Answers every question with its own words, piece by piece.

    `pause` is waited for before the second token; `closed` is set when a stream was closed early.
    """

    model: str = "fake"
    pieces: tuple[str, ...] = ("90", "日です。")
    pause: threading.Event | None = None
    endless: bool = False
    closed: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, tuple[Turn, ...], Scope, str | None, str | None]] = field(default_factory=list)
    adapter: AdapterFile | None = None
    heard: Callable[[Sequence[Message]], object] = lambda messages: None
    written: Callable[[str], object] = lambda piece: None
    most_tokens: int | None = None

    def with_adapter(self, adapter: AdapterFile | None) -> FakeAssistant:
        return replace(self, adapter=adapter)

    def heard_by(
        self,
        heard: Callable[[Sequence[Message]], object],
        written: Callable[[str], object] = lambda piece: None,
    ) -> FakeAssistant:
        return replace(self, heard=heard, written=written)

    def limited_to(self, most_tokens: int) -> FakeAssistant:
        return replace(self, most_tokens=most_tokens)

    def count_tokens(self, text: str) -> int:
        return len(text)

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        scope: Scope,
        user: User = LOCAL_USER,
        language: str | None = None,
        evidence: str | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        self.asked.append((question, tuple(history), scope, language, evidence))
        try:  # a client may leave as soon as the first event is there
            yield Retrieved((hit(),), question)
            self.heard((Message("system", "役割"), Message("user", question)))
            yield Token(self.pieces[0])
            while self.pause is not None and not self.pause.wait(0.02):
                if cancelled():
                    self.closed.set()
                    return
            while self.endless:
                yield Token("。")
            yield Token("".join(self.pieces[1:]))
        except GeneratorExit:
            self.closed.set()
            raise
        text = "".join(self.pieces)
        self.written(text)
        yield Checked(claim(text))
        timings = Timings(1.0, 2.0, 3.0, len(self.pieces))
        adapter_name = self.adapter.name if self.adapter else None
        yield Finished(
            Answer(
                text, False, (claim(text),), (hit(),), self.model, adapter_name, timings, question=question
            )
        )  # fmt: skip


@dataclass
class FakeVerified:
    """Offers `answer` to every question, or nothing."""

    answer: Answer | None = None
    asked: list[tuple[str, Scope]] = field(default_factory=list)

    def offer(self, question: str, *, user: User = LOCAL_USER, scope: Scope = EVERYTHING) -> Answer | None:
        self.asked.append((question, scope))
        return self.answer


@dataclass
class FakeAudit:
    """Remembers what was answered, or refuses it."""

    rows: list[tuple[Asked, dict[str, Any], str | None, AdapterFile | None]] = field(default_factory=list)
    full: bool = False
    fills_up: bool = False

    def ready(self) -> None:
        if self.full:
            raise AuditError("the audit log is full.")

    def answered(
        self,
        asked: Asked,
        answer: dict[str, Any],
        *,
        model: str | None = None,
        adapter: AdapterFile | None = None,
    ) -> None:
        if self.fills_up:
            raise AuditError("the audit log is full.")
        self.rows.append((asked, answer, model, adapter))


@dataclass
class FakeAskResources:
    """What `ui.asking.Asking` needs, with one fake assistant a model."""

    records: Records
    settings: Settings = field(default_factory=Settings)
    assistants: dict[str | None, FakeAssistant] = field(default_factory=dict)
    chosen: list[str | None] = field(default_factory=list)
    user: User = LOCAL_USER
    tests_models: bool = True
    verified: FakeVerified = field(default_factory=FakeVerified)
    audit: FakeAudit = field(default_factory=FakeAudit)
    adapters: AdapterServing = field(
        default_factory=lambda: AdapterServing(
            AdapterFolder(Path("/nowhere")), lambda model: BaseModel(model or "fake", Path("/nowhere"))
        )
    )

    @property
    def user_now(self) -> User:
        return self.user

    @property
    def requoter(self) -> Any:
        raise AssertionError("the only user reads everything: what is kept is shown as it is")

    def assistant(self, model: str | None = None) -> Any:
        self.chosen.append(model)
        return self.assistants.setdefault(model, FakeAssistant(model or "fake"))


class FakeOperations:
    """Answers every operation with a value that holds its arguments; streams are given from outside."""

    def __init__(self, folder: Path = Path("/ws")) -> None:
        self.folder = folder
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.streams: dict[str, Any] = {}
        self.raises: dict[str, Exception] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, arguments, named))
            if name in self.raises:
                raise self.raises[name]
            if name in self.streams:
                return self.streams[name]()
            return {"name": name, "arguments": list(arguments), "named": {k: named[k] for k in sorted(named)}}

        return call

    def page_image(self, document: str, page: int, *, scale: float = 1.5) -> bytes:
        return f"{document}/{page}/{scale}".encode()

    def figure_image(self, document: str, figure: int) -> bytes:
        return f"{document}/{figure}".encode()

    def original(self, document: str) -> tuple[str, bytes]:
        return "就業 規則.pdf", document.encode()


class LetterEmbedder:
    """A unit vector of how often each character comes, so that texts with the same words are near."""

    identity = "letters:1"
    dimension = 64

    max_tokens = 512

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def embed_query(self, text: str) -> Any:
        return self.embed_passages([text])[0]

    def embed_passages(self, texts: Sequence[str]) -> Any:
        vectors = np.full((len(texts), self.dimension), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            for character in text:
                vectors[row, ord(character) % self.dimension] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class LightResources(Resources):
    """The real library, indexes and retrieval, with an embedder and a chat model that cost nothing."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(workspace, settings)
        self.fake = FakeAssistant()

    @property
    def search(self) -> Search:
        with self._opening:
            if self._search is None:
                embedder, library = LetterEmbedder(), self.library
                indexes = SearchIndexes.open(
                    self.workspace.indexes, library, embedder.identity, embedder.dimension
                )
                retriever = Retriever(library, indexes, embedder, self.settings.retrieval)
                self._search = Search(library, indexes, embedder, retriever)
            return self._search

    def assistant(self, model: str | None = None) -> Any:
        return self.fake
