"""The head of the audit log: how long the chain is and how it ends, in a file beside the database.

Removing the last rows leaves a chain that is right in itself; the head tells that it was longer. It is
signed with a key that lies beside it, so whoever can write the database alone cannot make another. A row is
announced in the head before it is committed and confirmed after it, so that a process that is killed at any
moment leaves a head that fits. Does not help against someone who may read the key and write both files: for
that, a head that was noted elsewhere is held against the chain (`konkyo audit verify --anchor`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.audit.chain import EMPTY, Tip, canonical
from ingestion.durable import given_to_owner_of

HeadProblem = Literal["head_missing", "head_changed", "key_missing"]


@dataclass(frozen=True, slots=True)
class Head:
    """The chain ends at `tip`, or at `coming` when the row that was announced has been committed."""

    tip: Tip
    coming: Tip | None = None

    def fits(self, tip: Tip) -> bool:
        """Whether a chain that ends at `tip` is the one that was left."""
        return tip in (self.tip, self.coming)


class HeadFile:
    """`head.json` and `key` in the audit log's folder, both readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "head.json"
        self._key = folder / "key"

    def read(self) -> Head | HeadProblem:
        """The head, or what is wrong with it. Before the first row there is none, and that is no problem.

        Raises:
            OSError: a file is there and cannot be read.
        """
        if not self._key.exists():
            return "key_missing" if self._path.exists() else Head(EMPTY)
        if not self._path.exists():
            return "head_missing"
        text = self._path.read_text("utf-8", "replace")
        try:
            told = json.loads(text)
            coming = None if told["coming"] is None else Tip(*told["coming"])
            head = Head(Tip(*told["tip"]), coming)
        except (ValueError, KeyError, TypeError):
            return "head_changed"
        return head if hmac.compare_digest(text.encode(), self._signed(head).encode()) else "head_changed"

    def write(self, head: Head) -> None:
        """Put `head` in place. One that announces a row is on the disk when this returns.

        After a power cut the announcement may stand there again instead of its confirmation: both fit.

        Raises:
            OSError: it cannot be written.
        """
        if not self._key.exists():
            _write_new(self._key, secrets.token_hex(32))
            given_to_owner_of(self._folder, self._key)
            _sync_folder(self._folder)
        temporary = self._path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        _write_new(temporary, self._signed(head))
        given_to_owner_of(self._folder, temporary)
        temporary.replace(self._path)
        if head.coming is not None:
            _sync_folder(self._folder)

    def _signed(self, head: Head) -> str:
        told = {"tip": list(head.tip), "coming": None if head.coming is None else list(head.coming)}
        key = self._key.read_bytes()
        mac = hmac.new(key, canonical(told).encode("ascii"), hashlib.sha256).hexdigest()
        return canonical({**told, "mac": mac})


def _write_new(path: Path, text: str) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Put the renaming itself on the disk, where the system lets folders be opened."""
    if sys.platform == "win32":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
