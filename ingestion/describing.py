"""Figures are described by a model, once each: what it said is kept by the hash of the picture."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from ingestion.described import is_japanese, marked, with_descriptions
from ingestion.documents import Document, Figure
from ingestion.durable import replace_file
from ingestion.errors import DescriptionError, ReadError
from ingestion.screening.personal import find_personal
from ingestion.settings import Settings
from ingestion.vision import PROMPTS, VisionServer

_LEAST_PIXELS = 48
"""A picture with a shorter side is an icon."""

_MOST = 300
"""Figures of one document that are described."""

_PATIENCE = 2
"""Failures in a row that would befall every figure, after which a run asks no more."""


class Seer(Protocol):
    """Says what a picture shows."""

    @property
    def name(self) -> str:
        """The model."""
        ...

    def describe(self, png: bytes, language: str) -> str:
        """What the picture shows, in "ja" or "en"; raises DescriptionError."""
        ...


class Describer:
    """Adds to documents what a model says of their figures. May be used by several threads."""

    def __init__(
        self, seer: Seer, folder: Path, *,
        keeps: Callable[[str], bool] = lambda text: True, cancelled: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """`folder` holds what was said before; only texts that `keeps` allows are put there."""
        self._seer = seer
        self._folder = folder
        self._keeps = keeps
        self._cancelled = cancelled
        self._failures = 0
        self._lock = threading.Lock()

    def describe(self, document: Document, image_of: Callable[[Figure], bytes]) -> Document:
        """`document` with descriptions; `image_of` gives a figure as PNG, or raises ReadError.

        Nothing is raised for figures that could not be described: a warning says how many and why.
        """
        language = "ja" if is_japanese(document.text) else "en"
        said: dict[int, str] = {}
        failed, reason = 0, ""
        for place, figure in enumerate(document.figures[:_MOST]):
            if self._cancelled():
                return document
            try:
                png = image_of(figure)
                if min(_size(png)) >= _LEAST_PIXELS:
                    said[place] = self._said(png, language)
            except (ReadError, DescriptionError) as error:
                failed, reason = failed + 1, reason or str(error).rstrip(".")
        if left := len(document.figures[_MOST:]):
            failed, reason = failed + left, reason or f"only {_MOST} figures of a document are described"
        if failed:
            warning = (
                f"{failed} of {len(document.figures)} figures were not described: {reason}. "
                "Ingest again with --reparse to try again."
            )
            document = replace(document, warnings=(*document.warnings, warning))
        return with_descriptions(document, said, self._seer.name)

    def _said(self, png: bytes, language: str) -> str:
        key = hashlib.sha256("\0".join((self._seer.name, language, PROMPTS[language], "")).encode() + png)
        path = self._folder / f"{key.hexdigest()}.json"
        if (known := self._known(path)) is not None:
            return known
        if self._failures >= _PATIENCE:
            raise DescriptionError("the server failed before and was not asked again")
        try:
            text = self._seer.describe(png, language)
            if not marked(text):
                raise DescriptionError("the server said nothing")
        except DescriptionError as error:
            with self._lock:
                self._failures = self._failures + 1 if error.everywhere else 0
            raise
        with self._lock:
            self._failures = 0
        if self._keeps(text):
            self._keep(path, text)
        return text

    def _known(self, path: Path) -> str | None:
        try:
            text = str(json.loads(path.read_text("utf-8"))["description"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not self._keeps(text):
            path.unlink(missing_ok=True)
        return text

    def _keep(self, path: Path, text: str) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        temporary = path.with_name(f"{uuid4().hex}.part")
        value = {"model": self._seer.name, "description": text}
        with suppress(OSError):  # a full disk costs the copy, not the description
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(value, file, ensure_ascii=False)
            replace_file(temporary, path)
        temporary.unlink(missing_ok=True)


def open_describer(settings: Settings, folder: Path, cancelled: Callable[[], bool]) -> Describer | None:
    """As the settings say; None where no server is named."""
    if not settings.vision.base_url:
        return None
    screening = settings.screening
    modes = {screening.personal, *(said.personal for said in screening.folders.values())}
    hiding = bool(modes & {"mask", "refuse"})

    def keeps(text: str) -> bool:
        """What is masked in a document must not lie beside the library."""
        return not (hiding and find_personal(text))

    return Describer(VisionServer(settings.vision), folder, keeps=keeps, cancelled=cancelled)


def _size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height
