"""The operations of `ui.task_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from assistant.answers import Language
from assistant.generation import never
from assistant.task_prompts import TASKS, Task
from ui.errors import UsageError
from ui.task_operations import Json
from ui.texts import t

if TYPE_CHECKING:
    from ui.asking import Asking
    from ui.resources import Resources


class LocalTasks:
    """Implements `ui.task_operations.TaskOperations` for a class that has what is declared here."""

    resources: Resources
    _asking: Asking

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
    ) -> Generator[Json, None, None]:
        """See `TaskOperations.perform`."""
        from assistant.tasks.steps import TaskRequest
        from assistant.words import detect_language

        if task not in TASKS:
            raise UsageError(f"{task!r} is no task. Choose one of {', '.join(TASKS)}.")
        titles = self._titles(documents)
        spoken = language or detect_language(text or "".join(titles))
        if task == "answer":
            return self._asking.stream(
                text, conversation=conversation, scope=scope, language=spoken, model=model,
                cancelled=cancelled,
            )  # fmt: skip
        request = TaskRequest(task, text.strip(), tuple(documents), spoken, to.strip(), tuple(columns))
        shown = ": ".join(part for part in (t(spoken, "tasks", f"did.{task}"), ", ".join(titles)) if part)
        return self._asking.perform(
            request, "\n".join(part for part in (shown, request.text) if part), conversation=conversation,
            scope=scope, model=model, cancelled=cancelled,
        )  # fmt: skip

    def _titles(self, documents: Sequence[str]) -> list[str]:
        known = {one.id: one.title for one in self.resources.library.documents_list()} if documents else {}
        return [known.get(document, document) for document in documents]
