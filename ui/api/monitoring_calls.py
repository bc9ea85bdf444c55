"""The operation of `ui.monitoring_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, cast

from ui.monitoring_operations import Json


class MonitoringCalls(ABC):
    """Implements `ui.monitoring_operations.MonitoringOperations` for a class that sends requests."""

    def monitoring(self, *, days: int = 30, user: str | None = None) -> Json:
        """See `MonitoringOperations.monitoring`."""
        params = {"days": days} | ({} if user is None else {"user": user})
        return cast(Json, self._json("GET", "/monitoring", params=params))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...
