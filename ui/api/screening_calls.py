"""The operations of `ui.screening_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, cast
from urllib.parse import quote

from ui.screening_operations import Json


class ScreeningCalls(ABC):
    """Implements `ui.screening_operations.ScreeningOperations` for a class that sends requests."""

    def screening(self) -> Json:
        """See `ScreeningOperations.screening`."""
        return cast(Json, self._json("GET", "/screening"))

    def findings(self, document: str) -> Json:
        """See `ScreeningOperations.findings`."""
        return cast(Json, self._json("GET", f"/documents/{quote(document, safe='')}/findings"))

    def release(self, document: str, reason: str) -> Json:
        """See `ScreeningOperations.release`."""
        url = f"/documents/{quote(document, safe='')}/release"
        return cast(Json, self._json("POST", url, json={"reason": reason}))

    def withdraw_release(self, document: str) -> Json:
        """See `ScreeningOperations.withdraw_release`."""
        return cast(Json, self._json("DELETE", f"/documents/{quote(document, safe='')}/release"))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...
