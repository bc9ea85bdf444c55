"""Figures are described by a model, once each: what it said is kept by the hash of the picture."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from ingestion.described import is_japanese, marked, with_descriptions
from ingestion.described_rows import DescribedRows
from ingestion.documents import Document, Figure
from ingestion.durable import replace_file
from ingestion.errors import DescriptionError, ReadError
from ingestion.library import Library
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


@dataclass(frozen=True, slots=True)
class Described:
    """Names of the answers about a document's figures; not `whole` when the server failed for some."""

    answers: tuple[str, ...] = ()
    whole: bool = True


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
        self._asked: dict[str, Described] = {}

    @property
    def key(self) -> str:
        """Another one says other things: the model and what it is asked."""
        return described_by(self._seer.name)

    def take(self, id: str) -> Described:
        """What became of the figures of the document `id`, once."""
        with self._lock:
            return self._asked.pop(id, Described())

    def describe(
        self, document: Document, image_of: Callable[[Figure], bytes], id: str | None = None
    ) -> Document:
        """`document` with descriptions; `image_of` gives a figure as PNG, or raises ReadError.

        Nothing is raised for figures that could not be described: a warning says how many and why. What
        became of them is kept for `take` by `id`.
        """
        answers: list[str] = []
        whole = True
        language = "ja" if is_japanese(document.text) else "en"
        said: dict[int, str] = {}
        failed, reason = 0, ""
        for place, figure in enumerate(document.figures[:_MOST]):
            if self._cancelled():
                return document
            try:
                png = image_of(figure)
                if min(_size(png)) >= _LEAST_PIXELS:
                    answers.append(self._place(png, language).stem)
                    said[place] = self._said(png, language)
            except (ReadError, DescriptionError) as error:
                failed, reason = failed + 1, reason or str(error).rstrip(".")
                whole = whole and not isinstance(error, DescriptionError)
        if id is not None:
            with self._lock:
                self._asked[id] = Described(tuple(answers), whole)
        if left := len(document.figures[_MOST:]):
            failed, reason = failed + left, reason or f"only {_MOST} figures of a document are described"
        if failed:
            warning = (
                f"{failed} of {len(document.figures)} figures were not described: {reason}. "
                "Ingest again with --reparse to try again."
            )
            document = replace(document, warnings=(*document.warnings, warning))
        return with_descriptions(document, said, self._seer.name)

    def _place(self, png: bytes, language: str) -> Path:
        """Where the answer about a picture is kept."""
        key = hashlib.sha256("\0".join((self._seer.name, language, PROMPTS[language], "")).encode() + png)
        return self._folder / f"{key.hexdigest()}.json"

    def _said(self, png: bytes, language: str) -> str:
        path = self._place(png, language)
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


def described_by(model: str) -> str:
    """What the descriptions of a model depend on: its name and what it is asked."""
    asked = "\0".join((model, *(PROMPTS[language] for language in sorted(PROMPTS))))
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def undescribed(library: Library, settings: Settings) -> frozenset[str]:
    """Documents whose figures the server of the settings has not described yet; none without one."""
    if not settings.vision.base_url:
        return frozenset()
    return DescribedRows(library).lacking(described_by(VisionServer(settings.vision).name))


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
