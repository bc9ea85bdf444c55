"""What the Office readers share: opening the ZIP package, and saying why one cannot be opened."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ingestion.errors import IngestionError, ReadError
from ingestion.readers.ole import is_compound
from ingestion.readers.unlocking import is_locked, unlocked
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions
from ingestion.zip_errors import ZIP_ERRORS

_MOST_UNPACKED = 2_000_000_000
"""Bytes; beyond this a package is a bomb or nothing that people wrote."""


@contextmanager
def opened(
    path: Path, load: Callable[[BinaryIO], Any], kind: str, options: ReadOptions = DEFAULT_OPTIONS
) -> Iterator[Any]:
    """What `load` makes of the file, with every failure of the library turned into its reason.

    Raises:
        ReadError: locked with an unknown password, of another format, damaged, or unreasonably large.
    """
    with package(path, kind, options) as file:
        _check_package(file, kind)
        try:
            yield load(file)
        except (IngestionError, OSError, MemoryError, RecursionError):
            raise
        except Exception as error:  # the Office libraries raise many kinds on damage; one reason for people
            raise ReadError(f"the {kind} file is damaged: {type(error).__name__}: {_short(error)}") from error


@contextmanager
def package(path: Path, kind: str, options: ReadOptions = DEFAULT_OPTIONS) -> Iterator[BinaryIO]:
    """The file's bytes, without its password where it has one.

    Raises:
        ReadError: no password fits, or it is a compound file of another kind.
    """
    if not is_compound(path):
        with path.open("rb") as file:
            yield file
    elif is_locked(path):
        yield io.BytesIO(unlocked(path, options))
    else:
        raise ReadError(f"the file is no {kind} file, but one of an old format that is not known here.")


def _check_package(file: BinaryIO, kind: str) -> None:
    if not zipfile.is_zipfile(file):
        raise ReadError(f"the file is no {kind} file, or it is damaged: it is not a ZIP package.")
    try:
        with zipfile.ZipFile(file) as content:
            unpacked = sum(item.file_size for item in content.infolist())
    except (*ZIP_ERRORS, ValueError) as error:
        raise ReadError(f"the {kind} file is damaged: {_short(error)}") from error
    if unpacked > _MOST_UNPACKED:
        raise ReadError(f"the {kind} file unpacks to {unpacked / 1e9:.1f} GB, too much for a document.")
    file.seek(0)


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
