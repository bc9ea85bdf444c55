"""One synchronisation of one source: bring its copy up to date, ingest, record how it went."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from ingestion.errors import IngestionError, SourceError, UnsafeRemovalError, WorkspaceBusyError
from ingestion.ingest_report import IngestReport
from ingestion.library import Library
from ingestion.library_writing import LibraryWriter
from ingestion.location_rows import now
from ingestion.loss_rows import LossRows
from ingestion.readers import supported
from ingestion.settings import Settings
from ingestion.sources.configured import Source
from ingestion.sources.mirror import Changes, Mirror, Mirrored, Rules, within
from ingestion.sources.remote import Listing
from ingestion.sync_rows import SyncRows
from ingestion.workspace import mounts_below

_COUNTS = ("seen", "added", "changed", "moved", "removed", "unchanged", "ignored", "empty", "pages", "chunks")


class Ingest(Protocol):
    """`ingestion.pipeline.ingest` with everything else settled."""

    def __call__(self, folder: Path, *, groups: frozenset[str], allow_empty: bool) -> IngestReport:
        """Bring the library up to date with `folder`."""
        ...


@dataclass(slots=True)
class Outcome:
    """How the synchronisation of one source went. With an `error` nothing of the library was changed.

    `mounts` are the file systems that were mounted at or below its folder.
    """

    source: Source
    report: IngestReport = field(default_factory=IngestReport)
    fetched: int = 0
    mounts: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str | None = None
    refused: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report of the ingest, with the source in front."""
        return {
            "name": self.source.name, "kind": self.source.kind, "source": str(self.source.folder),
            "error": self.error, "refused": self.refused, "fetched": self.fetched,
            **self.report.as_json(), "seconds": round(self.seconds, 3),
        }  # fmt: skip


def synchronise(
    source: Source,
    ingest: Ingest,
    *,
    library: Library,
    settings: Settings,
    allow_empty: bool = False,
    fetching: Callable[[int, int, str], None] = lambda done, total, path: None,
    cancelled: Callable[[], bool] = lambda: False,
    mounts: Callable[[Path], list[str]] = mounts_below,
) -> Outcome:
    """Make the library equal to `source`. What goes wrong is recorded and told, not raised.

    Errors that nobody foresaw are recorded and raised.

    Raises:
        WorkspaceBusyError: another process is writing; nothing is recorded.
    """
    rows, at, start = SyncRows(library), now(), time.monotonic()
    outcome = Outcome(source)
    try:
        if source.mirror is None:
            known = rows.runs().get(source.name)
            outcome.mounts = mounts(source.folder)
            if known is not None and not allow_empty:
                _refuse_unmounted(known.report.get("mounts", []), outcome.mounts)
            outcome.report = _ingest(source, ingest, allow_empty)
        else:
            _follow(source, outcome, ingest, library, settings, allow_empty, fetching, cancelled)
    except WorkspaceBusyError:
        raise
    except IngestionError as error:
        outcome.error, outcome.refused = str(error), isinstance(error, UnsafeRemovalError)
    except Exception as error:  # a full disk, a broken library, a bug: else the schedule begins again at once
        told = f"the run ended unexpectedly ({type(error).__name__}: {error})."
        with suppress(Exception):  # what ended it may keep this from being written, too
            rows.record_bad(source.name, at, time.monotonic() - start, told, refused=False)
        raise
    outcome.seconds = time.monotonic() - start
    if outcome.error is not None:
        rows.record_bad(source.name, at, outcome.seconds, outcome.error, refused=outcome.refused)
    elif outcome.report.cancelled:
        rows.record_cancelled(source.name, at, outcome.seconds)
    else:
        rows.record_good(source.name, at, outcome.seconds, counts(outcome))
    return outcome


def record_ingest(source: Source, report: IngestReport, library: Library) -> None:
    """Record that the folder of `source` was ingested just now."""
    outcome = Outcome(source, report, mounts=mounts_below(source.folder), seconds=report.seconds)
    began = datetime.now(UTC) - timedelta(seconds=report.seconds)
    at = began.isoformat(timespec="seconds")
    SyncRows(library).record_good(source.name, at, report.seconds, counts(outcome))


