"""Files dropped on the page are stored under safe names in the workspace's uploads folder."""

from __future__ import annotations

import itertools
import os
import re
import threading
import unicodedata
from pathlib import Path

from ui.errors import UsageError

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_NAME_BYTES = 200
_storing = threading.Lock()


def safe_name(name: str) -> str:
    """The last part of `name` in NFC, without characters and names that some system refuses.

    Raises:
        UsageError: nothing is left.
    """
    readable = unicodedata.normalize("NFC", name).encode("utf-8", "replace").decode()
    last = re.split(r"[/\\]", readable)[-1]
    cleaned = _FORBIDDEN.sub("_", last).strip().lstrip(".").rstrip(". ")
    if not cleaned:
        raise UsageError(f"{name!r} is not a file name. Rename the file and upload it again.")
    if _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    stem, suffix = os.path.splitext(cleaned)
    room = _NAME_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore") + suffix


def store_upload(folder: Path, name: str, data: bytes) -> Path:
    """Write `data` below `folder` and return the file.

    A file with the same name and bytes is returned as it is; one with other bytes leads to "name (2).pdf".

    Raises:
        UsageError: the name cannot be used, or there is no data.
    """
    if not data:
        raise UsageError(f"{name!r} is empty.")
    stem, suffix = os.path.splitext(safe_name(name))
    with _storing:
        for number in itertools.count(1):
            target = folder / (f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}")
            if not target.exists():
                break
            if target.read_bytes() == data:
                return target
        # A name with a leading dot is ignored by a sync, so that it never reads half a file.
        temporary = folder / f".{os.getpid()}-{threading.get_ident()}.upload"
        temporary.write_bytes(data)
        os.replace(temporary, target)
    return target
