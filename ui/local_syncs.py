"""The operations of `ui.sync_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.documents import normal_path
from ingestion.reading import OcrMode
from ingestion.source_settings import SourceSettings
from ingestion.sources.configured import Source, find_sources
from ingestion.workspace import Workspace
from ui.asking import Asking
from ui.errors import NotFoundError
from ui.jobs import Jobs, Work
from ui.local_leaving import LocalLeaving, was_configured
from ui.operations import Json
from ui.resources import Resources
from ui.shown_as import ShownAs

if TYPE_CHECKING:
    from ingestion.ingest_report import IngestReport
    from ingestion.sync_rows import SyncRun

Progress = Callable[[Json], None]
Cancelled = Callable[[], bool]


class LocalSyncs(LocalLeaving):
    """Implements `ui.sync_operations.SyncOperations` for a class that has what is declared here."""

    workspace: Workspace
    resources: Resources
    _jobs: Jobs
    _asking: Asking
    _shown_as: ShownAs
    _syncing: set[str]

    @abstractmethod
    def _writing(self) -> AbstractContextManager[None]: ...

    def syncs(self) -> list[Json]:
        """See `SyncOperations.syncs`."""
        if self.resources.user.groups is not None:  # they name folders and servers, and count what lies there
            return []
        from ingestion.sync_rows import SyncRows

        library = self.resources.library
        runs, documents = SyncRows(library).runs(), dict(library.sources())
        failures = Counter(failure.source for failure in library.failures())
        running = self._syncing if self._jobs.last is not None and self._jobs.last.running else ()
        found = []
        for source in self._sources():
            folder = str(source.folder)
            run = runs.get(source.name)
            state = "running" if source.name in running else _state(run)
            found.append({
                "name": source.name, "kind": source.kind, "source": folder,
                "shown_as": self._shown_as(folder, ""), "configured": source.configured,
                "documents": documents.get(normal_path(folder), 0), "failures": failures[folder],
                "state": state, **_last(run), "every_minutes": source.settings.every_minutes,
                "next_at": _next(run, source.settings.every_minutes), "left": was_configured(source, runs),
            })  # fmt: skip
        for copy in self._left_copies(self._sources()):
            folder = str(copy.folder)
            found.append({
                "name": copy.name, "kind": "folder", "source": folder, "shown_as": copy.name,
                "configured": False, "documents": documents.get(normal_path(folder), 0),
                "failures": failures[folder], "state": "left", **_last(runs.get(copy.name)),
                "every_minutes": 0, "next_at": None, "left": True,
            })  # fmt: skip
        return found

    def sync(self, source: str | None = None, *, allow_empty: bool = False) -> Iterator[Json]:
        """See `SyncOperations.sync`."""
        chosen = self._chosen(source)
        return self._jobs.run([item.name for item in chosen], self._sync_work(chosen, allow_empty))

    def start_sync(self, source: str | None = None, *, allow_empty: bool = False) -> Json:
        """See `SyncOperations.start_sync`."""
        chosen = self._chosen(source)
        work = self._sync_work(chosen, allow_empty)
        return self._jobs.start([item.name for item in chosen], work).as_json()

    def preview(self, source: str | None = None) -> list[Json]:
        """See `SyncOperations.preview`."""
        from ingestion.sources.preview import preview

        library, settings = self.resources.library, self.resources.settings
        return [preview(item, library, settings).as_json() for item in self._looked_at(source)]

    def retry_failures(self, files: Sequence[Json] = ()) -> Json:
        """See `SyncOperations.retry_failures`."""
        from ingestion.sync_rows import SyncRows

        library = self.resources.library
        failed = {(failure.source, failure.path) for failure in library.failures()}
        asked = [(str(item["source"]), str(item["path"])) for item in files] or sorted(failed)
        wanted = [file for file in asked if file in failed]
        if not wanted:
            raise NotFoundError("no such file has failed. It may have been mended or removed meanwhile.")

        def work(progress: Progress, cancelled: Cancelled) -> Json:
            with self._writing():
                SyncRows(library).mark_for_retry(wanted)
                return self._retry(wanted, progress, cancelled)

        return self._jobs.start([path for _, path in wanted], work).as_json()

    def ignore_failure(self, source: str, path: str, *, ignored: bool = True) -> Json:
        """See `SyncOperations.ignore_failure`."""
        from ingestion.sync_rows import SyncRows

        with self._writing():
            if not SyncRows(self.resources.library).ignore(source, path, ignored=ignored):
                raise NotFoundError(f"{path} in {source} has not failed. It may have been mended meanwhile.")
        return {"done": True}

    def _sources(self) -> list[Source]:
        from ingestion.library_writing import LibraryWriter

        synced = LibraryWriter(self.resources.library).synced_sources()
        return find_sources(self.resources.settings.sources, self.workspace.mirrors, synced)

    def _chosen(self, wanted: str | None) -> list[Source]:
        known = self._sources()
        if wanted is None and known:
            return known
        chosen = [item for item in known if item.name == wanted]
        if not chosen and wanted is not None and Path(wanted).is_absolute():
            folder = Path(wanted).resolve()
            chosen = [item for item in known if item.kind == "folder" and item.folder == folder]
        if not chosen:
            names = ", ".join(item.name for item in known) or "none"
            asked = "there is no source" if wanted is None else f"there is no source {wanted!r}"
            raise NotFoundError(
                f"{asked} (known: {names}). Add one with its kind to {self.workspace.settings_path}, under "
                '[sources."NAME"], or ingest a folder.'
            )
        return chosen

    def _looked_at(self, wanted: str | None) -> list[Source]:
        """As `_chosen`; also a folder that is no source yet, for a look before it becomes one."""
        try:
            return self._chosen(wanted)
        except NotFoundError:
            folder = Path(wanted or "")
            if not folder.is_absolute() or not folder.is_dir():
                raise
            place = folder.resolve()
            return [Source(str(place), "folder", place, SourceSettings(), configured=False)]

    def _sync_work(self, chosen: Sequence[Source], allow_empty: bool) -> Work:
        def work(progress: Progress, cancelled: Cancelled) -> Json:
            outcomes = []
            with self._writing():
                for source in chosen:
                    if cancelled():
                        break
                    outcomes.append(self._sync_one(source, allow_empty, progress, cancelled))
            return {"sources": outcomes}

        return work

    def _sync_one(self, source: Source, allow_empty: bool, progress: Progress, cancelled: Cancelled) -> Json:
        from ingestion.sources.run import synchronise

        def tell(event: Json) -> None:
            progress({"name": source.name, **event})

        def ingest(folder: Path, *, groups: frozenset[str], allow_empty: bool) -> IngestReport:
            return self._ingest_paths([folder], tell, cancelled, groups=groups, allow_empty=allow_empty)

        self._syncing.add(source.name)
        try:
            return synchronise(
                source, ingest, library=self.resources.library, settings=self.resources.settings,
                allow_empty=allow_empty, cancelled=cancelled,
                fetching=lambda done, total, path: tell(_fetching(done, total, path)),
            ).as_json()  # fmt: skip
        finally:
            self._syncing.discard(source.name)

    def _ingest_paths(
        self, paths: Sequence[Path], progress: Progress, cancelled: Cancelled, *,
        groups: frozenset[str] = frozenset(), allow_empty: bool = False, reparse: bool = False,
        ocr: OcrMode | None = None,
    ) -> IngestReport:  # fmt: skip
        from ingestion.pipeline import ingest

        search = self.resources.search
        return ingest(
            paths, library=search.library, indexes=search.indexes, embedder=search.embedder,
            settings=self.resources.settings, groups=groups, allow_empty=allow_empty, reparse=reparse,
            progress=lambda state: progress(state.as_json()), wait_turn=self._asking.wait_turn,
            cancelled=cancelled, ocr=ocr,
        )  # fmt: skip

    def _remember(self, paths: Sequence[Path], report: IngestReport) -> None:
        """An ingest of a source's folder is a synchronisation too."""
        from ingestion.sources.run import record_ingest

        folders = {path.resolve() for path in paths}
        for source in self._sources():
            if folders == {source.folder} and not report.cancelled:
                record_ingest(source, report, self.resources.library)

    def _retry(self, files: Sequence[tuple[str, str]], progress: Progress, cancelled: Cancelled) -> Json:
        """Read files again where they are; what is not there is asked for at its source."""
        whole = {str(source.folder): source for source in self._sources()}
        here: dict[Path, None] = {}
        again: list[Source] = []
        for folder, path in files:
            source = whole.get(folder)
            file = _file(Path(folder), path)
            if file is not None:
                here[file] = None
            elif source is not None and source not in again:
                again.append(source)
        report: Json = {"sources": []}
        if here:
            report = {**self._ingest_paths(list(here), progress, cancelled).as_json(), **report}
        report["sources"] = [self._sync_one(source, False, progress, cancelled) for source in again]
        return report


