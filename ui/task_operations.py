"""What is done with documents and texts beside questions, as `ui.operations.Operations` has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from assistant.answers import Language
from assistant.generation import never
from assistant.task_prompts import Task

Json = dict[str, Any]


class TaskOperations(Protocol):
    """Summaries, comparisons, translations, drafts of replies and tables."""

    def perform(
        self,
        task: Task,
        text: str = "",
        *,
        documents: Sequence[str] = (),
        to: str = "",
        columns: Sequence[str] = (),
        conversation: str | None = None,
        scope: Json | None = None,
        language: Language | None = None,
        model: str | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Json]:
        """A stream of events as `Operations.ask` has it, and `{event: "progress", done, total, label, text}`.

        "summarise" takes one document, "compare" two; `text` says what they are read for, or nothing.
        "translate" takes a text or a document and the language `to` translate into (ja, en or a name).
        "draft" takes an inquiry as `text`. "extract" takes what is wanted as `text`, the `columns`, and
        documents or none, then the best passages are read. "answer" is `ask`.

        What a step of a long task gave is kept: started again after a stop, it goes on where it was.

        Raises:
            TaskError: the task needs other documents or texts.
            PromptFileError: the workspace's prompt for the task cannot be used.
        """
        ...
