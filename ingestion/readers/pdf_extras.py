"""What pypdf knows better than pdfium: how a PDF is encrypted, and what is filled into its form."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from ingestion.errors import ReadError
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

logger = logging.getLogger(__name__)

_VERSIONS = {1: "40-bit RC4", 2: "RC4", 4: "128-bit", 5: "256-bit AES"}
_LOCKED = "Add its password to the setting ingestion.passwords, or save it without one."


def encryption_reason(path: Path, tried: int = 0) -> str:
    """Why a locked PDF cannot be read, in words for people; `tried` passwords did not open it."""
    try:
        encryption = PdfReader(path).trailer.get("/Encrypt")
        rules: Any = encryption.get_object() if encryption is not None else {}
        method, version = str(rules.get("/Filter", "")), rules.get("/V")
    except Exception as error:  # pypdf raises many kinds on damaged files, and the reason is not needed
        logger.info("pypdf cannot say how the file is encrypted: %s", error)
        return f"the PDF is encrypted and opens only with a password. {_LOCKED}"
    if "PubSec" in method:
        return "the PDF is encrypted for holders of certain certificates. Save it without and add it again."
    kind = f" ({_VERSIONS[version]})" if version in _VERSIONS else ""
    none_fits = f" None of the {tried} configured passwords opens it." if tried else ""
    return f"the PDF is encrypted{kind} and opens only with a password.{none_fits} {_LOCKED}"


def form_values(path: Path, n_pages: int, password: str | None = None) -> tuple[list[list[str]], str | None]:
    """For each page, "name: value" of its filled text and choice fields, in the order of the file.

    The second value warns people when not all fields could be read.
    """
    values: list[list[str]] = [[] for _ in range(n_pages)]
    try:
        for found, page in zip(values, PdfReader(path, password=password).pages, strict=False):
            annotations: Any = page.get("/Annots")
            for item in annotations.get_object() if annotations is not None else ():
                if line := _field_line(item.get_object()):
                    found.append(line)
    except Exception as error:  # pypdf raises many kinds on damaged files; the text is there all the same
        logger.info("pypdf cannot read the form fields: %s", error)
        return values, f"form fields could not be read ({type(error).__name__}); their values may be missing"
    return values, None


def attachment_names(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> list[str]:
    """Names of the files that are attached to a PDF, as `attachments` gives them.

    Raises:
        ReadError: as `attachments`.
    """
    return [name for name, _ in _attached(path, options)]


def attachments(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Iterator[tuple[str, bytes]]:
    """Files that are attached to a PDF, as (name, bytes).

    Raises:
        ReadError: pypdf cannot read them.
    """
    for name, item in _attached(path, options):
        try:
            data = item.content
        except Exception as error:  # pypdf raises many kinds on damaged files, all damage to people
            raise ReadError(f"the attachment {name} is damaged ({type(error).__name__}).") from error
        yield name, data


def _attached(path: Path, options: ReadOptions) -> Iterator[tuple[str, Any]]:
    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            next((word for word in ("", *options.passwords) if reader.decrypt(word)), None)
        found = [(item.alternative_name or item.name, item) for item in reader.attachment_list]
    except Exception as error:  # pypdf raises many kinds on damaged files, all damage to people
        raise ReadError(f"the attachments of the PDF cannot be read ({type(error).__name__}).") from error
    for name, item in found:
        yield (name or "attachment").replace("/", "／").replace("\\", "＼"), item


def _field_line(widget: Any) -> str | None:
    if widget.get("/Subtype") != "/Widget":
        return None
    parent = widget.get("/Parent")
    source = widget if "/V" in widget or parent is None else parent.get_object()
    kind = widget.get("/FT") or source.get("/FT")
    value = source.get("/V")
    if kind not in ("/Tx", "/Ch") or not isinstance(value, str) or not value.strip():
        return None
    name = widget.get("/TU") or source.get("/TU") or source.get("/T") or widget.get("/T") or ""
    return f"{name}: {' '.join(value.split())}" if name else " ".join(value.split())