def _file(folder: Path, path: str) -> Path | None:
    """The file at `path`, or the archive on the way that holds it."""
    for place in (folder / path, *(folder / path).parents):
        if place == folder:
            return None
        if place.is_file():
            return place
    return None


def _fetching(done: int, total: int, path: str) -> Json:
    return {
        "phase": "fetch", "done": done, "total": total, "path": path, "chunks_done": 0, "rate": 0.0,
        "eta_seconds": None,
    }  # fmt: skip


def _state(run: SyncRun | None) -> str:
    if run is None or (run.ok_at is None and run.error is None):  # the latter was cancelled
        return "never"
    return "refused" if run.refused else "failed" if run.error is not None else "ok"


def _last(run: SyncRun | None) -> Json:
    if run is None:
        return {
            "at": None, "ok_at": None, "seconds": None, "error": None, "attempts": 0, "report": None,
        }  # fmt: skip
    return {
        "at": run.at, "ok_at": run.ok_at, "seconds": round(run.seconds, 3), "error": run.error,
        "attempts": run.attempts, "report": run.report or None,
    }  # fmt: skip


def _next(run: SyncRun | None, every_minutes: float) -> str | None:
    """When the service begins the next run; one that never ran is due now."""
    if not every_minutes:
        return None
    due = datetime.now(UTC) if run is None else run.began + timedelta(minutes=every_minutes)
    return due.isoformat(timespec="seconds")
