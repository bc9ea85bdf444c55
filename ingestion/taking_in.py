"""Files that must be read: parsed, cut, embedded, committed, each with what lies inside it.

A file is committed after everything inside it, so a run that is stopped in between finds it undone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.containers import Member
from ingestion.deriving import Deriver, Parsed, missing_vectors
from ingestion.described_rows import DescribedRows
from ingestion.describing import Describer
from ingestion.documents import Document
from ingestion.errors import IngestionError
from ingestion.examining import RefusedError
from ingestion.indexes import SearchIndexes
from ingestion.ingest_report import IngestProgress, IngestReport, Meter, Phase
from ingestion.library_writing import KnownFile, LibraryWriter, StorageError
from ingestion.location_rows import FileState
from ingestion.member_plans import stale_members
from ingestion.parse_ahead import Job, Outcome, ParseAhead
from ingestion.plans import EMPTY_FILE, Plan
from ingestion.readers import supported
from ingestion.screener import Screener
from ingestion.settings import IngestionSettings
from ingestion.tries import UNREAD

logger = logging.getLogger(__name__)

_OF_THE_RUN = (IngestionError, OSError, StorageError, MemoryError)
"""What would meet every document alike: a full disk, a locked library, a model that does not answer."""
_LONGEST_REASON = 200
_CHUNKS_AT_ONCE = 64  # gathered over documents, so that small ones fill batches too
_BATCH = 16  # passages between two calls of `wait_turn`: about half a second on two cores
_INDEX_SECONDS = 5.0
_LINKS_AT_ONCE = 200  # between two looks at `cancelled`


@dataclass(frozen=True, slots=True)
class Hooks:
    """What whoever started a run wants to know and to decide."""

    progress: Callable[[IngestProgress], None] = lambda progress: None
    wait_turn: Callable[[], None] = lambda: None
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with. `scratch` is a folder of its own; `groups` as in `LibraryWriter.put`."""

    writer: LibraryWriter
    indexes: SearchIndexes
    deriver: Deriver
    screener: Screener
    settings: IngestionSettings
    scratch: Path
    groups: frozenset[str] | None
    tried_by: str
    described: DescribedRows
    describer: Describer | None = None


class _Cancelled(Exception):
    """The run was cancelled while the members of a file were sorted out."""


