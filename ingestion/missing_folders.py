"""Folders that the settings name and that are not there: what was set for them holds nowhere."""

from __future__ import annotations

import os.path

from ingestion.settings import Settings


def missing_folders(settings: Settings) -> list[tuple[str, str]]:
    """(setting, folder) of each folder with rules of its own that does not exist."""
    named = {
        "ingestion.ocr_folders": list(settings.ingestion.ocr_folders),
        "screening.folders": list(settings.screening.folders),
    }
    return [(key, name) for key, folders in named.items() for name in folders if not os.path.exists(name)]


def missing_warning(folder: str) -> str:
    """What people are told of one."""
    return f"the folder {folder} of the settings does not exist, so what is set for it holds for no file"
