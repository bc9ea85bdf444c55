"""A whole folder in the place of another, so that a kill at any moment leaves the old or the new one.

No call of the system exchanges two folders everywhere, so there are two renames, and a note beside the
folder says between them what is to become of it. `recover` reads it; whatever opens the folder calls that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from ingestion.durable import replace_file, to_disk

_PATIENCE_SECONDS = 60.0


def swap(new: Path, root: Path, aside: Path) -> None:
    """Put the folder `new` in the place of `root`, which becomes `aside` when it is there.

    All three lie in one folder.

    Raises:
        OSError: it cannot be done; then `root` is as it was.
    """
    with _alone(root):
        _write(_note(root), {"new": new.name, "old": aside.name})
        try:
            if root.exists():
                os.rename(root, aside)
            os.rename(new, root)
        except OSError:
            if not root.exists():
                os.rename(aside, root)
            raise
        finally:
            _settle(root)


def recover(root: Path) -> None:
    """Finish what a killed `swap` has begun; without one nothing is done.

    Raises:
        OSError: the folders cannot be renamed.
    """
    if _note(root).exists():
        with _alone(root):
            _settle(root)


def _settle(root: Path) -> None:
    note = _note(root)
    if not note.exists():
        return  # another process was faster
    named = json.loads(note.read_text("utf-8"))
    if not root.exists():
        # The new one first: it was whole before the note was written.
        for name in (named["new"], named["old"]):
            if (root.parent / name).exists():
                os.rename(root.parent / name, root)
                break
    to_disk(root.parent)
    note.unlink()


def _note(root: Path) -> Path:
    return root.parent / f".{root.name}.restore.json"


def _write(path: Path, value: dict[str, str]) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps(value), "utf-8")
    replace_file(new, path)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """The lock's file stays: removing it would let two hold it at once."""
    with FileLock(root.parent / f".{root.name}.restore.lock", timeout=_PATIENCE_SECONDS):
        yield
