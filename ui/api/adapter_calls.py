"""The operations of `ui.adapter_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, cast
from urllib.parse import quote

from ui.adapter_operations import Json


class AdapterCalls(ABC):
    """Implements `ui.adapter_operations.AdapterOperations` for a class that sends requests."""

    def adapters(self) -> list[Json]:
        """See `AdapterOperations.adapters`."""
        return cast(list[Json], self._json("GET", "/adapters"))

    def adapter(self, adapter: str) -> Json:
        """See `AdapterOperations.adapter`."""
        return cast(Json, self._json("GET", _adapter(adapter)))

    def publication(self) -> Json:
        """See `AdapterOperations.publication`."""
        return cast(Json, self._json("GET", "/publication"))

    def publish_adapter(
        self, adapter: str, *, by: str, trial: float | None = None, force: bool = False, reason: str = ""
    ) -> Json:
        """See `AdapterOperations.publish_adapter`."""
        body = {"by": by, "trial": trial, "force": force, "reason": reason}
        return cast(Json, self._json("POST", f"{_adapter(adapter)}/publish", json=body))

    def roll_back_adapter(self, *, by: str, to: str | None = None, reason: str = "") -> Json:
        """See `AdapterOperations.roll_back_adapter`."""
        body = {"by": by, "to": to, "reason": reason}
        return cast(Json, self._json("POST", "/publication/rollback", json=body))

    def adapter_trial(self) -> Json:
        """See `AdapterOperations.adapter_trial`."""
        return cast(Json, self._json("GET", "/publication/trial"))

    def remove_adapter(self, adapter: str) -> Json:
        """See `AdapterOperations.remove_adapter`."""
        return cast(Json, self._json("DELETE", _adapter(adapter)))

    def choose_adapter(self, conversation: str, adapter: str | None) -> Json:
        """See `AdapterOperations.choose_adapter`."""
        url = f"/conversations/{quote(conversation, safe='')}/adapter"
        return cast(Json, self._json("PUT", url, json={"adapter": adapter}))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...


def _adapter(adapter: str) -> str:
    return f"/adapters/{quote(adapter, safe='')}"
