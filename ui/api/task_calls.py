"""The operations of `ui.task_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import asdict

from assistant.generation import never
from ui.task_operations import Json, TaskOrder


class TaskCalls(ABC):
    """Implements `ui.task_operations.TaskOperations` for a class that follows streams."""

    def perform(
        self, order: TaskOrder, *, cancelled: Callable[[], bool] = never
    ) -> Generator[Json, None, None]:
        """See `TaskOperations.perform`."""
        return self._events("/tasks", asdict(order), cancelled)

    @abstractmethod
    def _events(
        self, url: str, body: Json, cancelled: Callable[[], bool] = never
    ) -> Generator[Json, None, None]: ...
