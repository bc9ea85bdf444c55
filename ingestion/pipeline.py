"""Files become a searchable library: compare, parse, cut, embed, commit, index.

Parsing runs ahead in a child process while this one embeds. Each document is committed with its vectors in
one transaction, so a run can be stopped anywhere; the next one goes on with what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ingestion.deriving import Deriver
from ingestion.described_rows import DescribedRows
from ingestion.describing import open_describer, undescribed
from ingestion.documents import Document
from ingestion.embedding import Embedder
from ingestion.errors import IngestionError
from ingestion.indexes import SearchIndexes
from ingestion.ingest_report import IngestProgress, IngestReport, Meter
from ingestion.library import Library
from ingestion.library_feed import LibraryFeed
from ingestion.library_writing import KnownFile, LibraryWriter
from ingestion.location_rows import FileState
from ingestion.loss_rows import LossRows
from ingestion.member_files import forget_members
from ingestion.member_plans import gather_members, match_moves
from ingestion.missing_folders import missing_folders, missing_warning
from ingestion.plans import EMPTY_FILE, Plan, Target, read_again
from ingestion.readers import supported
from ingestion.reading import OcrMode
from ingestion.renames import renamed_folders
from ingestion.rights.rules import RightsRules
from ingestion.screener import Screener
from ingestion.settings import Settings
from ingestion.syncing import find_targets, found_again, lost_files, make_plan
from ingestion.taking_in import Hooks, Intake, Tools
from ingestion.tries import UNREAD, tried_by
from ingestion.version_rows import VersionRows

__all__ = ["IngestProgress", "IngestReport", "ingest"]


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
    ocr: OcrMode | None = None,
    progress: Callable[[IngestProgress], None] = lambda progress: None,
    wait_turn: Callable[[], None] = lambda: None,
    cancelled: Callable[[], bool] = lambda: False,
    parse: Callable[[Path], Document] | None = None,
) -> IngestReport:
    """Bring the library up to date with files and folders.

    `groups` may read what is ingested; none leaves rights as they are, and the name "" stands for everybody.
    `wait_turn` is called before each batch of passages and may block. `cancelled` is asked between batches.
    `parse` replaces the child process. `ocr` holds for all files of this run, whatever the settings say.

    Raises:
        UnsafeRemovalError: nothing was changed, see `make_plan`.
        IngestionError: a path does not exist.
        IndexMismatchError: the library was embedded by another model.
    """
    if ocr is not None:
        changed: dict[str, Any] = {"ocr": ocr, "ocr_folders": {}}
        settings = settings.model_copy(update={"ingestion": settings.ingestion.model_copy(update=changed)})
    run = _Run(library, indexes, embedder, settings, groups, Hooks(progress, wait_turn, cancelled))
    return run.do(paths, allow_empty=allow_empty, reparse=reparse, parse=parse)


class _Run:
    """One call of `ingest`."""

    def __init__(
        self, library: Library, indexes: SearchIndexes, embedder: Embedder, settings: Settings,
        groups: frozenset[str], hooks: Hooks,
    ) -> None:  # fmt: skip
        self._library = library
        self._rules = RightsRules(settings.sources, library.mirrors)
        self._writer = LibraryWriter(library, self._rules.of)
        self._screener = Screener(library, settings.screening)
        self._settings = settings
        self._groups = groups - {""} if groups else None
        self._hooks = hooks
        self._descriptions = library.path.parent / "descriptions"
        self._report = IngestReport()
        self._meter = Meter()
        deriver = Deriver(LibraryFeed(library), embedder, settings.chunking, self._screener)
        self._derived_by = deriver.derived_by
        self._tried_by = tried_by(settings)
        tools = Tools(
            self._writer, indexes, deriver, self._screener, settings.ingestion,
            library.path.parent / "unpacked", self._groups, self._tried_by,
            DescribedRows(library), open_describer(settings, self._descriptions, hooks.cancelled),
        )  # fmt: skip
        self._intake = Intake(tools, hooks, self._report, self._meter)

    def do(
        self, paths: Sequence[Path], *, allow_empty: bool, reparse: bool,
        parse: Callable[[Path], Document] | None,
    ) -> IngestReport:  # fmt: skip
        start = time.monotonic()
        ignore = self._settings.ingestion.ignore
        own = self._library.path.parent
        self._report.warnings += [
            (folder, key, missing_warning(folder)) for key, folder in missing_folders(self._settings)
        ]
        targets = find_targets(paths, self._writer.synced_sources(), ignore=ignore, workspace=own)
        if self._groups is not None and (governed := self._rules.governed([one.path for one in targets])):
            raise IngestionError(
                f"who may read {governed} is told by the folder itself, so no groups can be given for it. "
                "Change its rights there, or the setting rights of its source."
            )
        for target in targets:
            if target.is_source and self._writer.has_sources_below(str(target.source), ignore):
                self._writer.add_source(str(target.source), synced=True, ignore=ignore)
        # All plans are made before anything is changed: a refusal for one folder leaves the others alone too.
        plans = [
            make_plan(
                target, self._writer, self._settings.ingestion, tried_by=self._tried_by,
                supported=supported, allow_empty=allow_empty, reparse=reparse, hashed=self._hashed,
                lost_lately=self._lost_lately(target), apart=self._rules.files(target.source),
            )
            for target in targets
        ]  # fmt: skip
        match_moves(plans)
        for plan in plans:
            self._count_losses(plan, agreed=allow_empty)
        self._screener.plan_again(plans)
        derived = self._writer.all_derivations()
        lacking = undescribed(self._library, self._settings)
        for plan in plans:  # after screening, which tells what must go when it cannot be read again
            read_again(
                plan, lambda id: id in lacking or derived.get(id, self._derived_by) != self._derived_by
            )
            gather_members(plan)
        self._renew_rights(plans)
        self._link(plans)
        for plan in plans:
            self._settle(plan)
        self._meter.begin(
            sum(len(plan.parse) for plan in plans),
            sum(files[0].size for plan in plans for files in plan.parse.values()),
        )
        for plan in plans:
            if not self._report.cancelled:
                self._intake.take(plan, parse)
        self._intake.index()
        forget_members(self._library)
        DescribedRows(self._library).prune(self._descriptions)
        VersionRows(self._library, self._settings.ingestion.fiscal_month).refresh()
        self._report.warnings += [
            (source, path, reason)
            for (_, reason), (source, path) in self._rules.problems.items()
            if not self._listed(source, reason)
        ]  # fmt: skip
        self._report.seconds = time.monotonic() - start
        return self._report

    def _listed(self, source: str, reason: str) -> bool:
        return any(where == source and told.startswith(reason) for where, _, told in self._report.failed)

    def _lost_lately(self, target: Target) -> frozenset[str]:
        days = self._settings.ingestion.removal_days
        return LossRows(self._library).since(str(target.source), target.folder, days)

    def _count_losses(self, plan: Plan, *, agreed: bool) -> None:
        """Remember what vanishes, before it does; what somebody agreed to is not counted again."""
        rows, target = LossRows(self._library), plan.target
        source = str(target.source)
        if agreed and not target.is_file:
            rows.agree(source, target.folder)
        elif not target.is_file:
            back = found_again(plan, self._lost_lately(target))
            rows.forget(source, back, self._settings.ingestion.removal_days)
            rows.note(source, lost_files(plan))

    def _hashed(self, file: FileState) -> None:
        self._meter.files += 1
        self._hooks.progress(self._meter.progress("scan", file.path))

    def _renew_rights(self, plans: Sequence[Plan]) -> None:
        """Give known files what they carry by their folders now, before anything else: some may fail."""
        if not self._rules.any:
            return
        changed: dict[frozenset[str], list[FileState]] = {}
        for plan in plans:
            going = {old.state.path for old in (*plan.vanished, *(old for old, _ in plan.moves))}
            states = [old.state for old in plan.known.values()]
            self._rules.know(states)
            self._rules.know(file for files in plan.parse.values() for file in files)
            self._rules.know(file for file, _ in (*plan.relinks, *((file, "") for _, file in plan.moves)))
            for old in plan.known.values():
                if old.document is None or not going.isdisjoint((old.state.path, old.state.container or "")):
                    continue
                groups = self._rules.of(old.state)
                if groups is not None and groups != old.groups:
                    changed.setdefault(groups, []).append(old.state)
        for groups, files in changed.items():
            self._writer.grant(files, groups)

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
            self._writer.carry_rights(renamed_folders(plan))
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
            if plan.kind(file) != "moved" or file.path in plan.counted:  # else it is counted when read again
                report.count("moved", file.path)
                report.members += file.container is not None
        for file, _ in plan.relinks:
            report.count(plan.kind(file), file.path)
        self._writer.fail(plan.news(plan.failed), self._tried_by)
        self._writer.fail(plan.news(plan.unreadable), UNREAD, keep_location=True)
        self._writer.fail(plan.news([(file, EMPTY_FILE) for file in plan.empty]), self._tried_by)
        report.failed += [(source, file.path, reason) for file, reason in plan.failed + plan.unreadable]
        report.failed += [(source, old.state.path, str(old.reason)) for old in plan.kept]
        report.members += sum(old.state.container is not None for old in plan.kept)
        report.empty += len(plan.empty)
        report.members += sum(file.container is not None for file in plan.empty)
        report.members += sum(file.container is not None for file, _ in plan.failed)
        report.warnings += [(source, path, text) for path, text in plan.warnings.items()]
        self._grant(plan)

    def _count_known(self, old: KnownFile) -> None:
        self._report.members += old.state.container is not None
        if old.chunks:
            self._report.count("unchanged", old.state.path)
        else:
            self._report.empty += 1

    def _grant(self, plan: Plan) -> None:
        if self._groups is not None:
            files = [old.state for old in (*plan.unchanged, *plan.kept) if old.groups != self._groups]
            files += [file for _, file in plan.moves]
            files = [file for file in files if self._rules.of(file) is None]
            if files:
                self._writer.grant(files, self._groups)
