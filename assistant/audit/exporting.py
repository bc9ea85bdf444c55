"""The audit log as CSV for spreadsheets and as JSON Lines for programs.

A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"): one
that begins with =, +, -, @, a tab or a line break, also in full width, since the East Asian editions of
spreadsheets read those alike. Every cell is quoted, and quotes in it are doubled. Long cells are cut: JSON
Lines hold all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Literal

from assistant.audit.chain import Content, Json, Row, canonical
from assistant.audit.replaying import entry_json, summary_json

Form = Literal["csv", "jsonl"]
FORMS: tuple[Form, ...] = ("csv", "jsonl")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_LONGEST = 32_767
"""Characters of a cell that Excel takes; of a longer one it makes several, and the next may be a formula."""
COLUMNS = (
    "id", "at", "user", "kind", "act", "task", "question", "answer", "abstained", "stopped", "model",
    "model_sha256", "adapter", "adapter_sha256", "version", "settings_digest", "verdicts", "documents",
    "erased", "payload", "previous", "hash",
)  # fmt: skip


def exported(entries: Iterable[tuple[Row, tuple[Content, ...]]], form: Form) -> Iterator[str]:
    """The lines of a file, each with its end; a CSV begins with a byte order mark and the names."""
    if form == "csv":
        yield "\ufeff" + _csv_line(COLUMNS)
        for row, contents in entries:
            yield _csv_line(_cells(row, contents))
        return
    for row, contents in entries:
        words = [_jsonable({"name": one.name, "salt": one.salt, "text": one.text}) for one in contents]
        yield canonical({**_jsonable(asdict(row)), "contents": words}) + "\n"


def harmless(cell: str) -> str:
    """`cell` as a spreadsheet shows it and does not compute it; what is longer than it takes is cut."""
    shown = f"'{cell}" if cell.startswith(_FORMULA) else cell
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _cells(row: Row, contents: tuple[Content, ...]) -> list[str]:
    entry = entry_json(row, contents)
    facts: Json = entry["facts"] if row.unchanged else {}
    told = summary_json(entry)
    settings = facts.get("settings")
    found: Json = {
        **told, "stopped": facts.get("stopped"), "version": facts.get("version"),
        "model_sha256": (facts.get("model") or {}).get("sha256") if told["model"] else None,
        "adapter_sha256": (facts.get("adapter") or {}).get("sha256") if told["adapter"] else None,
        "settings_digest": settings.get("digest") if isinstance(settings, dict) else settings,
        "verdicts": " ".join(claim["verdict"] for claim in facts.get("claims", ())),
        "documents": " ".join(facts["documents"]) if isinstance(facts.get("documents"), dict) else "",
        "payload": row.payload, "previous": row.previous, "hash": row.hash,
    }  # fmt: skip
    return [_text(found[name]) for name in COLUMNS]


def _jsonable(columns: Json) -> Json:
    """Bytes that somebody put in the place of text as Python writes them."""
    return {name: str(value) if isinstance(value, bytes) else value for name, value in columns.items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, cells))
    return line.getvalue()
