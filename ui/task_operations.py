"""What is done with documents and texts beside questions, as `ui.operations.Operations` has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from assistant.answers import Language
from assistant.generation import never
from assistant.task_prompts import Task
from ui.texts import t

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """What is asked for, with where it is kept and who writes it.

    "summarise" takes one document, "compare" two; `text` says what they are read for, or nothing.
    "translate" takes a text or a document and the language `to` translate into (ja, en or a name).
    "draft" takes an inquiry as `text`. "extract" takes what is wanted as `text`, the `columns`, and documents
    or none, then the best passages are read. "answer" is `ask`. `language` None is that of text or titles.
    """

    __pydantic_config__: ClassVar[Json] = {"extra": "forbid"}  # the service reads it from JSON

    task: Task
    text: str = ""
    documents: tuple[str, ...] = ()
    to: str = ""
    columns: tuple[str, ...] = ()
    conversation: str | None = None
    scope: Json | None = None
    language: Language | None = None
    model: str | None = None


class TaskOperations(Protocol):
    """Summaries, comparisons, translations, drafts of replies and tables."""

    def perform(self, order: TaskOrder, *, cancelled: Callable[[], bool] = never) -> Iterator[Json]:
        """A stream of events as `Operations.ask` has it, and `{event: "progress", done, total, label, text}`.

        What a step of a long task gave is kept: started again after a stop, it goes on where it was.

        Raises:
            TaskError: the task needs other documents or texts.
            PromptFileError: the workspace's prompt for the task cannot be used.
        """
        ...


def told(task: Task, titles: Sequence[str], text: str, language: Language) -> str:
    """A task as the question that stands in a conversation: "Summary: Travel rules", then `text`."""
    head = ": ".join(part for part in (t(language, "tasks", f"did.{task}"), ", ".join(titles)) if part)
    return "\n".join(part for part in (head, text) if part)


def column_names(text: str) -> tuple[str, ...]:
    """The names in "品目、単価, 納期"."""
    return tuple(
        name.strip() for name in text.replace("、", ",").replace("，", ",").split(",") if name.strip()
    )
