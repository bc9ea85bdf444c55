"""Files become a searchable library: compare, parse, cut, embed, commit, index.

Parsing runs ahead in a child process while this one embeds. Each document is committed with its vectors in
one transaction, so a run can be stopped anywhere; the next one goes on with what is missing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ingestion.chunking import chunk_document
from ingestion.contextual import embedding_text
from ingestion.documents import LOCAL_USER, Chunk, Document, User
from ingestion.embedding import Embedder
from ingestion.errors import ReadError
from ingestion.indexes import SearchIndexes
from ingestion.ingest_report import IngestProgress, IngestReport, Meter
from ingestion.library import Library, file_path
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import Derived, KnownFile, LibraryWriter
from ingestion.location_rows import FileState
from ingestion.parsing import ParserProcess
from ingestion.readers import PARSER_VERSION, supported
from ingestion.settings import Settings
from ingestion.syncing import EMPTY_FILE, Plan, find_targets, make_plan
from ingestion.vectors import Vectors

__all__ = ["IngestProgress", "IngestReport", "ingest", "reembed", "remove_document"]

_PARSED_AHEAD = 4
_CHUNKS_AT_ONCE = 64  # gathered over documents, so that small ones fill batches too
_BATCH = 16  # passages between two calls of `wait_turn`: about half a second on two cores
_INDEX_SECONDS = 5.0


@dataclass(slots=True)
class _Parsed:
    """A document on its way, with all files that hold its bytes."""

    id: str
    files: list[FileState]
    document: Document
    title: str
    chunks: list[Chunk]
    vectors: list[Vectors | None]


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
        self._feed = LibraryFeed(library)
        self._indexes = indexes
        self._embedder = embedder
        self._settings = settings
        self._groups = groups - {""} if groups else None
        self._progress = progress
        self._wait_turn = wait_turn
        self._cancelled = cancelled
        self._report = IngestReport()
        self._meter = Meter()
        self._indexed_at = time.monotonic()
        sizes = settings.chunking
        self._derived_by = derivation(sizes.target, sizes.maximum)
        limits = settings.ingestion
        # Other limits are a reason to try a file again.
        self._tried_by = f"{self._derived_by}/{limits.seconds_per_file:g}/{limits.memory_mb_per_file}"

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
        waiting: list[_Parsed] = []
        for id, files, outcome in self._parsed(list(plan.parse.items()), parse):
            if self._cancelled():
                self._report.cancelled = True
                return
            if isinstance(outcome, ReadError):
                self._fail(files, str(outcome), plan)
            else:
                waiting.append(self._cut(id, files, outcome, plan))
            self._progress(self._meter.progress("parse", files[0].path))
            if sum(len(parsed.chunks) for parsed in waiting) >= _CHUNKS_AT_ONCE:
                if not self._flush(waiting, plan):
                    return
                waiting = []
        self._flush(waiting, plan)

    def _fail(self, files: list[FileState], reason: str, plan: Plan) -> None:
        """List files as failed; one that was only to be parsed anew keeps what it has."""
        for kept in (True, False):
            these = [(file, reason) for file in files if (plan.kind(file) == "unchanged") is kept]
            self._writer.fail(these, self._tried_by, keep_location=kept)
        self._report.failed += [(file.source, file.path, reason) for file in files]
        self._meter.file_done(files[0].size)

    def _parsed(
        self, todo: list[tuple[str, list[FileState]]], parse: Callable[[Path], Document] | None
    ) -> Iterator[tuple[str, list[FileState], Document | ReadError]]:
        """Parse in order, some files ahead of the one that is being used."""
        child = ParserProcess(self._settings.ingestion)
        pool = ThreadPoolExecutor(1, thread_name_prefix="parse")
        ahead: deque[tuple[str, list[FileState], Future[Document | ReadError]]] = deque()
        try:
            for id, files in todo:
                ahead.append((id, files, pool.submit(_parse_file, parse or child.parse, files[0])))
                if len(ahead) > _PARSED_AHEAD:
                    first = ahead.popleft()
                    yield first[0], first[1], first[2].result()
            for id, files, future in ahead:
                yield id, files, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            child.close()
            pool.shutdown()

    def _cut(self, id: str, files: list[FileState], document: Document, plan: Plan) -> _Parsed:
        document = _without_surrogates(document)
        sizes = self._settings.chunking
        chunks = chunk_document(document, target=sizes.target, maximum=max(sizes.maximum, sizes.target))
        title = (document.title or "").strip() or PurePosixPath(files[0].path).stem
        old: dict[str, Vectors] = {}
        if id in plan.reparse:  # what reads as before keeps its vector
            old = self._feed.vectors_by_text(id, self._embedder.identity)
        kept = [old.get(embedding_text(title, chunk.text)) for chunk in chunks]
        return _Parsed(id, files, document, title, chunks, kept)

    def _flush(self, waiting: list[_Parsed], plan: Plan) -> bool:
        """Embed what is missing and commit; False when the run was cancelled in between."""
        missing = [
            (parsed, at) for parsed in waiting for at, vector in enumerate(parsed.vectors) if vector is None
        ]
        missing.sort(key=lambda item: len(item[0].chunks[item[1]].text))  # alike lengths pad little
        for begin in range(0, len(missing), _BATCH):
            self._wait_turn()
            if self._cancelled():
                self._report.cancelled = True
                return False
            self._embed(missing[begin : begin + _BATCH])
            self._progress(self._meter.progress("embed", waiting[0].files[0].path))
        for parsed in waiting:
            self._commit(parsed, plan)
        self._index(False)
        return True

    def _embed(self, batch: list[tuple[_Parsed, int]]) -> None:
        texts = [embedding_text(parsed.title, parsed.chunks[at].text) for parsed, at in batch]
        for (parsed, at), vector in zip(batch, self._embedder.embed_passages(texts), strict=True):
            parsed.vectors[at] = vector
        self._meter.chunks += len(batch)

    def _commit(self, parsed: _Parsed, plan: Plan) -> None:
        found = [vector for vector in parsed.vectors if vector is not None]
        empty = np.empty((0, self._embedder.dimension), dtype=np.float32)
        derived = Derived(
            parsed.id, parsed.document, parsed.title, parsed.chunks, np.stack(found) if found else empty,
            self._embedder.identity, self._derived_by,
        )  # fmt: skip
        self._writer.put(derived, parsed.files, self._groups)
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


def derivation(target: int, maximum: int) -> str:
    """What a document's text and chunks depend on besides its bytes."""
    return f"{PARSER_VERSION}/{target}/{maximum}"


