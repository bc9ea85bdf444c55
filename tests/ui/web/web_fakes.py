"""A workspace in memory that obeys `ui.operations.Operations` and behaves in time like a real one.

Its documents, answers and verdicts are planted, so tests know the truth. PDF pages are drawn from the same
numbers that `boxes` returns.
"""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from PIL import Image
from web_fake_editor import FakeEditor
from web_fake_quality import FakeEvaluations
from web_fake_syncs import FakeScreening, FakeSyncs, FakeVersions
from web_fake_training import FakeAdapters, FakeExamples, FakeTraining
from web_fake_usage import FakeMonitoring
from web_library import ANSWERS, HEIGHT, SCRIPT, WIDTH, draw_page, library, line_boxes, make_document

from assistant.errors import GenerationError
from ingestion.errors import IngestionError
from ui.errors import JobRunningError, NotFoundError

Json = dict[str, Any]

__all__ = ["ANSWERS", "EXPLAINED", "PATIENCE", "SCRIPT", "FakeOperations", "make_document"]

PATIENCE = 120.0
"""Seconds until a page or an answer counts as broken: a busy machine draws one in half a minute."""


EXPLAINED: Json = {
    "searched": "", "dense": {"rank": 3, "score": 0.87, "scaled": 0.71}, "lexical": None, "dense_weight": 0.4,
    "fused": 0.28, "terms": [], "hints": [{"kind": "article", "words": "第12条", "bonus": 0.12}],
    "rerank": None, "versions": {"rank_before": None, "state": None}, "pieces": [],
}  # fmt: skip


