"""The operations of `ui.task_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from assistant.generation import never
from assistant.task_prompts import TASKS
from ui.errors import UsageError
from ui.task_operations import Json, TaskOrder, told

if TYPE_CHECKING:
    from ui.asking import Asking
    from ui.resources import Resources


class LocalTasks:
    """Implements `ui.task_operations.TaskOperations` for a class that has what is declared here."""

    resources: Resources
    _asking: Asking

    def perform(
        self, order: TaskOrder, *, cancelled: Callable[[], bool] = never
    ) -> Generator[Json, None, None]:
        """See `TaskOperations.perform`."""
        from assistant.tasks.steps import TaskRequest
        from assistant.words import detect_language

        task, text = order.task, order.text.strip()
        if task not in TASKS:
            raise UsageError(f"{task!r} is no task. Choose one of {', '.join(TASKS)}.")
        titles = self._titles(order.documents)
        spoken = order.language or detect_language(text or "".join(titles))
        if task == "answer":
            return self._asking.stream(
                text, conversation=order.conversation, scope=order.scope, language=spoken, model=order.model,
                cancelled=cancelled,
            )  # fmt: skip
        request = TaskRequest(task, text, order.documents, spoken, order.to.strip(), order.columns)
        return self._asking.perform(
            request, told(task, titles, text, spoken), conversation=order.conversation, scope=order.scope,
            model=order.model, cancelled=cancelled,
        )  # fmt: skip

    def _titles(self, documents: Sequence[str]) -> list[str]:
        known = {one.id: one.title for one in self.resources.library.documents_list()} if documents else {}
        return [known.get(document, document) for document in documents]
