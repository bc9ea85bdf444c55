"""Folders that were renamed, as told by the files that moved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from ingestion.plans import Plan


def renamed_folders(plan: Plan) -> list[tuple[str, str]]:
    """(old, new), absolute: `new` was not there, nothing is left in `old`, and files went there."""
    before, left = _folders(plan.known), _folders(plan.present)
    found: dict[tuple[str, str], None] = {}
    for old, file in plan.moves:
        if old.state.source != file.source:
            continue  # what is left over there is another plan's to know
        was, now = PurePosixPath(old.state.path).parent, PurePosixPath(file.path).parent
        while was.name == now.name and str(now.parent) not in before and now.parent != now:
            was, now = was.parent, now.parent
        if str(now) not in before and str(was) not in left and file.container is None:
            pair = (PurePosixPath(old.state.source) / was, PurePosixPath(file.source) / now)
            found[str(pair[0]), str(pair[1])] = None
    return list(found)


def _folders(paths: Iterable[str]) -> set[str]:
    return {str(folder) for path in paths for folder in PurePosixPath(path).parents}
