"""The one lock around pdfium, which is not thread-safe, and documents that are always closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2

from ingestion.errors import ReadError

_lock = threading.RLock()

PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD."""


class PdfLockedError(ReadError):
    """The PDF opens only with a password."""


@contextmanager
def open_pdf(path: Path) -> Iterator[Any]:
    """A `pypdfium2.PdfDocument`, for one thread at a time; everything taken from it is closed with it.

    Raises:
        PdfLockedError: a password is needed.
        ReadError: pdfium cannot open the file.
    """
    with _lock:
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == PASSWORD_ERROR or "password" in str(error).lower():
                raise PdfLockedError("the PDF is encrypted and opens only with a password.") from error
            raise ReadError("the PDF is damaged or is no PDF: its structure cannot be read.") from error
        except FileNotFoundError as error:
            raise ReadError("the file is gone.") from error
        try:
            yield document
        finally:
            document.close()


@contextmanager
def open_page(document: Any, index: int) -> Iterator[Any]:
    """Page `index` (0-based) of `document`.

    Raises:
        ReadError: the page cannot be loaded.
    """
    try:
        page = document.get_page(index)
    except pypdfium2.PdfiumError as error:
        raise ReadError(f"page {index + 1} cannot be loaded.") from error
    try:
        yield page
    finally:
        page.close()


@contextmanager
def open_text(page: Any) -> Iterator[Any]:
    """The text page of `page`.

    Raises:
        ReadError: it cannot be loaded.
    """
    try:
        text = page.get_textpage()
    except pypdfium2.PdfiumError as error:
        raise ReadError("the text of a page cannot be loaded.") from error
    try:
        yield text
    finally:
        text.close()
