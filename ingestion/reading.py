"""What a reader is told besides the path of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OcrMode = Literal["off", "auto", "always"]
"""Text recognition: never, on pages without usable text, or on every page."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How one file is to be read. `passwords` are tried in order on files that are locked."""

    passwords: tuple[str, ...] = ()
    ocr: OcrMode = "auto"


DEFAULT_OPTIONS = ReadOptions()
