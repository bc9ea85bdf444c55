"""The process that trains. It gives way to everything else, keeps to its limit and writes down how it ended.

Started by `starting` as `python -m training.tuning.child RUN WORKSPACE`, with the folders of both.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

import psutil
from filelock import FileLock, Timeout

from assistant.errors import AssistantError
from ingestion.errors import IngestionError
from ingestion.workspace import Workspace
from training.errors import TrainingError, TrainingRefusedError
from training.tuning.runs import Run, RunFolder, this_process

_LOWEST = 19
_FIRST_TO_GO = "700"  # of 1000: when memory runs out the system ends the training before the chat
_LOOK_SECONDS = 0.5
_NO_SPACE = os.strerror(errno.ENOSPC)
DISK_FULL = "the disk is full. Free some space, then let the training go on from its last checkpoint."


def main() -> None:
    """Train; the exit code is 0 where the run is done."""
    run, workspace = Run(Path(sys.argv[1])), Workspace(Path(sys.argv[2]))
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    run.update(state="running", reason="", process=this_process())
    give_way()
    sys.exit(0 if train(run, workspace, asked) == "done" else 1)


def train(run: Run, workspace: Workspace, asked: threading.Event) -> str:
    """Train under the lock of all trainings, and keep the state in which it ended."""
    run.repaired()
    state, reason = "failed", ""
    try:
        with FileLock(RunFolder(run.folder.parent).lock, timeout=0), MemoryWatch(run) as watch:
            from training.tuning.performing import perform

            perform(run, workspace, asked, watch.limit)
            return "done"
    except Timeout:
        reason = "another training runs. Wait until it ends, or stop it: konkyo train runs stop NAME"
    except TrainingRefusedError as error:
        state, reason = "refused", str(error)
    except (TrainingError, AssistantError, IngestionError) as error:
        state, reason = ("stopped" if asked.is_set() else "failed"), str(error)
    except MemoryError:
        reason = "memory ran out. Lower data.max_tokens or training.batch, or set training.recompute = true."
    except Exception as error:  # whatever ended it must be told: nobody else sees this process
        traceback.print_exc()
        reason = DISK_FULL if is_full(error) else f"{type(error).__name__}: {error}"
    run.update(state=state, reason=reason, process=None)
    run.tell(state, reason=reason)
    return state


def is_full(error: BaseException) -> bool:
    """Whether a disk without room was the cause; libraries tell it in errors of their own."""
    causes = [error, error.__cause__, error.__context__]
    return any(getattr(one, "errno", None) == errno.ENOSPC or _NO_SPACE in str(one) for one in causes)


def give_way() -> None:
    """Take the lowest priority, and be the first to go when memory runs out."""
    with contextlib.suppress(psutil.Error, OSError):
        windows = getattr(psutil, "IDLE_PRIORITY_CLASS", None)
        psutil.Process().nice(windows if windows is not None else _LOWEST)
    with contextlib.suppress(OSError):  # Linux only
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)


class MemoryWatch:
    """Remembers the most memory that this process took, and ends it above a limit, once it has one."""

    def __init__(self, run: Run) -> None:
        self._run, self.peak = run, 0
        self._limit: int | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def __enter__(self) -> MemoryWatch:
        """Start to look."""
        self._thread.start()
        return self

    def limit(self, size: int) -> None:
        """From now on no more than `size` bytes may be taken."""
        self._run.update(memory_limit_bytes=size)
        self._limit = size

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look no more, and keep the peak."""
        self._ended.set()
        self._thread.join()
        self._run.update(peak_bytes=self.peak)

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._ended.wait(_LOOK_SECONDS):
            taken = own.memory_info().rss
            self.peak = max(self.peak, taken)
            if self._limit is not None and taken > self._limit:
                self._give_up(taken, self._limit)

    def _give_up(self, taken: int, limit: int) -> None:
        """Nothing of torch can be ended from another thread, so the process ends as it is."""
        reason = (
            f"it took {taken / 1e9:.1f} GB of memory, and {limit / 1e9:.1f} GB were allowed. "
            "Lower data.max_tokens or training.batch, or set training.recompute = true."
        )
        self._run.update(state="failed", reason=reason, process=None, peak_bytes=taken)
        self._run.tell("failed", reason=reason)
        os._exit(1)


if __name__ == "__main__":
    main()
