"""What a reader is told besides the path of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OcrMode = Literal["off", "auto", "always"]
"""Text recognition: never, on pages without usable text, or on every page."""


OCR_MODES: tuple[OcrMode, ...] = ("off", "auto", "always")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How one file is to be read.

    `passwords` are tried in order on files that are locked. `threads` is for text recognition, 0: as many as
    there are cores.
    """

    passwords: tuple[str, ...] = ()
    ocr: OcrMode = "auto"
    threads: int = 0


DEFAULT_OPTIONS = ReadOptions()
