"""Chooses what a task reads and who does it. Answers and drafts of replies are `Assistant.stream`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.answers import Event, Finished, Hit, Query
from assistant.currency import warnings_of
from assistant.errors import TaskError
from assistant.generation import never
from assistant.grounding.support import PassageEmbedder
from assistant.retrieval import Retriever
from assistant.task_prompts import TaskPrompts
from assistant.tasks.comparing import compare
from assistant.tasks.extracting import extract
from assistant.tasks.kept_texts import KeptTexts
from assistant.tasks.steps import Steps, TaskRequest
from assistant.tasks.summarising import summarise
from assistant.tasks.translating import originals, translate
from assistant.tasks.whole_documents import DocumentLibrary, document_hits
from assistant.writing import Writer
from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, User


class TaskDesk:
    """Summarises, compares, translates and extracts."""

    def __init__(
        self,
        library: DocumentLibrary,
        retriever: Retriever,
        writer: Writer,
        prompts: TaskPrompts,
        *,
        embedder: PassageEmbedder | None = None,
        kept: KeptTexts | None = None,
    ) -> None:
        self._library = library
        self._retriever = retriever
        self._writer = writer
        self._prompts = prompts
        self._embedder = embedder
        self._kept = kept or KeptTexts()

    def written_by(self, writer: Writer) -> TaskDesk:
        """The same desk with another writer."""
        return TaskDesk(
            self._library, self._retriever, writer, self._prompts, embedder=self._embedder, kept=self._kept
        )

    def stream(
        self,
        request: TaskRequest,
        *,
        scope: Scope = EVERYTHING,
        user: User = LOCAL_USER,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        """Retrieved, Progress, Token, Checked, Finished. Once `cancelled`, what there is so far follows.

        Raises:
            TaskError: the task needs other documents or texts than it was given.
            GenerationError, PromptFileError, PromptTooLongError: as `Assistant.stream`.
        """
        self._kept.sweep(lambda document: bool(self._library.rows_of(document)))
        steps = Steps(self._writer, self._prompts, request, kept=self._kept, cancelled=cancelled)
        for event in self._events(steps, request, scope, user):
            if isinstance(event, Finished):
                cited = [one for claim in event.answer.claims for one in claim.citations]
                warnings = warnings_of(cited, request.language)
                event = Finished(replace(event.answer, warnings=warnings))
            yield event

    def _events(self, steps: Steps, request: TaskRequest, scope: Scope, user: User) -> Iterator[Event]:
        documents = [document_hits(self._library, document, user) for document in request.documents]
        match request.task:
            case "summarise":
                return summarise(steps, _only(documents, "summarise"))
            case "compare":
                if len(documents) != 2:
                    raise TaskError(f"two documents are compared, not {len(documents)}.")
                return compare(steps, documents[0], documents[1])
            case "translate":
                hits = [hit for document in documents for hit in document]
                return translate(steps, originals(request.text, hits), hits, self._embedder)
            case "extract":
                return extract(steps, self._to_extract_from(request, documents, scope, user))
        raise TaskError(f"{request.task!r} is done by asking.")

    def _to_extract_from(
        self, request: TaskRequest, documents: list[list[Hit]], scope: Scope, user: User
    ) -> list[Hit]:
        """The documents that were named, else the passages that the search finds."""
        if documents:
            return [hit for document in documents for hit in document]
        settings = self._retriever.settings
        query = Query(request.text, settings.top_k, settings.mode, scope)
        found = self._retriever.retrieve(query, user)
        if not found:
            raise TaskError("nothing was found to take a table from. Name a document, or ask otherwise.")
        return sorted(found, key=lambda hit: (hit.document, hit.start))


def _only(documents: list[list[Hit]], task: str) -> list[Hit]:
    if len(documents) != 1:
        raise TaskError(f"{task} takes one document, not {len(documents)}.")
    return documents[0]