class Intake:
    """Takes files in and keeps the report."""

    def __init__(self, tools: Tools, hooks: Hooks, report: IngestReport, meter: Meter) -> None:
        self._tools = tools
        self._writer = tools.writer
        self._hooks = hooks
        self._report = report
        self._meter = meter
        self._waiting: list[tuple[Job, Parsed]] = []
        self._held: dict[int, tuple[Job, list[Parsed]]] = {}
        self._indexed_at = time.monotonic()

    def take(self, plan: Plan, parse: Callable[[Path], Document] | None) -> None:
        """Read everything that `plan` wants read. `parse` replaces the child process."""
        self._waiting.clear()
        self._held.clear()
        tools = self._tools
        with ParseAhead(tools.settings, parse, tools.scratch, tools.describer) as ahead:
            ahead.add(
                Job(id, files, files[0].size, again=id in plan.reparse or id in plan.stored)
                for id, files in plan.parse.items()
            )
            for outcome in ahead:
                if self._hooks.cancelled():
                    self._report.cancelled = True
                    return
                try:
                    self._receive(outcome, plan, ahead)
                except _Cancelled:
                    self._report.cancelled = True
                    return
                self._tell("parse", outcome.job.files[0].path)
                chunks = sum(len(parsed.chunks) for _, parsed in self._waiting)
                if chunks >= _CHUNKS_AT_ONCE and not self._flush(plan):
                    return
            while self._waiting:
                if not self._flush(plan):
                    return

    def index(self) -> None:
        """Make what was committed findable, and save the indexes."""
        self._catch_up()
        self._tools.indexes.save()

    def _receive(self, outcome: Outcome, plan: Plan, ahead: ParseAhead) -> None:
        job = outcome.job
        if outcome.document is None:
            self._fail(job, job.files, outcome.reason, plan, passing=outcome.passing)
            self._done(job)
            return
        cut = self._cut_or_list(job, outcome.document, plan)
        members = self._affordable(job, outcome.members) if cut else []
        self._forget_stale(cut, {member.name for member in members}, plan)
        if cut:
            self._report.ignored += outcome.ignored * len(cut[0].files)
            self._report.members += outcome.ignored * len(cut[0].files)
        if not cut:
            self._done(job)
        elif outcome.members:
            self._list_rest(cut[0].files[0], outcome.members[len(members) :])
            self._held[id(job)] = (job, cut)
            job.open_members = 1  # until all are counted
            ahead.add(self._expand(job, cut[0].files, members, plan))
            self._member_done(job)
        else:
            self._waiting += [(job, parsed) for parsed in cut]

    def _cut(self, job: Job, document: Document, plan: Plan) -> list[Parsed]:
        """The document to be stored, if it may be; files that are refused are listed."""
        deriver, screener = self._tools.deriver, self._tools.screener
        try:
            return [deriver.cut(job.id, job.files, document, again=job.again)]
        except RefusedError as error:
            plan.masking.add(job.id)
            self._fail(job, [file for file in job.files if screener.refuses(file)], str(error), plan)
        others = [file for file in job.files if not screener.refuses(file)]
        return [deriver.cut(job.id, others, document, again=job.again)] if others else []

    def _cut_or_list(self, job: Job, document: Document, plan: Plan) -> list[Parsed]:
        try:
            return self._cut(job, document, plan)
        except _OF_THE_RUN:
            raise
        except Exception as error:  # a bug that one text brings out must cost that document alone
            self._fail(job, job.files, _unforeseen("cut", error), plan)
            return []

    def _affordable(self, job: Job, members: list[Member]) -> list[Member]:
        """Those members for which there is room: each one counts as often as there are files around it.

        Archives in archives multiply, so that a file of a few kilobytes could hold millions of places.
        """
        if job.room is None:
            return members
        taken = members[: max(job.room.places, 0) // len(job.files)]
        job.room.places -= len(taken) * len(job.files)
        return taken

    def _list_rest(self, file: FileState, rest: Sequence[Member]) -> None:
        if rest:
            others = f" and {len(rest) - 1} others" if len(rest) > 1 else ""
            self._list([file.member(rest[0].name)], (
                f"it{others} of the same archive were left out: the file on disk holds more than "
                f"{self._tools.settings.members} files altogether. Unpack it, or raise ingestion.members."
            ))  # fmt: skip

    def _expand(
        self, job: Job, files: Sequence[FileState], members: Sequence[Member], plan: Plan
    ) -> list[Job]:
        """Jobs for those members that must be read; the others are linked or listed here."""
        found: dict[str, tuple[Member, list[FileState]]] = {}
        for member in members:
            places = [file.member(member.name) for file in files]
            reason = member.reason or _reason_against(member)
            if reason or member.id is None:
                self._list_members(files, places, reason, plan)
                continue
            for place in places:
                plan.kinds[place.path] = _kind(plan, place, member.id)
            found.setdefault(member.id, (member, []))[1].extend(places)
        jobs = []
        stored = self._stored(found, again=job.id in plan.reparse)
        for id, (member, places) in found.items():
            if id in stored and not (left := self._link(places, id, plan)):
                continue
            todo = left if id in stored else places
            jobs.append(Job(id, todo, member.size, member.file, job.depth + 1, job, id in plan.stored))
            jobs[-1].room = job.room
        job.open_members += len(jobs)
        self._meter.more(len(jobs), sum(other.size for other in jobs))
        return jobs

    def _stored(self, found: dict[str, tuple[Member, list[FileState]]], *, again: bool) -> set[str]:
        """Those documents that need not be read: they are there, hold nothing, and are screened rightly."""
        stored = set() if again else set(self._writer.derivations(found))
        stored -= self._writer.containers(stored)
        return stored - self._tools.screener.outdated({id: found[id][1] for id in stored})

    def _link(self, places: list[FileState], id: str, plan: Plan) -> list[FileState]:
        """Point files at a stored document; returns those that could not be, because it has just gone."""
        remaining: list[FileState] = []
        for begin in range(0, len(places), _LINKS_AT_ONCE):
            if self._hooks.cancelled():
                raise _Cancelled
            batch = [(place, id) for place in places[begin : begin + _LINKS_AT_ONCE]]
            remaining += [place for place, _ in self._writer.relink(batch, (), self._tools.groups)]
        for place in places:
            if place not in remaining and place.path not in plan.counted:
                self._report.count(plan.kind(place), place.path)
                self._report.members += 1
        return remaining

    def _list_members(
        self, files: Sequence[FileState], places: list[FileState], reason: str, plan: Plan
    ) -> None:
        """List a member of `files`, at `places`; in a file that is as it was it keeps what it has."""
        kept = [
            place for file, place in zip(files, places, strict=True)
            if plan.kind(file) == "unchanged" and (old := plan.known.get(place.path)) is not None
            and old.document is not None and old.document not in plan.masking
        ]  # fmt: skip
        self._list(kept, reason, keep_location=True)
        self._list([place for place in places if place not in kept], reason)

    def _list(self, places: list[FileState], reason: str, *, keep_location: bool = False) -> None:
        failures = [(place, reason) for place in places]
        self._writer.fail(failures, self._tools.tried_by, keep_location=keep_location)
        self._report.members += len(places)
        if reason == EMPTY_FILE:
            self._report.empty += len(places)
        else:
            self._report.failed += [(place.source, place.path, reason) for place in places]

    def _forget_stale(self, cut: list[Parsed], names: set[str], plan: Plan) -> None:
        self._forget(
            old for parsed in cut for file in parsed.files for old in stale_members(plan, file, names)
        )

    def _forget(self, gone: Iterable[KnownFile]) -> None:
        gone = list(gone)
        self._writer.relink([], [(old.state.source, old.state.path) for old in gone])
        self._report.removed += sum(old.document is not None for old in gone)

    def _fail(
        self, job: Job, files: list[FileState], reason: str, plan: Plan, *, passing: bool = False
    ) -> None:
        """List files as failed; one that was only to be parsed anew keeps what it has, unless it must go."""
        keeps = job.id not in plan.masking
        tried_by = UNREAD if passing else self._tools.tried_by
        for kept in (True, False):
            these = [file for file in files if (plan.kind(file) in ("unchanged", "moved") and keeps) is kept]
            self._writer.fail([(file, reason) for file in these], tried_by, keep_location=kept)
            if not kept:
                self._forget(old for file in these for old in stale_members(plan, file, set()))
        self._report.failed += [(file.source, file.path, reason) for file in files]
        self._report.members += sum(file.container is not None for file in files)

    def _done(self, job: Job) -> None:
        """A job is over; when it was the last within its parent, that can be committed."""
        self._meter.file_done(job.size)
        if job.parent is not None:
            self._member_done(job.parent)

    def _member_done(self, parent: Job) -> None:
        parent.open_members -= 1
        if parent.open_members == 0:
            _, cut = self._held.pop(id(parent))
            self._waiting += [(parent, parsed) for parsed in cut]

    def _flush(self, plan: Plan) -> bool:
        """Embed what is missing and commit; False when the run was cancelled in between."""
        # Again and all together: the same bytes may have been cut for a stricter folder since.
        waiting = [(job, self._tools.deriver.renewed(parsed)) for job, parsed in self._waiting]
        self._waiting = []
        missing = missing_vectors([parsed for _, parsed in waiting])
        for begin in range(0, len(missing), _BATCH):
            self._hooks.wait_turn()
            if self._hooks.cancelled():
                self._report.cancelled = True
                return False
            batch = missing[begin : begin + _BATCH]
            self._tools.deriver.embed(batch)
            self._meter.chunks += len(batch)
            self._tell("embed", waiting[0][0].files[0].path)
        for job, parsed in waiting:
            self._commit(job, parsed, plan)
            self._done(job)
        if time.monotonic() - self._indexed_at > _INDEX_SECONDS:
            self._catch_up()
        return True

    def _commit(self, job: Job, parsed: Parsed, plan: Plan) -> None:
        try:
            self._writer.put(self._tools.deriver.derived(parsed), parsed.files, self._tools.groups)
        except _OF_THE_RUN:
            raise
        except Exception as error:  # as when it is cut; what was written went back with its transaction
            self._fail(job, parsed.files, _unforeseen("stored", error), plan)
            return
        self._note_described(parsed)
        report = self._report
        for file in parsed.files:
            report.warnings += [(file.source, file.path, text) for text in parsed.document.warnings]
            if file.path in plan.counted:
                continue
            report.members += file.container is not None
            if parsed.chunks:
                report.count(plan.kind(file), file.path)
                report.reparsed += int(plan.kind(file) == "unchanged" and parsed.id in plan.reparse)
            else:
                report.empty += 1
        report.pages += len(parsed.document.pages)
        report.chunks += len(parsed.chunks)

    def _note_described(self, parsed: Parsed) -> None:
        describer = self._tools.describer
        if describer is None:
            self._tools.described.forget(parsed.id)
            return
        found = describer.take(parsed.id)
        self._tools.described.put(
            parsed.id, describer.key, found.answers, figures=bool(parsed.document.figures), whole=found.whole
        )

    def _catch_up(self) -> None:
        self._tell("index", "")
        self._tools.indexes.catch_up()
        self._indexed_at = time.monotonic()

    def _tell(self, phase: Phase, path: str) -> None:
        self._hooks.progress(self._meter.progress(phase, path))


def _unforeseen(what: str, error: Exception) -> str:
    logger.error("a document could not be %s", what, exc_info=error)
    told = " ".join(str(error).split())[:_LONGEST_REASON]
    return f"it was read, but could not be {what} ({type(error).__name__}: {told})."


def _reason_against(member: Member) -> str:
    if not supported(Path(member.name)):
        return f"unsupported format {Path(member.name).suffix or '(none)'}"
    return EMPTY_FILE if member.size == 0 else ""


def _kind(plan: Plan, place: FileState, document: str) -> str:
    before = plan.known.get(place.path)
    held = before.document if before else None
    return "unchanged" if held == document else "changed" if held else "added"
