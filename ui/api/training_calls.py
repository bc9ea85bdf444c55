"""The operations of `ui.training_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

from assistant.answers import Language
from ui.training_operations import Json


class TrainingCalls(ABC):
    """Implements `ui.training_operations.TrainingOperations` for a class that sends requests."""

    def recipes(self) -> list[Json]:
        """See `TrainingOperations.recipes`."""
        return cast(list[Json], self._json("GET", "/training/recipes"))

    def estimate_training(
        self, recipe: str, *, method: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Json:
        """See `TrainingOperations.estimate_training`."""
        body = {"recipe": recipe, "method": method, "changes": changes}
        return cast(Json, self._json("POST", "/training/estimate", json=body))

    def start_training(
        self,
        recipe: str,
        *,
        name: str | None = None,
        method: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Json:
        """See `TrainingOperations.start_training`."""
        body = {"recipe": recipe, "name": name, "method": method, "changes": changes}
        return cast(Json, self._json("POST", "/training/runs", json=body))

    def training_runs(self) -> list[Json]:
        """See `TrainingOperations.training_runs`."""
        return cast(list[Json], self._json("GET", "/training/runs"))

    def training_run(self, run: str, *, after: int = 0) -> Json:
        """See `TrainingOperations.training_run`."""
        return cast(Json, self._json("GET", _run(run), params={"after": after}))

    def stop_training(self, run: str) -> Json:
        """See `TrainingOperations.stop_training`."""
        return cast(Json, self._json("POST", f"{_run(run)}/stop"))

    def resume_training(self, run: str) -> Json:
        """See `TrainingOperations.resume_training`."""
        return cast(Json, self._json("POST", f"{_run(run)}/resume"))

    def start_adapter_step(
        self, adapter: str, step: str, *, language: Language = "en", time_again: bool = False
    ) -> Json:
        """See `TrainingOperations.start_adapter_step`."""
        body = {"step": step, "language": language, "time_again": time_again}
        return cast(Json, self._json("POST", f"/adapters/{quote(adapter, safe='')}/job", json=body))

    def gate_report(self, adapter: str, report: str | None = None) -> Json:
        """See `TrainingOperations.gate_report`."""
        params = {} if report is None else {"report": report}
        return cast(Json, self._json("GET", f"/adapters/{quote(adapter, safe='')}/gate", params=params))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...


def _run(run: str) -> str:
    return f"/training/runs/{quote(run, safe='')}"
