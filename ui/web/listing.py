"""The library as rows and words: the table of documents, failures, and how far an ingest is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from assistant.answers import Language
from ui.moments import moment
from ui.reasons import reason_in, warning_in
from ui.texts import t, texts
from ui.web.presenting import file_name

Json = dict[str, Any]


def title_of(document: Json) -> str:
    """A document's own title, else the name of its file."""
    locations = document["locations"]
    return str(document["title"] or (file_name(locations[0]["path"]) if locations else document["id"]))


def table_key(name: str, rows: Sequence[str]) -> str:
    """A key for a table of `rows`: with other rows it is another table, in which none is chosen.

    Streamlit keeps what was chosen as row numbers, so in a table that lost a row it would be the next one.
    """
    return f"{name}_{hashlib.sha256(repr(rows).encode()).hexdigest()[:16]}"


def document_rows(documents: Sequence[Json], language: Language) -> list[Json]:
    """The rows of the table, in the given order; keys are the names of columns in the texts."""
    statuses = texts(language)["web"]["status"]
    return [
        {
            "title": title_of(document),
            "status": statuses.get(document["status"], document["status"]),
            "format": document["format"].upper(),
            "pages": document["pages"],
            "chunks": document["chunks"],
            "size": size(document["bytes"]),
            "added": moment(document["added_at"]),
            "location": document["locations"][0]["shown_as"] if document["locations"] else "",
            "warnings": " / ".join(warning_in(language, warning) for warning in document["warnings"]),
        }
        for document in documents
    ]


def filtered(documents: Sequence[Json], query: str) -> list[Json]:
    """The documents whose title or one of whose places holds every word of `query`."""
    words = query.casefold().split()

    def holds(document: Json) -> bool:
        places = " ".join(location["shown_as"] for location in document["locations"])
        text = f"{title_of(document)} {places}".casefold()
        return all(word in text for word in words)

    return [document for document in documents if holds(document)]


def size(count: int) -> str:
    """A number of bytes as people read it: "812 B", "12 KB", "3.4 MB"."""
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KB"
    return f"{count / 1024 / 1024:.1f} MB"


def job_title(job: Json, language: Language) -> str:
    """What the ingest is doing, or how it ended."""
    return t(language, "web", f"job_{job['state']}")


def job_line(job: Json, language: Language) -> str:
    """How far the running ingest is: phase, file, numbers, time left; or the sums of its report."""
    report = job.get("report")
    if job["state"] != "running":
        if report:
            counts = {key: _count(report.get(key, 0)) for key in _COUNTED}
            return t(language, "web", "job_report", **counts)
        return reason_in(language, str(job["message"])) if job.get("message") else ""
    progress = job.get("progress")
    if not progress:
        return t(language, "web", "jobphase.scan")
    parts = [t(language, "web", f"jobphase.{progress['phase']}")]
    if progress.get("total"):
        parts.append(f"{progress['done']} / {progress['total']}")
    if progress.get("path"):
        parts.append(file_name(str(progress["path"])))
    if progress.get("eta_seconds") is not None:
        parts.append(time_left(float(progress["eta_seconds"]), language))
    return " · ".join(parts)


_COUNTED = ("added", "changed", "moved", "removed", "unchanged", "failed")


def _count(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def job_share(job: Json) -> float:
    """How much of the running ingest is done, in [0, 1]; 0 while that is unknown."""
    progress = job.get("progress") or {}
    total = progress.get("total") or 0
    return min(1.0, max(0.0, progress.get("done", 0) / total)) if total else 0.0


def time_left(seconds: float, language: Language) -> str:
    """About how long it takes yet, in seconds or minutes."""
    if seconds < 90:
        return t(language, "web", "seconds_left", seconds=max(1, round(seconds)))
    return t(language, "web", "minutes_left", minutes=round(seconds / 60))
