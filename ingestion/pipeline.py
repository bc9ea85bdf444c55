"""Files become a searchable library: compare, parse, cut, embed, commit, index.

Parsing runs ahead in a child process while this one embeds. Each document is committed with its vectors in
one transaction, so a run can be stopped anywhere; the next one goes on with what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from ingestion.deriving import Deriver, Parsed, missing_vectors
from ingestion.documents import Document
from ingestion.embedding import Embedder
from ingestion.errors import ReadError
from ingestion.examining import RefusedError
from ingestion.indexes import SearchIndexes
from ingestion.ingest_report import IngestProgress, IngestReport, Meter
from ingestion.library import Library
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import KnownFile, LibraryWriter
from ingestion.location_rows import FileState
from ingestion.parse_ahead import parse_ahead
from ingestion.readers import supported
from ingestion.screener import Screener
from ingestion.settings import Settings
from ingestion.syncing import EMPTY_FILE, Plan, find_targets, make_plan

__all__ = ["IngestProgress", "IngestReport", "ingest"]

_CHUNKS_AT_ONCE = 64  # gathered over documents, so that small ones fill batches too
_BATCH = 16  # passages between two calls of `wait_turn`: about half a second on two cores
_INDEX_SECONDS = 5.0


def ingest(
    paths: Sequence[Path],
    *,
    library: Library,
    indexes: SearchIndexes,
    embedder: Embedder,
    settings: Settings,
    groups: frozenset[str] = frozenset(),
    allow_empty: bool = False,
    reparse: bool = False,
    progress: Callable[[IngestProgress], None] = lambda progress: None,
    wait_turn: Callable[[], None] = lambda: None,
    cancelled: Callable[[], bool] = lambda: False,
    parse: Callable[[Path], Document] | None = None,
) -> IngestReport:
    """Bring the library up to date with files and folders.

    `groups` may read what is ingested; none leaves rights as they are, and the name "" stands for everybody.
    `wait_turn` is called before each batch of passages and may block. `cancelled` is asked between batches.
    `parse` replaces the child process.

    Raises:
        UnsafeRemovalError: nothing was changed, see `make_plan`.
        IngestionError: a path does not exist.
        IndexMismatchError: the library was embedded by another model.
    """
    run = _Run(library, indexes, embedder, settings, groups, progress, wait_turn, cancelled)
    return run.do(paths, allow_empty=allow_empty, reparse=reparse, parse=parse)


class _Run:
    """One call of `ingest`."""

    def __init__(
        self, library: Library, indexes: SearchIndexes, embedder: Embedder, settings: Settings,
        groups: frozenset[str], progress: Callable[[IngestProgress], None],
        wait_turn: Callable[[], None], cancelled: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._library = library
        self._writer = LibraryWriter(library)
        self._indexes = indexes
        self._screener = Screener(library, settings.screening)
        self._deriver = Deriver(LibraryFeed(library), embedder, settings.chunking, self._screener)
        self._settings = settings
        self._groups = groups - {""} if groups else None
        self._progress = progress
        self._wait_turn = wait_turn
        self._cancelled = cancelled
        self._report = IngestReport()
        self._meter = Meter()
        self._indexed_at = time.monotonic()
        limits = settings.ingestion
        # Other limits, and other things that are refused, are a reason to try a file again.
        tried = (self._deriver.derived_by, f"{limits.seconds_per_file:g}", str(limits.memory_mb_per_file))
        self._tried_by = "/".join((*tried, self._screener.key))

    def do(
        self, paths: Sequence[Path], *, allow_empty: bool, reparse: bool,
        parse: Callable[[Path], Document] | None,
    ) -> IngestReport:  # fmt: skip
        start = time.monotonic()
        ignore = self._settings.ingestion.ignore
        own = self._library.path.parent
        targets = find_targets(paths, self._writer.synced_sources(), ignore=ignore, workspace=own)
        for target in targets:
            if target.is_source and self._writer.has_sources_below(str(target.source), ignore):
                self._writer.add_source(str(target.source), synced=True, ignore=ignore)
        # All plans are made before anything is changed: a refusal for one folder leaves the others alone too.
        plans = [
            make_plan(
                target, self._writer, self._settings.ingestion, tried_by=self._tried_by,
                supported=supported, allow_empty=allow_empty, reparse=reparse, hashed=self._hashed,
            )
            for target in targets
        ]  # fmt: skip
        self._screener.plan_again(plans)
        self._link(plans)
        for plan in plans:
            self._settle(plan)
        self._meter.begin(
            sum(len(plan.parse) for plan in plans),
            sum(files[0].size for plan in plans for files in plan.parse.values()),
        )
        for plan in plans:
            if not self._report.cancelled:
                self._derive(plan, parse)
        self._index(True)
        self._report.seconds = time.monotonic() - start
        return self._report

    def _hashed(self, file: FileState) -> None:
        self._meter.files += 1
        self._progress(self._meter.progress("scan", file.path))

    def _link(self, plans: Sequence[Plan]) -> None:
        """Point files at documents that are there already, moves first, and forget files that vanished.

        All plans together: a file that went from one folder to another takes its document along.
        """
        for plan in plans:
            self._writer.add_source(
                str(plan.target.source), synced=plan.target.is_source, ignore=self._settings.ingestion.ignore
            )
            if self._groups is not None:
                place = PurePosixPath(plan.target.source, plan.target.folder)
                self._writer.set_folder_rights(str(place), self._groups)
            self._writer.rename([(old.state.source, old.state.path, file) for old, file in plan.moves])
        links = [link for plan in plans for link in plan.relinks]
        gone = [(old.state.source, old.state.path) for plan in plans for old in plan.vanished]
        for file, id in self._writer.relink(links, gone, self._groups):  # somebody removed its document
            (plan,) = (plan for plan in plans if (file, id) in plan.relinks)
            plan.relinks.remove((file, id))
            plan.parse.setdefault(id, []).append(file)

    def _settle(self, plan: Plan) -> None:
        """Count what needed no parsing, and list what cannot be taken in."""
        report, source = self._report, str(plan.target.source)
        report.removed += sum(old.document is not None for old in plan.vanished)
        report.ignored += plan.ignored
        for old in plan.unchanged:
            self._count_known(old)
        for _, file in plan.moves:
            if plan.kind(file) != "moved":  # else it is read again, and counted then
                report.count("moved", file.path)
        for file, _ in plan.relinks:
            report.count(plan.kind(file), file.path)
        self._writer.fail(plan.news(plan.failed), self._tried_by)
        self._writer.fail(plan.news(plan.unreadable), self._tried_by, keep_location=True)
        self._writer.fail(plan.news([(file, EMPTY_FILE) for file in plan.empty]), self._tried_by)
        report.failed += [(source, file.path, reason) for file, reason in plan.failed + plan.unreadable]
        report.empty += len(plan.empty)
        report.warnings += [(source, path, text) for path, text in plan.warnings.items()]
        self._grant(plan)

    def _count_known(self, old: KnownFile) -> None:
        if old.chunks:
            self._report.count("unchanged", old.state.path)
        else:
            self._report.empty += 1

    def _grant(self, plan: Plan) -> None:
        if self._groups is not None:
            files = [old.state for old in plan.unchanged if old.groups != self._groups]
            files += [file for _, file in plan.moves]
            if files:
                self._writer.grant(files, self._groups)

    def _derive(self, plan: Plan, parse: Callable[[Path], Document] | None) -> None:
        waiting: list[Parsed] = []
        for id, files, outcome in parse_ahead(list(plan.parse.items()), self._settings.ingestion, parse):
            if self._cancelled():
                self._report.cancelled = True
                return
            if isinstance(outcome, ReadError):
                self._fail(files, str(outcome), plan, id)
            else:
                waiting += self._cut(id, files, outcome, plan)
            self._progress(self._meter.progress("parse", files[0].path))
            if sum(len(parsed.chunks) for parsed in waiting) >= _CHUNKS_AT_ONCE:
                if not self._flush(waiting, plan):
                    return
                waiting = []
        self._flush(waiting, plan)

    def _cut(self, id: str, files: list[FileState], document: Document, plan: Plan) -> list[Parsed]:
        """The document to be stored, if it may be; files that are refused are listed."""
        again = id in plan.reparse
        try:
            return [self._deriver.cut(id, files, document, again=again)]
        except RefusedError as error:
            plan.masking.add(id)
            self._fail([file for file in files if self._screener.refuses(file)], str(error), plan, id)
        others = [file for file in files if not self._screener.refuses(file)]
        return [self._deriver.cut(id, others, document, again=again)] if others else []

    def _fail(self, files: list[FileState], reason: str, plan: Plan, id: str) -> None:
        """List files as failed; one that was only to be parsed anew keeps what it has, unless it must go."""
        for kept in (True, False):
            keeps = {file.path: plan.kind(file) == "unchanged" and id not in plan.masking for file in files}
            these = [(file, reason) for file in files if keeps[file.path] is kept]
            self._writer.fail(these, self._tried_by, keep_location=kept)
        self._report.failed += [(file.source, file.path, reason) for file in files]
        self._meter.file_done(files[0].size)

    def _flush(self, waiting: list[Parsed], plan: Plan) -> bool:
        """Embed what is missing and commit; False when the run was cancelled in between."""
        missing = missing_vectors(waiting)
        for begin in range(0, len(missing), _BATCH):
            self._wait_turn()
            if self._cancelled():
                self._report.cancelled = True
                return False
            batch = missing[begin : begin + _BATCH]
            self._deriver.embed(batch)
            self._meter.chunks += len(batch)
            self._progress(self._meter.progress("embed", waiting[0].files[0].path))
        for parsed in waiting:
            self._commit(parsed, plan)
        self._index(False)
        return True

    def _commit(self, parsed: Parsed, plan: Plan) -> None:
        self._writer.put(self._deriver.derived(parsed), parsed.files, self._groups)
        report = self._report
        for file in parsed.files:
            report.warnings += [(file.source, file.path, text) for text in parsed.document.warnings]
            if parsed.chunks:
                report.count(plan.kind(file), file.path)
                report.reparsed += int(plan.kind(file) == "unchanged")
            else:
                report.empty += 1
        report.pages += len(parsed.document.pages)
        report.chunks += len(parsed.chunks)
        self._meter.file_done(parsed.files[0].size)

    def _index(self, now: bool) -> None:
        """Make what was committed findable: from time to time, and at the end."""
        if now or time.monotonic() - self._indexed_at > _INDEX_SECONDS:
            self._progress(self._meter.progress("index", ""))
            self._indexes.catch_up()
            self._indexed_at = time.monotonic()
        if now:
            self._indexes.save()
