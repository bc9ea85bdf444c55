"""The operations of `ui.audit_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ui.audit_operations import Json
from ui.errors import UsageError
from ui.resources import Resources
from ui.texts import t

if TYPE_CHECKING:
    from assistant.audit.chain import Tip
    from assistant.audit.rows import Selection

_BLOCK = 64 << 10
"""Characters of an export that are sent at once."""


class LocalAudit:
    """Implements `ui.audit_operations.AuditOperations` for a class that has what is declared here."""

    resources: Resources

    def audit_verify(self, *, anchor: str | None = None) -> Json:
        """See `AuditOperations.audit_verify`."""
        found = self.resources.audit.log.verify(None if anchor is None else _anchor(anchor))
        return {
            "ok": found.ok, "rows": found.tip.rows, "first_bad": found.first_bad,
            "reasons": [
                {"row": one.row, "code": one.code, "reason": t("en", "audit", f"reason.{one.code}"),
                 "detail": one.detail}
                for one in found.problems
            ],
            "erased": found.erased, "head": f"{found.tip.rows}:{found.tip.hash}",
        }  # fmt: skip

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
        from assistant.audit.replaying import entry_json, summary_json
        from assistant.records import fold

        chosen = _selection(user, kind, since, until, below)
        wanted = fold(words).split()
        rows: list[Json] = []
        for row, contents in self.resources.audit.log.entries(chosen, newest_first=True):
            entry = entry_json(row, contents)
            if all(word in fold(_text(entry)) for word in wanted):
                if len(rows) == max(1, limit):
                    return {"rows": rows, "next": rows[-1]["id"]}
                rows.append(summary_json(entry))
        return {"rows": rows, "next": None}

    def audit_replay(self, row: int) -> Json:
        """See `AuditOperations.audit_replay`."""
        from assistant.audit.replaying import entry_json, replayed
        from assistant.audit.rows import Selection
        from assistant.errors import AuditError

        audit = self.resources.audit
        found = next(audit.log.entries(Selection(row=row)), None)
        if found is None:
            raise AuditError(f"the audit log has no row {row}. See: konkyo audit list")
        entry = entry_json(*found)
        by = audit.log.erased_by(row) if entry["erased"] else None
        intact = found[0].intact(found[1]) and (by is not None or not entry["erased"])
        told = {
            "intact": intact,
            "erased": None if by is None else {
                "row": by.seq, "at": by.at, **{key: by.readable.get(key, "") for key in ("by", "reason")},
            },
        }  # fmt: skip
        if entry["kind"] not in ("question", "task") or not intact:
            return {**entry, **told}
        now = audit.now()
        if not entry["facts"]["model"]["name"]:  # an editor wrote it
            now = replace(now, model="", model_sha256=None, adapter=None, adapter_sha256=None)
        return {**replayed(entry, audit.text_of, now), **told}

    def audit_export(
        self,
        *,
        form: str = "jsonl",
        user: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Json]:
        """See `AuditOperations.audit_export`."""
        from assistant.audit.exporting import FORMS, exported

        wanted = next((one for one in FORMS if one == form), None)
        if wanted is None:
            raise UsageError(f"{form!r} is no form of the audit log. Choose one of {', '.join(FORMS)}.")
        chosen, audit = _selection(user, kind, since, until, None), self.resources.audit
        audit.ready()
        audit.act(
            "audit_export",
            {"arguments": {"form": form, "user": user, "kind": kind, "since": since, "until": until}},
        )
        rows, block = 0, ""
        for line in exported(audit.log.entries(chosen), wanted):
            rows, block = rows + 1, block + line
            if len(block) >= _BLOCK:
                yield {"event": "lines", "text": block}
                block = ""
        if block:
            yield {"event": "lines", "text": block}
        yield {"event": "report", "report": {"rows": rows - (form == "csv"), "form": form}}

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
        from assistant.audit.chain import ranges
        from assistant.audit.rows import Selection

        if [user, before, row].count(None) != 2:
            raise UsageError(
                "name a user, a day or a row whose words are to be erased, and only one of them."
            )
        if not by.strip() or not reason.strip():
            raise UsageError("an erasure needs a reason and the name of who asks for it.")
        chosen = Selection(user=user, before=None if before is None else _moment(before), row=row)
        audit = self.resources.audit
        erased = audit.log.erase(chosen, user=audit.user, by=by.strip(), reason=reason.strip())
        return {"done": True, "erased": len(erased), "rows": ranges(erased)}


def _selection(
    user: str | None, kind: str | None, since: str | None, until: str | None, below: int | None
) -> Selection:
    from assistant.audit.chain import KINDS
    from assistant.audit.rows import Selection

    if kind is not None and kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of row. Choose one of {', '.join(KINDS)}.")
    return Selection(
        user=user, kind=kind, since=None if since is None else _moment(since),
        before=None if until is None else _moment(until, after=True), below=below,
    )  # fmt: skip


def _moment(text: str, *, after: bool = False) -> str:
    """A day or a time as rows have it; `after` a day is the beginning of the next one."""
    try:
        found = datetime.fromisoformat(text.strip())
        if after and len(text.strip()) <= len("2026-04-01"):
            found += timedelta(days=1)
        return found.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no day. Write it as 2026-04-01.") from error


def _anchor(text: str) -> Tip:
    from assistant.audit.chain import Tip

    found = re.fullmatch(r"([0-9]+):([0-9a-f]{64})", text.strip())
    if found is None:
        raise UsageError(
            f"{text!r} is no head of an audit log. Give ROWS:HASH as konkyo audit verify tells it."
        )
    return Tip(int(found[1]), found[2])


def _text(entry: Json) -> str:
    return json.dumps([entry["facts"], entry["words"]], ensure_ascii=False)
