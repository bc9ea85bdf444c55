"""Sources that the settings no longer name: what they left is told, and removed after consent.

Part of `ui.local.LocalOperations`.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import UnsafeRemovalError
from ingestion.sources.configured import Source, folder_name
from ingestion.sync_rows import SyncRows, SyncRun
from ingestion.workspace import Workspace
from ui.errors import NotFoundError, UsageError
from ui.operations import Json
from ui.resources import Resources


@dataclass(frozen=True, slots=True)
class LeftCopy:
    """The copy of a remote source that is none any more. `folder` holds its files."""

    name: str
    folder: Path


class LocalLeaving(ABC):
    """Implements `SyncOperations.forget_source` for a class that has what is declared here."""

    workspace: Workspace
    resources: Resources

    @abstractmethod
    def _writing(self) -> AbstractContextManager[None]: ...

    @abstractmethod
    def _sources(self) -> list[Source]: ...

    def forget_source(self, source: str, *, allow_empty: bool = False) -> Json:
        """See `SyncOperations.forget_source`."""
        name, folder = self._forgettable(source)
        documents = dict(self.resources.library.sources()).get(folder, 0)
        if documents and not allow_empty:
            raise UnsafeRemovalError(
                f"{documents} documents of {name} would be removed from the library. Nothing was changed. "
                "With --allow-empty they are removed."
            )
        with self._writing():
            self._forget(name, folder)
        return {"done": True, "source": name, "documents": documents}

    def _forgettable(self, wanted: str) -> tuple[str, str]:
        """Name and folder of a source that the settings do not name."""
        known = self._sources()
        path = str(Path(wanted).resolve()) if Path(wanted).is_absolute() else wanted
        for source in known:
            if source.configured and (wanted == source.name or path == str(source.folder)):
                raise UsageError(
                    f"{wanted} is a source of the settings, which the next run would bring back. "
                    f"Remove it from {self.workspace.settings_path} first."
                )
        for name, folder in [(one.name, one.folder) for one in known] + [
            (copy.name, copy.folder) for copy in self._left_copies(known)
        ]:
            if wanted == name or path == str(folder):
                return name, str(folder)
        raise NotFoundError(f"there is no source {wanted!r}. See: konkyo sync --dry-run")

    def _forget(self, name: str, folder: str) -> None:
        from ingestion.library_writing import LibraryWriter
        from ingestion.member_files import forget_members
        from ingestion.version_rows import VersionRows

        library, settings = self.resources.library, self.resources.settings
        writer = LibraryWriter(library)
        writer.relink([], [(folder, path) for path in writer.known_files(folder)])
        SyncRows(library).forget(folder, name)
        forget_members(library)
        VersionRows(library, settings.ingestion.fiscal_month).refresh()
        if (indexes := self.resources.indexes) is not None:
            indexes.catch_up()
        if (copy := _folder_of_copy(Path(folder), self.workspace.mirrors)) is not None:
            shutil.rmtree(copy, ignore_errors=True)

    def _left_copies(self, known: Sequence[Source]) -> list[LeftCopy]:
        """Copies of remote sources that the settings named once, and what else of the copies was ingested."""
        mirrors, current = self.workspace.mirrors, {str(source.folder) for source in known}
        names = {folder_name(name): name for name in SyncRows(self.resources.library).runs()}
        left = []
        for folder, _ in self.resources.library.sources():
            if folder not in current and Path(folder).is_relative_to(mirrors):
                copy = _folder_of_copy(Path(folder), mirrors)
                name = folder if copy is None else names.get(copy.name, copy.name)
                left.append(LeftCopy(name, Path(folder)))
        return left


def _folder_of_copy(folder: Path, mirrors: Path) -> Path | None:
    """The folder of the copy whose files lie in `folder`; None for any other folder in `mirrors`."""
    return folder.parent if folder == mirrors / folder.parent.name / "files" else None


def was_configured(source: Source, runs: dict[str, SyncRun]) -> bool:
    """Whether the settings named a folder once that is only an ingested one now."""
    folder = str(source.folder)
    return not source.configured and any(
        name != source.name and run.report.get("folder") == folder for name, run in runs.items()
    )
