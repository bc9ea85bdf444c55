"""The sources of a workspace: those of its settings, and the folders that were ingested as a whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.documents import normal_path
from ingestion.errors import SettingsError
from ingestion.source_settings import SourceKind, SourceSettings
from ingestion.sources.remote import RemoteSource


@dataclass(frozen=True, slots=True)
class Source:
    """A place whose files the library follows. `folder` is what is ingested: the place itself, or its copy.

    `configured` tells whether the settings name it; else it is a folder that somebody ingested.
    """

    name: str
    kind: SourceKind
    folder: Path
    settings: SourceSettings
    configured: bool = True

    @property
    def mirror(self) -> Path | None:
        """The folder that holds the copy of a remote source and what is known about it."""
        return None if self.kind == "folder" else self.folder.parent

    def open_remote(self) -> RemoteSource:
        """A connection to a remote source.

        Raises:
            SourceError: its password or certificates cannot be had.
        """
        if self.kind == "webdav":
            from ingestion.sources.webdav import WebDavSource

            return WebDavSource.connect(self.name, self.settings)
        from ingestion.sources.imap import ImapSource

        return ImapSource.connect(self.name, self.settings)


def find_sources(
    settings: Mapping[str, SourceSettings], mirrors: Path, synced: Sequence[str] = ()
) -> list[Source]:
    """Sources of the settings in their order, then folders of `synced` that are none of them.

    `mirrors` holds the copies; what lies there is no folder of its own.

    Raises:
        SettingsError: a folder has no path.
    """
    found = [_source(name, value, mirrors) for name, value in settings.items() if value.kind]
    folders = {str(source.folder) for source in found}
    for folder in synced:
        if folder not in folders and not Path(folder).is_relative_to(mirrors):
            named = settings.get(folder) or SourceSettings()
            found.append(Source(folder, "folder", Path(folder), named, configured=False))
    return found


def shown_places(settings: Mapping[str, SourceSettings], mirrors: Path) -> dict[str, str]:
    """Folder → how people know it, for every folder that has another name than its path."""
    places = {}
    for name, value in settings.items():
        shown = value.shown_as or value.url
        if shown:
            places[folder_of(name, value, mirrors)] = shown
    return places


def folder_of(name: str, settings: SourceSettings, mirrors: Path) -> str:
    """The folder that a table of `[sources]` speaks of: the name itself where it only names a folder.

    Raises:
        SettingsError: it is a folder without a path.
    """
    folder = str(_source(name, settings, mirrors).folder) if settings.kind else name
    return normal_path(folder).rstrip("/")


def _source(name: str, settings: SourceSettings, mirrors: Path) -> Source:
    if settings.kind in ("webdav", "imap"):
        return Source(name, settings.kind, mirrors / folder_name(name) / "files", settings)
    path = Path(settings.path or name)
    if not path.is_absolute():
        raise SettingsError(f"the source {name} is a folder without a path. Set path, from the root on.")
    return Source(name, "folder", path.resolve(), settings)


def folder_name(name: str) -> str:
    """A folder name for a source: its own where it is one, else what is left of it and a mark."""
    plain = re.sub(r"[^\w.-]+", "_", name).lstrip(".")[:40]
    if plain and plain == name:
        return name
    return f"{plain or 'source'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
