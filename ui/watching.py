"""Notices at once when files of local folders change. Mounted shares tell nothing: they need polling too."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import Any

import watchfiles

_WAKE_MS = 500  # how soon a stop is noticed
_QUIET_MS = 800  # a burst of changes ends when there was none for so long,
_BURST_MS = 15_000  # or after so long
logger = logging.getLogger(__name__)
Identity = tuple[int, int] | None


class FolderWatcher:
    """Tells which of `folders` (name → folder) have changed, leaving out names that are ignored.

    A folder that was unmounted and came back is another one for the kernel, so folders are looked at again
    with each wait. What cannot be watched at all (too many folders, a strange file system) is never told.
    """

    def __init__(
        self,
        folders: Mapping[str, Path],
        ignore: Sequence[str],
        stop: threading.Event,
        *,
        wake_ms: int = _WAKE_MS,
    ) -> None:
        self._folders = dict(folders)
        self._ignore = tuple(ignore)
        self._stop = stop
        self._wake_ms = wake_ms
        self._events: Generator[set[tuple[Any, str]], None, None] | None = None
        self._watched: dict[str, Identity] = {}
        self._pending: set[str] = set()
        self._arm()

    @property
    def watching(self) -> set[str]:
        """Names of the folders whose changes are told."""
        return {name for name, seen in self._watched.items() if seen} if self._events is not None else set()

    def wait(self, seconds: float) -> set[str]:
        """Names of the folders that have changed since the last call; waits for one for `seconds` at most.

        Returns early when the stop event is set.
        """
        until = time.monotonic() + seconds
        while not self._stop.is_set():
            self._notice_other_folders()
            if self._pending:
                found, self._pending = self._pending, set()
                return found
            left = until - time.monotonic()
            if left <= 0:
                break
            self._read(left)
        return set()

    def close(self) -> None:
        """Give the kernel its watches back."""
        if self._events is not None:
            self._events.close()
        self._events = None

    def _read(self, seconds: float) -> None:
        """Take in what has changed; waits for a moment when there is nothing."""
        if self._events is None:
            self._stop.wait(min(seconds, self._wake_ms / 1000))
            return
        try:
            changes = next(self._events, None)
        except (OSError, RuntimeError) as error:  # a queue that overflowed, a folder that vanished
            logger.warning("watching was interrupted: %s", error)
            changes = None
        if changes is None:
            self.close()
            self._watched = {}  # armed anew, and everything counts as changed
            return
        self._pending |= {name for _, path in changes for name in self._owners(path)}

    def _owners(self, path: str) -> list[str]:
        return [
            name for name, folder in self._folders.items()
            if path == str(folder) or path.startswith(f"{folder}{os.sep}")
        ]  # fmt: skip

    def _notice_other_folders(self) -> None:
        now = {name: _identity(folder) for name, folder in self._folders.items()}
        if now != self._watched:
            self._pending |= {name for name, seen in now.items() if seen != self._watched.get(name)}
            self._arm(now)

    def _arm(self, now: dict[str, Identity] | None = None) -> None:
        """Begin to watch the folders that are there. From the return on no change is missed."""
        self.close()
        self._watched = now or {name: _identity(folder) for name, folder in self._folders.items()}
        present = [self._folders[name] for name, seen in self._watched.items() if seen]
        if not present or self._stop.is_set():
            return
        events = watchfiles.watch(
            *present, watch_filter=self._counts, debounce=_BURST_MS, step=_QUIET_MS, stop_event=self._stop,
            rust_timeout=self._wake_ms, yield_on_timeout=True, raise_interrupt=True,
            ignore_permission_denied=True,
        )  # fmt: skip
        try:
            first = next(events, None) or set()
        except (OSError, RuntimeError) as error:
            logger.warning("these folders cannot be watched, only looked at from time to time: %s", error)
            with suppress(RuntimeError):
                events.close()
            return
        self._events = events
        self._pending |= {name for _, path in first for name in self._owners(path)}

    def _counts(self, _change: Any, path: str) -> bool:
        for name, folder in self._folders.items():
            if name in self._owners(path):
                inner = PurePath(path).relative_to(folder).parts
                if not any(fnmatch(part, pattern) for part in inner for pattern in self._ignore):
                    return True
        return False


def _identity(folder: Path) -> Identity:
    """What tells a folder from another one of the same name; None when it is not there."""
    try:
        state = folder.stat()
    except OSError:
        return None
    return (state.st_dev, state.st_ino)
