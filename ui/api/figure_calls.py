"""The operations of `ui.figure_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote

import httpx


class FigureCalls(ABC):
    """Implements `ui.figure_operations.FigureOperations` for a class that sends requests."""

    def figure_image(self, document: str, figure: int) -> bytes:
        """See `FigureOperations.figure_image`."""
        return self._send("GET", f"/documents/{quote(document, safe='')}/figures/{figure}/image").content

    @abstractmethod
    def _send(self, method: str, url: str, **arguments: Any) -> httpx.Response: ...
