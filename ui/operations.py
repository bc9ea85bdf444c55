"""Everything that the command line and the page can do, as plain JSON-ready values.

Two things implement it: `ui.local.LocalOperations` works in this process, `ui.api.client.ServiceClient` asks
the workspace's service. Both raise the same exceptions (`ui.errors.EXPECTED`), so callers need not know which
one they hold. `ui.connecting.connect` chooses.

A scope is `{"documents": [id, ...] | None, "folder": {"source": s, "path": prefix} | None}`, or None for
everything. Offsets count code points of a document's normalised text; times are ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol

from assistant.answers import Language, Mode
from assistant.generation import never
from ui.adapter_operations import AdapterOperations
from ui.audit_operations import AuditOperations
from ui.editor_operations import EditorOperations
from ui.evaluation_operations import EvaluationOperations
from ui.example_operations import ExampleOperations
from ui.figure_operations import FigureOperations
from ui.knowledge_operations import KnowledgeOperations
from ui.model_operations import ModelOperations
from ui.monitoring_operations import MonitoringOperations
from ui.screening_operations import ScreeningOperations
from ui.sync_operations import SyncOperations
from ui.task_operations import TaskOperations
from ui.training_operations import TrainingOperations

Json = dict[str, Any]
EvidenceMode = Literal["whole", "selected"]


class Operations(
    AdapterOperations,
    AuditOperations,
    EditorOperations,
    EvaluationOperations,
    ExampleOperations,
    FigureOperations,
    KnowledgeOperations,
    ModelOperations,
    MonitoringOperations,
    ScreeningOperations,
    SyncOperations,
    TaskOperations,
    TrainingOperations,
    Protocol,
):
    """One workspace, as a person or a program uses it."""

    # --- state

    def status(self) -> Json:
        """The workspace now.

        `{version, workspace, pid, service: bool, language: "auto"|"ja"|"en", documents, chunks, failures,
        waiting: questions being answered or queued, chat: {name, present, loaded}, embedder: {name, present,
        loaded}, warm: "cold"|"loading"|"ready"|"failed", warm_error: str|None, job: as job()}`
        """
        ...

    def models(self) -> list[Json]:
        """`[{name, role, licence, bytes, memory_bytes, present, default}]`."""
        ...

    def settings(self) -> Json:
        """The settings in force, by section; of passwords only how many there are."""
        ...

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
        """Best chunks first, with the keys of `Hit.as_json` and `shown_as`. None: what the settings say.

        `rerank` False leaves the order of the fusion as it is. With `explain` each hit says why it was found:
        `explain`, with the keys of `Explanation.as_json`.
        """
        ...

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
    ) -> Iterator[Json]:
        """Answer as a stream of events; closing the iterator stops the generation.

        An iterator can be closed only between two events. While there are none (other questions are ahead,
        the model reads the sources), `cancelled` is asked about once a second; when it returns True, the
        generation stops and the stream ends, without "finished" where it had not come.

        `{event: "waiting", ahead}` (only when other questions are ahead),
        `{event: "retrieved", hits, question, waiting}`,
        many `{event: "token", text}` and `{event: "checked", claim}`,
        `{event: "mending", claims, hits}` (only when `answers.unsupported` is "regenerate" and another text
        follows, which takes the place of the one so far),
        `{event: "finished", answer, conversation: id|None, usage: {prompt_tokens, completion_tokens}}`.
        With `verified`, an answer that an editor confirmed comes first, without the model
        (`answer.verified`). `answer.ask_whom` names owners of the closest documents when it abstained.
        Hits and citations carry `shown_as`, the location as people know it. With `conversation`, its earlier
        turns are history, and question and answer are stored in it, also when the answer was stopped
        (then `answer.stopped` is true). Failures raise, also in the middle of the stream.

        `history` is `[{question, answer}]`, oldest first, of a conversation that the caller keeps; it serves
        to understand the question and is no evidence. `max_tokens` bounds the text below what the settings
        allow. `usage` counts what the model was told and wrote for this answer, drafts included.
        """
        ...

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
        """Ingest and follow it. Closing the iterator cancels; what was committed stays.

        `ocr` is "off", "auto" or "always" for the files read in this run, whatever the settings say.

        `{event: "progress", phase: "scan"|"parse"|"embed"|"index", done, total, path, chunks_done, rate,
        eta_seconds}`, then one of `{event: "report", report}` and `{event: "error", kind, message, refused}`;
        `refused` means that too many documents would be removed and `allow_empty` would allow it.
        """
        ...

    def start_ingest(
        self,
        paths: Sequence[str],
        *,
        groups: Sequence[str] = (),
        allow_empty: bool = False,
        reparse: bool = False,
        ocr: str | None = None,
    ) -> Json:
        """Start an ingest in the background and return `job()`; it outlives the caller.

        Raises:
            JobRunningError: one is running already.
        """
        ...

    def job(self) -> Json | None:
        """The running ingest or other long work, or the last one; None when there was none since the start.

        `{id, kind: "documents"|"examples"|"export"|"parity"|"evaluate", about: name of an adapter or "",
        state: "running"|"done"|"failed"|"refused"|"cancelled", paths, started_at, ended_at: str|None,
        progress: last progress event|None, report: as in ingest|None, message: str|None}`
        """
        ...

    def cancel_ingest(self) -> Json:
        """`{done: bool}`: whether a running ingest was told to stop. It stops after the file in hand."""
        ...

    def upload(self, name: str, data: bytes) -> Json:
        """Store a file in the uploads folder: `{path, name}`, `path` absolute, to be given to ingest.

        Only the last part of `name` is used. Another file of that name gets a number; the same bytes none.
        """
        ...

    # --- documents

    def documents(self, *, scope: Json | None = None) -> list[Json]:
        """`[{id, title, format, status, pages, chunks, bytes, added_at, warnings, locations, screening}]`.

        `screening` is `{personal: n, planted: n, masked, quarantined}`, `locations` are
        `[{source, path, parent, shown_as}]`, where `parent` is the path of the file that it lies in, or null.
        """
        ...

    def document(self, document: str) -> Json:
        """One document with its text.

        `{id, title, format, paged, status, reason, added_at, warnings, properties, locations, text,
        pages: [{number, label, locator, start, end,
        confidence: of text recognition, in [0, 1] | None}], chunks: [{chunk_id, start, end, heading_path}],
        cells: [{start, end, locator}], figures: [{page, start, end, x0, y0, x1, y1, name,
        described_start, described_end}],
        headings: [{level, start, end, title}]}`
        """
        ...

    def boxes(self, document: str, start: int, end: int) -> list[Json]:
        """`[{page, x0, y0, x1, y1}]` in PDF points from the top left; empty when it is not a PDF."""
        ...

    def page_image(self, document: str, page: int, *, scale: float = 1.5) -> bytes:
        """A page of a PDF as PNG, `scale` pixels a point."""
        ...

    def page_size(self, document: str, page: int) -> Json:
        """`{width, height}` of a PDF page in points."""
        ...

    def original(self, document: str) -> tuple[str, bytes]:
        """File name and bytes of the original file, if a location still holds them."""
        ...

    def remove_document(self, document: str) -> Json:
        """Remove it and its locations: `{done: True, document, taught: {examples: n, adapters: [name]}}`.

        What it taught is set aside, see `ExampleOperations.taught`; adapters keep what they learnt.
        The file itself stays where it is, except an uploaded one, which is deleted.
        """
        ...

    def failures(self) -> list[Json]:
        """Files that could not be read: `[{source, path, shown_as, reason, code, at, ignored}]`."""
        ...

    def sources(self) -> list[Json]:
        """Folders that were ingested: `[{source, shown_as, documents: n, uploads: bool}]`."""
        ...

    # --- indexes

    def index_check(self) -> Json:
        """`{ok, documents, chunks, vectors, generations, problems}`."""
        ...

    def index_rebuild(self) -> Iterator[Json]:
        """Build the indexes again from the library.

        Events as in `ingest`; the report is `{done: True, ...}`.
        """
        ...

    def index_reembed(self, model: str | None = None) -> Iterator[Json]:
        """Embed every chunk again, with `model` or the configured embedder; events as in `index_rebuild`."""
        ...

    # --- conversations

    def conversations(self, *, search: str = "") -> list[Json]:
        """Newest first: `[{id, title, created_at, updated_at, adapter, messages: n}]` that hold `search`."""
        ...

    def conversation(self, conversation: str) -> Json:
        """One conversation with its messages, oldest first.

        `{id, title, created_at, updated_at, adapter: what was chosen for it (a name or "base")|None,
        messages: [{id, role: "user"|"assistant", text, answer: as in finished|None, scope: scope|None,
        at}]}`. Its quotes are joined to the library anew: a hit or citation whose document has gone, may not
        be read or does not say it any more has the `state` "gone" and a notice instead of its words; what was
        masked since is masked, its `state` "masked".
        """
        ...

    def new_conversation(self, *, title: str = "") -> Json:
        """An empty conversation, as in `conversation`. Without a title the first question becomes it."""
        ...

    def rename_conversation(self, conversation: str, title: str) -> Json:
        """`{done: True}`."""
        ...

    def delete_conversation(self, conversation: str) -> Json:
        """`{done: True}`."""
        ...

    def close(self) -> None:
        """Give back locks, files and connections."""
        ...
