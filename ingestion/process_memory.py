"""Memory of this process and its children, as the machine pays for it.

PSS (proportional set size) counts a page that several processes share once, divided among them, so the sum
over a process tree is what would come free if the tree ended. RSS would count shared pages several times.
"""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Self

import psutil

_MB = 1024 * 1024


def tree_pss(process: psutil.Process) -> int:
    """Bytes of PSS of `process` and all its descendants that still live.

    Where the system does not tell PSS (not Linux), USS, else RSS, is taken.
    """
    total = 0
    for member in [process, *_descendants(process)]:
        try:
            info = member.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        total += int(getattr(info, "pss", 0) or getattr(info, "uss", 0) or info.rss)
    return total


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


class PeakMemory:
    """Samples the PSS of a process tree in a thread while its `with` block runs.

    `peak_mb` is the highest sum seen, in MB of 1,048,576 bytes. Peaks shorter than `interval` seconds can be
    missed; one sample costs some milliseconds for each process (the kernel walks its page tables).
    """

    def __init__(self, pid: int | None = None, *, interval: float = 0.25) -> None:
        self._process = psutil.Process(pid if pid is not None else os.getpid())
        self._interval = interval
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)

    def __enter__(self) -> Self:
        """Take the first sample and start."""
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the last sample and stop."""
        self._ended.set()
        self._thread.join()
        self._sample()

    @property
    def peak_mb(self) -> float:
        """The peak so far."""
        return self._peak / _MB

    def _watch(self) -> None:
        while not self._ended.wait(self._interval):
            self._sample()

    def _sample(self) -> None:
        self._peak = max(self._peak, tree_pss(self._process))