def remove_document(
    document_id: str, *, library: Library, indexes: SearchIndexes, user: User = LOCAL_USER
) -> dict[str, Any]:
    """Remove a document that `user` may read. A file that stays in a folder comes back with its next sync."""
    stored = library.document(document_id, user)
    if stored is None:
        return {"done": False, "document": document_id, "locations": []}
    LibraryWriter(library).remove_document(document_id)
    indexes.catch_up()
    places = [{"source": place.source, "path": place.path} for place in stored.locations]
    return {"done": True, "document": document_id, "locations": places}


def reembed(
    *,
    library: Library,
    indexes: SearchIndexes,
    embedder: Embedder,
    progress: Callable[[IngestProgress], None] = lambda progress: None,
    wait_turn: Callable[[], None] = lambda: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Embed every chunk with another model. The old vectors serve until all new ones are there.

    Vectors are committed by batches, so a run that was stopped goes on where it was.
    """
    feed, writer, meter = LibraryFeed(library), LibraryWriter(library), Meter()
    meter.begin(*(2 * [feed.count()[1] - len(feed.vector_rows(embedder.identity))]))
    while True:
        for batch in feed.chunks_without_vector(embedder.identity):
            for begin in range(0, len(batch), _BATCH):
                wait_turn()
                if cancelled():
                    return {"done": False, "chunks": meter.chunks, "embedder": embedder.identity}
                part = batch[begin : begin + _BATCH]
                vectors = embedder.embed_passages([chunk.embedded for chunk in part])
                writer.add_vectors(embedder.identity, [chunk.row for chunk in part], vectors)
                meter.chunks += len(part)
                meter.files, meter.bytes = meter.chunks, meter.chunks
                progress(meter.progress("embed", ""))
        if writer.switch_embedder(embedder.identity, embedder.dimension) == 0:
            break  # else a document came in meanwhile
    indexes.switch_embedder(embedder.identity, embedder.dimension)
    return {"done": True, "chunks": meter.chunks, "embedder": embedder.identity}


def _parse_file(parse: Callable[[Path], Document], file: FileState) -> Document | ReadError:
    path = file_path(file.source, file.path, file.raw_path)
    try:
        document = parse(path)
        state = path.stat()
    except ReadError as error:
        return error
    except OSError as error:
        return ReadError(f"it cannot be read ({error.strerror or error})")
    if (state.st_mtime_ns, state.st_size) != (file.mtime_ns, file.size):
        return ReadError("it was changed while it was being read. The next run takes it.")
    return document


def _without_surrogates(document: Document) -> Document:
    """Half characters, which no database stores, become the replacement character; lengths stay."""
    try:
        "".join((document.text, document.title or "", *document.warnings)).encode()
    except UnicodeEncodeError:
        clean = _clean
        return replace(
            document,
            text=clean(document.text),
            title=None if document.title is None else clean(document.title),
            headings=tuple(replace(heading, title=clean(heading.title)) for heading in document.headings),
            warnings=tuple(clean(warning) for warning in document.warnings),
        )
    return document


def _clean(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
