"""Passwords of sources and of the directory: from a variable, or from a file that only its owner can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ingestion.errors import SourceError


class HoldsPassword(Protocol):
    """Settings that say where a password stands."""

    @property
    def password_env(self) -> str:
        """The environment variable that holds it."""

    @property
    def password_file(self) -> str:
        """The file that holds it."""


def password_of(name: str, settings: HoldsPassword, environ: Mapping[str, str] = os.environ) -> str:
    """The password of `name`, a source or the directory; "" when its settings name none.

    Raises:
        SourceError: the variable is not set, or the file cannot be read or could be read by others.
    """
    if settings.password_env:
        found = environ.get(settings.password_env, "")
        if not found:
            raise SourceError(
                f"the environment variable {settings.password_env} with the password of {name} is not set."
            )
        return found
    return _from_file(name, Path(settings.password_file)) if settings.password_file else ""


def _from_file(name: str, path: Path) -> str:
    """The first line of the file. It is opened once, so that what was checked is what is read."""
    try:
        with path.expanduser().open("rb") as file:
            state = os.fstat(file.fileno())
            if os.name == "posix" and (state.st_mode & 0o077 or not stat.S_ISREG(state.st_mode)):
                raise SourceError(
                    f"{path} with the password of {name} can be read by others (mode "
                    f"{stat.S_IMODE(state.st_mode):04o}). Run: chmod 600 {path}"
                )
            text = file.read(65536).decode("utf-8-sig")
    except OSError as error:
        raise SourceError(
            f"{path} with the password of {name} cannot be read ({error.strerror}). Check password_file."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} with the password of {name} is not in UTF-8.") from error
    found = text.splitlines()[0] if text else ""
    if not found:
        raise SourceError(f"{path} with the password of {name} is empty.")
    return found
