"""Office files that are locked with a password. The only user of msoffcrypto."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msoffcrypto
from msoffcrypto.exceptions import FileFormatError

from ingestion.errors import ReadError
from ingestion.reading import ReadOptions

_STANDARD = "VelvetSweatshop"
"""With this password Excel locks workbooks that are only protected against changes ([MS-OFFCRYPTO] 2.3.6)."""

LOCKED = (
    "the file is locked with a password that is not among those in the settings (there are {count}). "
    "Add its password to ingestion.passwords, or save the file without one."
)


def unlocked_or_plain(path: Path, options: ReadOptions) -> bytes:
    """The bytes of an Office file, without its lock where it has one.

    Raises:
        ReadError: no password fits.
    """
    return unlocked(path, options) if is_locked(path) else path.read_bytes()


def is_locked(path: Path) -> bool:
    """Whether an Office file needs a password to be read. Files that are no Office files are not locked."""
    with path.open("rb") as file:
        try:
            return bool(msoffcrypto.OfficeFile(file).is_encrypted())
        except Exception:  # damage raises struct and index errors; the reader of the file says what is wrong
            return False


def unlocked(path: Path, options: ReadOptions) -> bytes:
    """The bytes of a locked file as they are without the password.

    Raises:
        ReadError: no password of `options` fits, or the kind of lock is unknown.
    """
    with path.open("rb") as file:
        try:
            locked = msoffcrypto.OfficeFile(file)
        except (FileFormatError, OSError) as error:
            raise ReadError(f"the file is damaged: {error}.") from error
        for password in dict.fromkeys((*options.passwords, _STANDARD)):
            if (data := _decrypt(locked, password)) is not None:
                return data
    raise ReadError(LOCKED.format(count=len(options.passwords)))


def _decrypt(locked: Any, password: str) -> bytes | None:
    """The plain bytes, None when the password is wrong."""
    target = io.BytesIO()
    try:
        locked.load_key(password=password)
        locked.decrypt(target)
    except Exception:  # a wrong password shows as many kinds: key, decoding, a damaged result
        return None
    return target.getvalue()
