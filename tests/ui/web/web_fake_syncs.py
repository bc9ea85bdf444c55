"""The parts of `FakeOperations` that synchronise and screen: what they tell is planted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ui.errors import NotFoundError, UsageError

Json = dict[str, Any]


def make_source(name: str, **values: Any) -> Json:
    return {
        "name": name, "kind": "folder", "source": name, "shown_as": name, "configured": True, "documents": 3,
        "failures": 0, "state": "ok", "at": "2026-11-20T01:00:00+00:00",
        "ok_at": "2026-11-20T01:00:00+00:00", "seconds": 1.0, "error": None, "attempts": 0,
        "every_minutes": 0, "next_at": None, "report": None, "left": False,
    } | values  # fmt: skip


def make_preview(name: str, **values: Any) -> Json:
    return {
        "name": name, "kind": "folder", "source": name, "error": None, "refused": None, "added": [],
        "changed": [], "moved": [], "removed": [], "unchanged": 0, "reread": [], "ignored": 0, "empty": 0,
        "failed": [],
    } | values  # fmt: skip


class FakeSyncs:
    """`synced` remembers what was started, `retried` which files were to be read again."""

    _failures: list[Json]

    def __init__(self) -> None:
        self.planted: list[Json] = []
        self.previews: dict[str, Json] = {}
        self.synced: list[tuple[str | None, bool]] = []
        self.forgotten: list[tuple[str, bool]] = []
        self.retried: list[list[Json]] = []

    def syncs(self) -> list[Json]:
        return [dict(source) for source in self.planted]

    def sync(self, source: str | None = None, *, allow_empty: bool = False) -> Iterator[Json]:
        self.start_sync(source, allow_empty=allow_empty)
        yield {"event": "report", "report": {"sources": []}}

    def start_sync(self, source: str | None = None, *, allow_empty: bool = False) -> Json:
        self.synced.append((source, allow_empty))
        return {"id": "sync", "state": "done", "paths": [], "report": None}

    def forget_source(self, source: str, *, allow_empty: bool = False) -> Json:
        self.forgotten.append((source, allow_empty))
        return {"done": True, "source": source, "documents": 3}

    def preview(self, source: str | None = None) -> list[Json]:
        if source not in self.previews:
            raise NotFoundError(f"there is no source {source!r}.")
        return [self.previews[source]]

    def retry_failures(self, files: Sequence[Json] = ()) -> Json:
        self.retried.append([dict(file) for file in files])
        return {"id": "retry", "state": "done", "paths": [], "report": None}

    def ignore_failure(self, source: str, path: str, *, ignored: bool = True) -> Json:
        for failure in self._failures:
            if (failure["source"], failure["path"]) == (source, path):
                failure["ignored"] = ignored
                return {"done": True}
        raise NotFoundError(path)


class FakeScreening:
    """`released` remembers documents and reasons; what was found is planted."""

    def __init__(self) -> None:
        self.screened: Json = {"folders": [], "quarantined": []}
        self.found: dict[str, Json] = {}
        self.released: list[tuple[str, str]] = []

    def screening(self) -> Json:
        return self.screened

    def findings(self, document: str) -> Json:
        if document not in self.found:
            raise NotFoundError(f"no document {document!r}.")
        return self.found[document]

    def release(self, document: str, reason: str) -> Json:
        if not reason.strip():
            raise UsageError("a release needs a reason, so that others can see why.")
        self.released.append((document, reason))
        return {"done": True, "document": document}

    def withdraw_release(self, document: str) -> Json:
        self.released = [one for one in self.released if one[0] != document]
        return {"done": True, "document": document}


class FakeVersions:
    """`families` are planted; what is said of a version is remembered in `ruled`."""

    def __init__(self) -> None:
        self.families: list[Json] = []
        self.ruled: list[tuple[str, Json, str]] = []

    def rule_version(self, document: str, said: Json, *, by: str = "") -> Json:
        self.ruled.append((document, said, by))
        return {"done": True, "document": document, "rulings": []}

    def versions(self) -> list[Json]:
        return self.families
