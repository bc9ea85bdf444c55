"""What a run of ingestion tells: while it goes on, and at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

Phase = Literal["scan", "parse", "embed", "index"]


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """`done` of `total` files. `rate` is passages a second; `eta_seconds` is None while it cannot be told."""

    phase: Phase
    done: int
    total: int
    path: str
    chunks_done: int
    rate: float
    eta_seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """All fields by name."""
        eta = None if self.eta_seconds is None else round(self.eta_seconds, 1)
        return {
            "phase": self.phase, "done": self.done, "total": self.total, "path": self.path,
            "chunks_done": self.chunks_done, "rate": round(self.rate, 1), "eta_seconds": eta,
        }  # fmt: skip


@dataclass(slots=True)
class IngestReport:
    """Counts of files. `seen` = added + changed + moved + unchanged + ignored + empty + failures.

    `members` counts those of the files seen that lie inside others. `reparsed` are unchanged files that were
    parsed anew. `by_format` counts the files that the library holds. `pages` and `chunks` are those of
    documents parsed in this run. `failed` and `warnings` hold (source, path, text).
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    ignored: int = 0
    empty: int = 0
    members: int = 0
    reparsed: int = 0
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str, str]] = field(default_factory=list)
    by_format: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    chunks: int = 0
    seconds: float = 0.0
    cancelled: bool = False

    @property
    def seen(self) -> int:
        """All files that were met."""
        kept = self.added + self.changed + self.moved + self.unchanged
        return kept + self.ignored + self.empty + len(self.failed)

    def count(self, kind: str, path: str) -> None:
        """One more file of `kind` ("added", "changed", "moved" or "unchanged")."""
        setattr(self, kind, getattr(self, kind) + 1)
        suffix = path.rpartition(".")[2].lower()
        self.by_format[suffix] = self.by_format.get(suffix, 0) + 1

    def as_json(self) -> dict[str, Any]:
        """The value of `ingest --json`."""
        return {
            "seen": self.seen, "added": self.added, "changed": self.changed, "moved": self.moved,
            "removed": self.removed, "unchanged": self.unchanged, "ignored": self.ignored,
            "empty": self.empty, "members": self.members, "reparsed": self.reparsed,
            "failed": [
                {"path": path, "reason": reason, "source": source} for source, path, reason in self.failed
            ],
            "warnings": [
                {"path": path, "warning": warning, "source": source}
                for source, path, warning in self.warnings
            ],
            "by_format": dict(sorted(self.by_format.items())), "pages": self.pages, "chunks": self.chunks,
            "seconds": round(self.seconds, 3), "cancelled": self.cancelled,
        }  # fmt: skip


class Meter:
    """Rate and remaining time. Time goes by the bytes of the files, which vary less than files do."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.files = self.files_total = 0
        self.bytes = self.bytes_total = 0
        self.chunks = 0

    def begin(self, files: int, bytes_: int) -> None:
        """Start the clock for so much work."""
        self._start = time.monotonic()
        self.files, self.files_total, self.bytes, self.bytes_total = 0, files, 0, bytes_

    def more(self, files: int, bytes_: int) -> None:
        """More to do than was known."""
        self.files_total += files
        self.bytes_total += bytes_

    def file_done(self, size: int) -> None:
        """One file less to do."""
        self.files += 1
        self.bytes += size

    def progress(self, phase: Phase, path: str) -> IngestProgress:
        """How things stand now."""
        elapsed = max(time.monotonic() - self._start, 1e-6)
        left = self.bytes_total - self.bytes
        eta = left * elapsed / self.bytes if self.bytes else None
        rate = self.chunks / elapsed
        return IngestProgress(phase, self.files, self.files_total, path, self.chunks, rate, eta)
