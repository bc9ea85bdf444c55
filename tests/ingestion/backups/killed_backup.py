"""Forks children that back up or restore, kills them at random moments, and looks at what is left.

Usage: killed_backup.py backup|restore|limits WORKSPACE FILE. Prints how many of them left what they should.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3])]

from backup_workspaces import count_rows  # noqa: E402

from ingestion.backups.reading import read_archive  # noqa: E402
from ingestion.backups.restoring import restore_backup  # noqa: E402
from ingestion.backups.writing import write_backup  # noqa: E402
from ingestion.errors import BackupError  # noqa: E402
from ingestion.workspace import Workspace, open_workspace  # noqa: E402


def killed(work: Callable[[], object], seconds: float) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def limited(work: Callable[[], object], limit: int) -> bool:
    """Whether `work` told what is wrong when no file may grow over `limit` bytes."""
    import resource

    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            work()
        except BackupError:
            os._exit(7)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def main(task: str, root: Path, file: Path) -> int:
    chance = random.Random(1)
    right = 0
    begun = time.monotonic()
    if task == "backup":
        write_backup(Workspace(root), file)
    elif task == "restore":
        restore_backup(file, root.with_name("timed"), lambda new, found: [])
    whole = time.monotonic() - begun
    if task == "limits":
        sizes = [1, 600, 5000, 20_000, 50_000, 70_000, 90_000, 95_000, 98_000, 100_000]
        return sum(limited(lambda: write_backup(Workspace(root), file), size) for size in sizes)
    for _ in range(20):
        moment = chance.uniform(0.0, 1.1 * whole)
        if task == "backup":
            killed(lambda: write_backup(Workspace(root), file), moment)
            read_archive(file, lambda kept, pieces: sum(map(len, pieces)) and None)
            right += 1
        else:
            killed(lambda: restore_backup(file, root, lambda new, found: [], force=True), moment)
            opened = open_workspace(root, {})
            rows = {count_rows(path) for path in (opened.library_path, opened.records_path)}
            right += rows in ({10}, {3000}) and (root / "dictionary.csv").is_file()
    return right


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
