"""Files by content."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_id(path: Path) -> str:
    """`document_id` of the file's bytes, without holding them all in memory.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
