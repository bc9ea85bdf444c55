"""The operations of `ui.task_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence

from assistant.answers import Language
from assistant.generation import never
from assistant.task_prompts import Task
from ui.task_operations import Json


class TaskCalls(ABC):
    """Implements `ui.task_operations.TaskOperations` for a class that follows streams."""

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
        body = {
            "task": task, "text": text, "documents": list(documents), "to": to, "columns": list(columns),
            "conversation": conversation, "scope": scope, "language": language, "model": model,
        }  # fmt: skip
        return self._events("/tasks", body, cancelled)

    @abstractmethod
    def _events(
        self, url: str, body: Json, cancelled: Callable[[], bool] = never
    ) -> Generator[Json, None, None]: ...
