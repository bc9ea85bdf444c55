"""The operations that keep sources and library equal. Part of `ui.operations.Operations`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

Json = dict[str, Any]


class SyncOperations(Protocol):
    """Sources: those that the settings name, and folders that were ingested as a whole."""

    def syncs(self) -> list[Json]:
        """Every source and how its last synchronisation went.

        `[{name, kind: "folder"|"webdav"|"imap", source: its folder here, shown_as, configured: bool,
        documents, failures, state: "never"|"running"|"ok"|"failed"|"refused", at, ok_at: times of the last
        run and the last good one | None, seconds, error: str|None, attempts: failed runs since the good one,
        every_minutes, next_at: when the service begins the next one | None, report: counts of the last good
        run, left: bool}]`. `left` ones were taken out of the settings, and their documents stayed: a folder
        is followed as before, of a remote source only the copy is there, with the state "left".
        """
        ...

    def sync(self, source: str | None = None, *, allow_empty: bool = False) -> Iterator[Json]:
        """Bring the library up to date with a source (its name, or its folder), or with all of them.

        Events as in `ingest`, with the phase "fetch" for remote sources and `name` in each progress. The
        report is `{sources: [{name, kind, source, error, refused, fetched, …as the report of ingest}]}`: one
        source that fails does not stop the others.

        Raises:
            NotFoundError: there is no such source, or none at all.
            JobRunningError: an ingest or another synchronisation is running.
        """
        ...

    def start_sync(self, source: str | None = None, *, allow_empty: bool = False) -> Json:
        """`sync` in the background, as `start_ingest`."""
        ...

    def forget_source(self, source: str, *, allow_empty: bool = False) -> Json:
        """Take a source that the settings do not name out of the library, with its documents.

        `{done: True, source, documents: how many}`. Its files stay where they are; a copy of a remote source
        is deleted.

        Raises:
            UnsafeRemovalError: it has documents, and `allow_empty` does not allow to remove them.
            UsageError: the settings name it.
            NotFoundError: there is no such source.
        """
        ...

    def preview(self, source: str | None = None) -> list[Json]:
        """What `sync` would change, without changing anything. `source` may be a folder that is none yet.

        `[{name, kind, source, error, refused: why a person must allow it | None, added: [path], changed,
        moved: [{from, to}], removed, unchanged: n, ignored: n, empty: n, failed: [{path, reason}]}]`
        """
        ...

    def retry_failures(self, files: Sequence[Json] = ()) -> Json:
        """Try failed files again, in the background: `job()`. `files` are `[{source, path}]`, none is all.

        Raises:
            NotFoundError: none of them has failed.
            JobRunningError: an ingest is running.
        """
        ...

    def ignore_failure(self, source: str, path: str, *, ignored: bool = True) -> Json:
        """Take a failure as read until the file changes, or no longer: `{done: True}`.

        Raises:
            NotFoundError: it has not failed.
        """
        ...