@dataclass
class FakeOperations(
    FakeEditor, FakeEvaluations, FakeMonitoring, FakeSyncs, FakeScreening, FakeVersions, FakeExamples,
    FakeTraining, FakeAdapters,
):  # fmt: skip
    """`delay` seconds pass between events; `questions` remembers what was asked with which arguments."""

    delay: float = 0.0
    stored: list[Json] = field(default_factory=library)
    questions: list[Json] = field(default_factory=list)
    chat_present: bool = True
    embedder_present: bool = True
    broken: Exception | None = None
    language: str = "auto"

    def __post_init__(self) -> None:
        FakeSyncs.__init__(self)
        FakeScreening.__init__(self)
        FakeVersions.__init__(self)
        FakeEditor.__init__(self)
        FakeEvaluations.__init__(self)
        FakeMonitoring.__init__(self)
        FakeExamples.__init__(self)
        FakeTraining.__init__(self)
        FakeAdapters.__init__(self)
        self._talks: dict[str, Json] = {}
        self._failures: list[Json] = []
        self._job: Json | None = None
        self._cancel = threading.Event()
        self._turn = threading.Lock()
        self._lock = threading.RLock()
        self._waiting = 0
        self._uploads: dict[str, tuple[str, bytes]] = {}

    # --- state

    def status(self) -> Json:
        if self.broken is not None:
            raise self.broken
        return {
            "version": "0",
            "workspace": "/tmp/workspace",
            "pid": 1,
            "service": True,
            "language": self.language,
            "documents": len(self.stored),
            "chunks": 9,
            "failures": len(self._failures),
            "waiting": self._waiting,
            "chat": {"name": "test-model", "present": self.chat_present, "loaded": True},
            "embedder": {"name": "test-embedder", "present": self.embedder_present, "loaded": True},
            "warm": "ready",
            "warm_error": None,
            "job": self._job,
        }

    def models(self) -> list[Json]:
        names = ("test-model", "other-model", "absent-model")
        return [{"name": name, "role": "chat", "present": name != "absent-model"} for name in names]

    def settings(self) -> Json:
        return {}

    # --- questions

    def search(self, query: str, *, explain: bool = False, **_: Any) -> list[Json]:
        hits = [self._hit(document, rank) for rank, document in enumerate(self.stored, start=1)]
        return [hit | ({"explain": EXPLAINED | {"searched": query}} if explain else {}) for hit in hits]

    def ask(
        self, question: str, *, conversation: str | None = None, scope: Json | None = None, **rest: Any
    ) -> Iterator[Json]:
        self.questions.append({"question": question, "conversation": conversation, "scope": scope, **rest})
        with self._lock:
            ahead = self._waiting
            self._waiting += 1
        try:
            if ahead:
                yield {"event": "waiting", "ahead": ahead}
            with self._turn:
                yield from self._answer(question, conversation, scope)
        finally:
            with self._lock:
                self._waiting -= 1

    def _answer(self, question: str, conversation: str | None, scope: Json | None) -> Iterator[Json]:
        planted = next((one for one in ANSWERS if one.keyword in question), None)
        first = planted.sentences[0][2] if planted else "rules"
        ranked = sorted(self.stored, key=lambda document: document["id"] != first)
        hits = [self._hit(document, rank) for rank, document in enumerate(ranked, start=1)]
        time.sleep(self.delay)
        yield {"event": "retrieved", "hits": hits, "question": question, "waiting": 0}
        if "fail" in question:
            raise GenerationError("the model stopped answering. Restart it and ask again.")
        text, claims, stopped = "", [], True
        try:
            for words, verdict, document, quote in planted.sentences if planted else ():
                for start in range(0, len(words), 4):
                    time.sleep(self.delay)
                    piece = words[start : start + 4]
                    text += piece
                    yield {"event": "token", "text": piece}
                claims.append(self._claim(words, text, verdict, document, quote))
                yield {"event": "checked", "claim": claims[-1]}
            stopped = False
        finally:
            abstained = planted is None
            if abstained:
                text = "文書の中に答えが見つかりませんでした。近い文書：就業規則"
            answer = {
                "answer": text,
                "abstained": abstained,
                "claims": claims,
                "hits": hits,
                "model": "test-model",
                "adapter": None,
                "question": question,
                "draft": "",
                "stopped": stopped and not abstained,
                "timings": {"retrieve_ms": 1.0, "first_token_ms": 2.0, "total_ms": 3.0, "tokens": 4},
            }
            self._store(conversation, question, answer, scope)
        yield {"event": "finished", "answer": answer, "conversation": conversation}

    def _store(self, conversation: str | None, question: str, answer: Json, scope: Json | None) -> None:
        if conversation is None or conversation not in self._talks:
            return
        talk = self._talks[conversation]
        now = datetime.now(UTC).isoformat()
        talk["title"] = talk["title"] or question
        talk["updated_at"] = now
        talk["messages"] += [
            {
                "id": uuid.uuid4().hex,
                "role": "user",
                "text": question,
                "answer": None,
                "scope": scope,
                "at": now,
            },
            {
                "id": uuid.uuid4().hex,
                "role": "assistant",
                "text": answer["answer"],
                "answer": answer,
                "scope": scope,
                "at": now,
            },
        ]

    def _hit(self, document: Json, rank: int) -> Json:
        page = document["pages"][-1]
        return self._place(document, page["start"], page["end"]) | {
            "rank": rank,
            "score": 0.9,
            "text": document["text"][page["start"] : page["end"]],
            "chunk_id": f"{document['id']}:0",
            "heading_path": [],
        }

    def _claim(self, words: str, text: str, verdict: str, document: str, quote: str | None) -> Json:
        citations = []
        if quote is not None:
            found = self._find(document)
            start = found["text"].index(quote)
            citations.append(
                self._place(found, start, start + len(quote)) | {"quote": quote, "score": 0.8, "number": 1}
            )
        end = len(text)
        return {
            "text": words,
            "verdict": verdict,
            "score": 0.8,
            "citations": citations,
            "start": end - len(words),
            "end": end,
            "reasons": [],
        }

    def _place(self, document: Json, start: int, end: int) -> Json:
        location = document["locations"][0]
        page = max((p for p in document["pages"] if p["start"] <= start), key=lambda p: p["start"])
        return {
            "document": document["id"],
            "source": location["source"],
            "path": location["path"],
            "page": page["number"] if document["paged"] else None,
            "page_label": None,
            "locator": None,
            "start": start,
            "end": end,
            "title": document["title"],
            "format": document["format"],
            "shown_as": location["shown_as"],
        }

    # --- ingestion

    def ingest(self, paths: Sequence[str], **_: Any) -> Iterator[Json]:
        raise AssertionError("the page does not ask for this")

    def upload(self, name: str, data: bytes) -> Json:
        path = f"/tmp/workspace/uploads/{name}"
        self._uploads[path] = (name, data)
        return {"path": path, "name": name}

    def start_ingest(self, paths: Sequence[str], *, allow_empty: bool = False, **_: Any) -> Json:
        with self._lock:
            if self._job is not None and self._job["state"] == "running":
                raise JobRunningError("another ingest is running. Wait until it ends.")
            if any("missing" in path for path in paths):
                raise IngestionError(f"{paths[0]} does not exist. Check the path.")
            self._cancel.clear()
            self._job = {
                "id": uuid.uuid4().hex,
                "kind": "documents",
                "about": "",
                "state": "running",
                "paths": list(paths),
                "started_at": "",
                "ended_at": None,
                "progress": None,
                "report": None,
                "message": None,
            }
        threading.Thread(target=self._work, args=(list(paths), allow_empty), daemon=True).start()
        return dict(self._job)

    def _work(self, paths: list[str], allow_empty: bool) -> None:
        assert self._job is not None
        if any("vanished" in path for path in paths) and not allow_empty:
            self._job |= {"state": "refused", "message": "4 of 5 documents would be removed."}
            return
        report = dict.fromkeys(("added", "changed", "moved", "removed", "unchanged"), 0) | {"failed": []}
        for done, path in enumerate(paths):
            self._job["progress"] = {
                "event": "progress",
                "phase": "parse",
                "done": done,
                "total": len(paths),
                "path": path,
                "chunks_done": 0,
                "rate": 1.0,
                "eta_seconds": 2,
            }
            time.sleep(self.delay * 5)
            if self._cancel.is_set():
                self._job |= {"state": "cancelled", "message": "cancelled"}
                return
            name = path.rsplit("/", 1)[-1]
            if "broken" in name:
                self._failures.append(
                    {
                        "source": "/tmp/workspace/uploads",
                        "path": name,
                        "shown_as": name,
                        "reason": "the file is encrypted. Save it without a password.",
                        "at": "",
                        "ignored": False,
                    }
                )
                report["failed"].append({"path": name, "reason": "encrypted"})
                continue
            text = self._uploads.get(path, (name, b"text of the file"))[1].decode("utf-8", "replace")
            self.stored.append(
                make_document(uuid.uuid4().hex[:16], "", name, [text], source="/tmp/workspace/uploads")
            )
            report["added"] += 1
        self._job |= {"state": "done", "report": report, "progress": None}

    def job(self) -> Json | None:
        return dict(self._job) if self._job else None

    def cancel_ingest(self) -> Json:
        self._cancel.set()
        return {"done": True}

    # --- documents

    def documents(self, *, scope: Json | None = None) -> list[Json]:
        keys = ("id", "title", "format", "status", "bytes", "added_at", "warnings", "locations")
        return [
            {key: document[key] for key in keys}
            | {"pages": len(document["pages"]), "chunks": len(document["chunks"])}
            for document in self.stored
        ]

    def _find(self, document: str) -> Json:
        for found in self.stored:
            if found["id"] == document:
                return found
        raise NotFoundError(f"no document {document!r}. `konkyo documents list` shows them.")

    def document(self, document: str) -> Json:
        return self._find(document)

    def boxes(self, document: str, start: int, end: int) -> list[Json]:
        found = self._find(document)
        if found["format"] != "pdf":
            return []
        return line_boxes(found, start, end)

    def page_image(self, document: str, page: int, *, scale: float = 1.5) -> bytes:
        return draw_page(self._find(document), page, scale)

    def page_size(self, document: str, page: int) -> Json:
        return {"width": WIDTH, "height": HEIGHT}

    def figure_image(self, document: str, figure: int) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (30, 20), (figure, 90, 160)).save(buffer, "PNG")
        return buffer.getvalue()

    def original(self, document: str) -> tuple[str, bytes]:
        found = self._find(document)
        return found["locations"][0]["path"].rsplit("/", 1)[-1], found["text"].encode()

    def remove_document(self, document: str) -> Json:
        self.stored.remove(self._find(document))
        return {"done": True, "document": document}

    def failures(self) -> list[Json]:
        return list(self._failures)

    def sources(self) -> list[Json]:
        names = dict.fromkeys(document["locations"][0]["source"] for document in self.stored)
        return [
            {"source": name, "shown_as": name, "documents": 1, "uploads": name.endswith("uploads")}
            for name in names
        ]

    # --- indexes

    def index_check(self) -> Json:
        raise AssertionError("the page does not ask for this")

    def index_rebuild(self) -> Iterator[Json]:
        raise AssertionError("the page does not ask for this")

    def index_reembed(self, model: str | None = None) -> Iterator[Json]:
        raise AssertionError("the page does not ask for this")

    # --- conversations

    def conversations(self, *, search: str = "") -> list[Json]:
        found = [
            {key: talk[key] for key in ("id", "title", "created_at", "updated_at")}
            | {"messages": len(talk["messages"])}
            for talk in self._talks.values()
            if search in talk["title"] or any(search in message["text"] for message in talk["messages"])
        ]
        return sorted(found, key=lambda talk: talk["updated_at"], reverse=True)

    def conversation(self, conversation: str) -> Json:
        if conversation not in self._talks:
            raise NotFoundError(f"no conversation {conversation!r}.")
        talk = self._talks[conversation]
        return talk | {"messages": list(talk["messages"]), "adapter": self.choices.get(conversation)}

    def new_conversation(self, *, title: str = "") -> Json:
        now = datetime.now(UTC).isoformat()
        talk = {"id": uuid.uuid4().hex, "title": title, "created_at": now, "updated_at": now, "messages": []}
        self._talks[talk["id"]] = talk
        return talk

    def rename_conversation(self, conversation: str, title: str) -> Json:
        self.conversation(conversation)
        self._talks[conversation]["title"] = title
        return {"done": True}

    def delete_conversation(self, conversation: str) -> Json:
        self.conversation(conversation)
        del self._talks[conversation]
        return {"done": True}

    def close(self) -> None:
        pass
