"""Files that are swapped in whole and survive a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(new: Path, path: Path) -> None:
    """Put the finished file `new` in the place of `path`; both lie in one folder.

    Its bytes reach the disk before its name does, so `path` is always the old file or the new one.
    """
    to_disk(new)
    os.replace(new, path)
    to_disk(path.parent)


def to_disk(path: Path) -> None:
    """Bring a folder's names, or a file's bytes, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