def counts(outcome: Outcome) -> dict[str, Any]:
    """What is kept of a run: numbers, the folder and mounts, no names of files."""
    value = outcome.as_json()
    kept = {name: value[name] for name in _COUNTS}
    numbers = {"failed": len(value["failed"]), "warnings": len(value["warnings"])}
    return {**kept, **numbers, "mounts": outcome.mounts, "folder": str(outcome.source.folder)}


def preview_remote(source: Source, library: Library, settings: Settings) -> tuple[Changes, Listing]:
    """List a remote source and compare it with the copy. Changes nothing.

    Raises:
        SourceError: it cannot be reached.
    """
    assert source.mirror is not None
    remote, rules = source.open_remote(), _rules(source, library, settings, False)
    try:
        listing = remote.listing(within(rules))
    finally:
        remote.close()
    return Mirror(source.mirror).compare(listing, rules), listing


def _refuse_unmounted(before: list[str], now: list[str]) -> None:
    """A share that is no longer mounted below a source looks like an empty folder, or like an older one."""
    if lost := [place for place in before if place not in now]:
        raise UnsafeRemovalError(
            f"{', '.join(lost)} was mounted at the last synchronisation and is not now. Nothing was changed. "
            "Mount it again; --allow-empty takes what is there for true."
        )


def _ingest(source: Source, ingest: Ingest, allow_empty: bool) -> IngestReport:
    if source.folder.is_file():  # it would be taken for a file of the folder around it
        raise SourceError(f"{source.folder} of the source {source.name} is a file, not a folder. Check path.")
    return ingest(source.folder, groups=frozenset(source.settings.groups), allow_empty=allow_empty)


def _follow(
    source: Source, outcome: Outcome, ingest: Ingest, library: Library, settings: Settings,
    allow_empty: bool, fetching: Callable[[int, int, str], None], cancelled: Callable[[], bool],
) -> None:  # fmt: skip
    """Bring the copy of a remote source up to date, then the library."""
    assert source.mirror is not None
    mirror, rules = Mirror(source.mirror), _rules(source, library, settings, allow_empty)
    remote = source.open_remote()
    try:
        mirrored = mirror.update(remote, rules, progress=fetching, cancelled=cancelled)
    finally:
        remote.close()
    outcome.fetched = mirrored.fetched
    if mirrored.cancelled:
        outcome.report.cancelled = True
        return
    if rules.indexed or any(mirror.files.iterdir()):
        outcome.report = _ingest(source, ingest, allow_empty)
    _list_failures(source, library, mirrored, outcome.report)


def _list_failures(source: Source, library: Library, mirrored: Mirrored, report: IngestReport) -> None:
    """Files that the source does not give stay listed with their reason, beside what is known of them."""
    folder = str(source.folder)
    failed = sorted(mirrored.failed.items())
    SyncRows(library).list_failures(folder, failed)
    report.failed += [(folder, path, reason) for path, reason in failed]
    report.ignored += mirrored.ignored


def _rules(source: Source, library: Library, settings: Settings, allow_empty: bool) -> Rules:
    limits = settings.ingestion
    known = LibraryWriter(library).known_files(str(source.folder))
    held = {path for path, file in known.items() if file.document is not None}
    return Rules(
        ignore=lambda path: any(
            fnmatch(name, pattern) for name in PurePosixPath(path).parts for pattern in limits.ignore
        ),
        refuse=_unsupported,
        max_bytes=source.settings.max_mb << 20,
        removal_limit=limits.removal_limit,
        # What lies in an archive goes with it and is not counted.
        indexed=frozenset(
            path for path in held if not any(str(up) in held for up in PurePosixPath(path).parents)
        ),
        lost_lately=LossRows(library).since(str(source.folder), "", limits.removal_days),
        allow_empty=allow_empty,
    )


def _unsupported(path: str) -> str | None:
    """The reason why a file would be fetched in vain."""
    if supported(Path(path)):
        return None
    return f"unsupported format {PurePosixPath(path).suffix or '(none)'}"
