"""Whether the service can answer a question now, and if not, why."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ui.errors import EXPECTED
from ui.resources import Resources

Json = dict[str, Any]
FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Free space of the disk that holds `folder`."""
    return shutil.disk_usage(folder).free


def readiness(resources: Resources, *, busy: bool, free: FreeBytes = free_bytes) -> Json:
    """`{ready, reasons: [{what, detail}]}`; `what` is models, library, indexes or disk.

    While models are loaded nothing else is looked at, since whoever loads them holds what would be asked.
    With `busy`, work is going on that makes the library newer than its indexes for a moment.
    """
    reasons = []
    if resources.warmth != "ready":
        reasons.append({"what": "models", "detail": resources.warm_error or resources.warmth})
    else:
        reasons += _index_reasons(resources, busy=busy)
    least = resources.settings.service.least_free_mb * 10**6
    if (found := free(resources.workspace.root)) < least:
        reasons.append({"what": "disk", "detail": f"{found // 10**6} MB free, {least // 10**6} MB wanted"})
    return {"ready": not reasons, "reasons": reasons}


def generations(resources: Resources) -> dict[str, int]:
    """Generation of the library, and the one that both indexes hold; what is not open is left out."""
    found = {}
    if resources.loaded[1]:
        search = resources.search
        found = {"library": search.library.generation, "indexes": search.indexes.generation}
    return found


def _index_reasons(resources: Resources, *, busy: bool) -> list[Json]:
    try:
        found = generations(resources)
    except EXPECTED as error:
        return [{"what": "library", "detail": str(error)}]
    except Exception as error:  # whatever the database says, a probe answers; its words may hold rows
        return [{"what": "library", "detail": type(error).__name__}]
    if not found:
        return [{"what": "library", "detail": "not open"}]
    if found["indexes"] != found["library"] and not busy:
        detail = f"at generation {found['indexes']}, the library at {found['library']}"
        return [{"what": "indexes", "detail": detail}]
    return []
