"""Damaged PDF files written anew, from the objects that can still be found in them."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path

logger = logging.getLogger(__name__)


def rewritten(path: Path, passwords: Sequence[str] = ()) -> bytes | None:
    """The pages of a PDF as a new file without encryption; None when no page can be found."""
    from pypdf import PdfReader, PdfWriter

    try:
        reader = PdfReader(path, strict=False)
        if reader.is_encrypted and not any(reader.decrypt(word) for word in ("", *passwords)):
            return None
        writer = PdfWriter()
        for page in reader.pages:
            writer.add_page(page)
        if not writer.pages:
            return None
        buffer = io.BytesIO()
        writer.write(buffer)
    # pypdf raises many kinds of errors on damaged files; the caller has a reason of its own to tell.
    except Exception as error:
        logger.info("pypdf cannot rewrite the file: %s", error)
        return None
    return buffer.getvalue()
