"""What the Office readers share: opening the ZIP package, and saying why one cannot be opened."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingestion.errors import IngestionError, ReadError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_UNPACKED = 2_000_000_000
"""Bytes; beyond this a package is a bomb or nothing that people wrote."""


@contextmanager
def opened(path: Path, load: Callable[[Path], Any], kind: str) -> Iterator[Any]:
    """What `load` makes of the file, with every failure of the library turned into its reason.

    Raises:
        ReadError: encrypted, an old binary format under a new name, damaged, or unreasonably large.
    """
    _check_package(path, kind)
    try:
        yield load(path)
    except (IngestionError, OSError, MemoryError, RecursionError):
        raise
    # The Office libraries raise KeyError, ValueError, AttributeError and XML errors on damaged packages; the
    # reason is the same for people, and one bad file must not stop the others.
    except Exception as error:
        raise ReadError(f"the {kind} file is damaged: {type(error).__name__}: {_short(error)}") from error


def _check_package(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        head = file.read(8)
    if head == _OLE:
        raise ReadError(
            f"the {kind} file is encrypted with a password, or is of the old binary format. "
            "Save it without a password in the current format."
        )
    if not zipfile.is_zipfile(path):
        raise ReadError(f"the file is no {kind} file, or it is damaged: it is not a ZIP package.")
    try:
        with zipfile.ZipFile(path) as package:
            unpacked = sum(item.file_size for item in package.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ReadError(f"the {kind} file is damaged: {_short(error)}") from error
    if unpacked > _MOST_UNPACKED:
        raise ReadError(f"the {kind} file unpacks to {unpacked / 1e9:.1f} GB, too much for a document.")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def core_properties(properties: Any) -> dict[str, str]:
    """Author and dates from a package's core properties; broken ones are left out."""
    found: dict[str, str] = {}
    for name in ("author", "subject", "keywords", "created", "modified"):
        try:
            value = getattr(properties, name)
        except (ValueError, TypeError, AttributeError):
            continue
        if value:
            found[name] = str(value)
    return found
