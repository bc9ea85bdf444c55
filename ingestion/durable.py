"""Files that are swapped in whole and survive a power cut."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
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


def given_to_owner_of(folder: Path, *paths: Path) -> None:
    """Give files that root has made to whom `folder` belongs; anybody else's stay as they are.

    Otherwise a command that an administrator runs as root locks the service out, which runs as another user.
    Where the file system knows no owners, nothing is done.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in paths:
        with suppress(OSError):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
