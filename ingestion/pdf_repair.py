"""Damaged PDF files written anew, from the objects that can still be found in them."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

logger = logging.getLogger(__name__)

_CATALOG = re.compile(rb"(\d+)\s+(\d+)\s+obj\s*<<[^>]*?/Type\s*/Catalog")
_END = b"\ntrailer\n<</Root %s %s R>>\nstartxref\n0\n%%%%EOF\n"
"""A new end of the file whose table of objects lies nowhere: pypdf then looks for the objects themselves."""


def rewritten(path: Path, passwords: Sequence[str] = ()) -> bytes | None:
    """The pages of a PDF as a new file without encryption; None when no page can be found."""
    for content in _versions(path.read_bytes()):
        try:
            return _written_anew(content, passwords)
        except Exception as error:  # pypdf raises many kinds on damage; the caller tells a reason
            logger.info("pypdf cannot rewrite the file: %s", error)
    return None


def _versions(content: bytes) -> Iterator[bytes]:
    """The file as it is, and without what stands before its beginning and with a new end."""
    yield content
    catalogs = _CATALOG.findall(content)
    if catalogs:
        last = content.rfind(b"endobj") + len(b"endobj")
        yield content[max(content.find(b"%PDF-"), 0) : last] + _END % catalogs[-1]


def _written_anew(content: bytes, passwords: Sequence[str]) -> bytes:
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import PdfReadError

    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted and not any(reader.decrypt(word) for word in ("", *passwords)):
        raise ValueError("no password opens it")
    writer = PdfWriter()
    for index in range(len(reader.pages)):
        try:
            writer.add_page(reader.pages[index])
        except PdfReadError as error:
            logger.info("page %d is lost: %s", index + 1, error)
    if not writer.pages:
        raise ValueError("no page can be found")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
