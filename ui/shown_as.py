r"""Where people find a file: `\\server\share\rules.pdf` or an intranet address, not a mount point."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from ingestion.settings import SourceSettings
from ingestion.sources.configured import shown_places


class ShownAs:
    """Joins paths to the names that `[sources."<name>"] shown_as` gives to folders, and to addresses.

    The longest configured folder that holds a file wins. Uploads have no place that people know, so that only
    their file name is shown.
    """

    def __init__(self, sources: Mapping[str, SourceSettings], uploads: str, mirrors: Path) -> None:
        self._names = shown_places(sources, mirrors)
        self._uploads = uploads

    def __call__(self, source: str, path: str) -> str:
        """The place of `path` below `source` (path "" is the source itself)."""
        if source == self._uploads:
            return path
        full = f"{source.rstrip('/')}/{path}" if path else source
        holding = [folder for folder in self._names if full == folder or full.startswith(f"{folder}/")]
        if not holding:
            return full
        folder = max(holding, key=len)
        return _join(self._names[folder], full[len(folder) :].lstrip("/"))


def _join(base: str, path: str) -> str:
    if not path:
        return base
    if base.startswith("\\\\") or base[1:3] == ":\\":
        return base.rstrip("\\") + "\\" + path.replace("/", "\\")
    if base.startswith(("http://", "https://")):
        return base.rstrip("/") + "/" + quote(path)
    return base.rstrip("/") + "/" + path
