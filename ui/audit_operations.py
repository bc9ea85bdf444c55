"""The operations on the audit log. Part of `ui.operations.Operations`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

Json = dict[str, Any]


class AuditOperations(Protocol):
    """Who asked what and was told what, and who changed what.

    Days and times are ISO 8601, local where they name no zone; `since` is included, and `until` with the
    whole day that it names.
    """

    def audit_verify(self, *, anchor: str | None = None) -> Json:
        """Whether every row, every word and the end of the chain are as they were written.

        `{ok, rows, first_bad: row|None, reasons: [{row: n|None, code, reason, detail}], erased: rows without
        words, head: "ROWS:HASH"}`. `anchor` is such a head that was noted earlier and must still be held.

        Raises:
            UsageError: `anchor` is none.
        """
        ...

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
        """Rows that hold all `words`, newest first, with numbers under `below`.

        `{rows: [{id, at, user, kind, act, erased, task, question, answer, abstained, model, adapter}],
        next: `below` of the next page | None}`.
        """
        ...

    def audit_replay(self, row: int) -> Json:
        """A row as it was, beside today: see `konkyo audit replay` in docs/cli.md.

        Raises:
            AuditError: there is none of this number.
        """
        ...

    def audit_export(
        self,
        *,
        form: str = "jsonl",
        user: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Json]:
        """A file in pieces: `{event: "lines", text}`…, `{event: "report", report: {rows: n, form}}`.

        Raises:
            UsageError: `form` is neither "csv" nor "jsonl".
        """
        ...

    def audit_erase(
        self,
        *,
        by: str,
        reason: str,
        user: str | None = None,
        before: str | None = None,
        row: int | None = None,
    ) -> Json:
        """Erase the words of a user's rows, of those before a day, or of one; the rows stay, and tell it.

        `{done: True, erased: how many, rows: [[first, last]]}`.

        Raises:
            UsageError: not exactly one of the three was given, or nobody, or no reason.
        """
        ...
