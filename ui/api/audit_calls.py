"""The operations of `ui.audit_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Any, cast

from ui.audit_operations import Json


class AuditCalls(ABC):
    """Implements `ui.audit_operations.AuditOperations` for a class that sends requests."""

    def audit_verify(self, *, anchor: str | None = None) -> Json:
        """See `AuditOperations.audit_verify`."""
        params = {} if anchor is None else {"anchor": anchor}
        return cast(Json, self._json("GET", "/audit/verify", params=params))

    def audit_list(
        self,
        *,
        user: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        until: str | None = None,
        words: str = "",
        limit: int = 50,
        below: int | None = None,
    ) -> Json:
        """See `AuditOperations.audit_list`."""
        given = {"user": user, "kind": kind, "since": since, "until": until, "words": words, "limit": limit,
                 "below": below}  # fmt: skip
        params = {key: value for key, value in given.items() if value is not None}
        return cast(Json, self._json("GET", "/audit", params=params))

    def audit_replay(self, row: int) -> Json:
        """See `AuditOperations.audit_replay`."""
        return cast(Json, self._json("GET", "/audit/replay", params={"row": row}))

    def audit_export(
        self,
        *,
        form: str = "jsonl",
        user: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Generator[Json, None, None]:
        """See `AuditOperations.audit_export`."""
        body = {"form": form, "user": user, "kind": kind, "since": since, "until": until}
        return self._events("/audit/export", body)

    def audit_erase(
        self,
        *,
        by: str,
        reason: str,
        user: str | None = None,
        before: str | None = None,
        row: int | None = None,
    ) -> Json:
        """See `AuditOperations.audit_erase`."""
        body = {"by": by, "reason": reason, "user": user, "before": before, "row": row}
        return cast(Json, self._json("POST", "/audit/erase", json=body))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...

    @abstractmethod
    def _events(self, url: str, body: Json) -> Generator[Json, None, None]: ...
