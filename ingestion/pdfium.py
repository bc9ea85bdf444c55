"""The one lock around pdfium, which is not thread-safe, and documents that are always closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2

from ingestion.errors import ReadError
from ingestion.pdf_repair import rewritten

_lock = threading.RLock()

PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD."""


class PdfLockedError(ReadError):
    """The PDF opens only with a password."""


@contextmanager
def open_pdf(path: Path, passwords: Sequence[str] = ()) -> Iterator[Any]:
    """A `pypdfium2.PdfDocument`, for one thread at a time; everything taken from it is closed with it.

    `passwords` are tried in order on a locked file. A file that pdfium cannot open is written anew in memory
    where its parts can still be found; `document.mended` says whether that was needed.

    Raises:
        PdfLockedError: a password is needed that is not among `passwords`.
        ReadError: the file is gone, or too damaged.
    """
    with _lock:
        document = _opened(path, passwords)
        try:
            yield document
        finally:
            document.close()


def _opened(path: Path, passwords: Sequence[str]) -> Any:
    for password in (None, *passwords):
        try:
            return _tell(pypdfium2.PdfDocument(path, password), password, mended=False)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == PASSWORD_ERROR or "password" in str(error).lower():
                continue
            return _mended(path, passwords, error)
        except FileNotFoundError as error:
            raise ReadError("the file is gone.") from error
    raise PdfLockedError("the PDF is encrypted and opens only with a password.")


def _mended(path: Path, passwords: Sequence[str], error: Exception) -> Any:
    content = rewritten(path, passwords)
    if content is None:
        raise ReadError("the PDF is damaged or is no PDF: its structure cannot be read.") from error
    try:
        return _tell(pypdfium2.PdfDocument(content), None, mended=True)
    except pypdfium2.PdfiumError as again:
        raise ReadError("the PDF is damaged, and writing it anew did not help.") from again


def _tell(document: Any, password: str | None, *, mended: bool) -> Any:
    document.password, document.mended = password, mended
    return document


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
