"""The operations of `ui.sync_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from typing import Any, cast

from ui.sync_operations import Json


class SyncCalls(ABC):
    """Implements `ui.sync_operations.SyncOperations` for a class that sends requests."""

    def syncs(self) -> list[Json]:
        """See `SyncOperations.syncs`."""
        return cast(list[Json], self._json("GET", "/syncs"))

    def sync(self, source: str | None = None, *, allow_empty: bool = False) -> Iterator[Json]:
        """See `SyncOperations.sync`."""
        return self._events("/syncs", {"source": source, "allow_empty": allow_empty})

    def start_sync(self, source: str | None = None, *, allow_empty: bool = False) -> Json:
        """See `SyncOperations.start_sync`."""
        body = {"source": source, "allow_empty": allow_empty}
        return cast(Json, self._json("POST", "/job/sync", json=body))

    def forget_source(self, source: str, *, allow_empty: bool = False) -> Json:
        """See `SyncOperations.forget_source`."""
        body = {"source": source, "allow_empty": allow_empty}
        return cast(Json, self._json("POST", "/syncs/forget", json=body))

    def preview(self, source: str | None = None) -> list[Json]:
        """See `SyncOperations.preview`."""
        return cast(list[Json], self._json("POST", "/syncs/preview", json={"source": source}))

    def retry_failures(self, files: Sequence[Json] = ()) -> Json:
        """See `SyncOperations.retry_failures`."""
        return cast(Json, self._json("POST", "/failures/retry", json={"files": list(files)}))

    def ignore_failure(self, source: str, path: str, *, ignored: bool = True) -> Json:
        """See `SyncOperations.ignore_failure`."""
        body = {"source": source, "path": path, "ignored": ignored}
        return cast(Json, self._json("POST", "/failures/ignore", json=body))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...

    @abstractmethod
    def _events(self, url: str, body: Json) -> Generator[Json, None, None]: ...
