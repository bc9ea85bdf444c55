"""What the model wrote in the steps of a long task, kept so that one that was stopped goes on where it was.

Only the model's text is kept, by a hash of its whole prompt; it is checked anew each time it is used, and
lies in a folder of its document, which goes when the document is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.answers import Message


class KeptTexts:
    """Texts below `folder`, a folder for each document. Without `folder` nothing is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def get(self, document: str, key: str) -> str | None:
        """The text that was kept, None when there is none."""
        if self._folder is None:
            return None
        try:
            return (self._folder / document / f"{key}.txt").read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def put(self, document: str, key: str, text: str) -> None:
        """Keep `text`; a process that is killed meanwhile leaves the whole text or none."""
        if self._folder is None:
            return
        path = self._folder / document / f"{key}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.half")
        half.write_text(text, "utf-8")
        half.replace(path)

    def sweep(self, exists: Callable[[str], bool]) -> None:
        """Forget the texts of documents that are not there any more."""
        if self._folder is None or not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            if not exists(folder.name):
                shutil.rmtree(folder, ignore_errors=True)


def text_key(model: str, messages: Sequence[Message], max_tokens: int) -> str:
    """The same model with the same prompt gives the same key."""
    said = json.dumps([model, max_tokens, [[m.role, m.content] for m in messages]], ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8")).hexdigest()[:32]
