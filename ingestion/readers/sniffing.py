"""What a file is by its first bytes, where its ending lies: programs save HTML as .xls and RTF as .doc."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from ingestion.errors import ReadError
from ingestion.readers.ole import MAGIC, opened_streams
from ingestion.readers.safe_xml import part
from ingestion.zip_errors import ZIP_ERRORS

DOUBTFUL = frozenset(
    [
        *(".doc", ".docm", ".docx", ".dot", ".dotx", ".pps", ".ppsx", ".ppt", ".pptm", ".pptx", ".rtf"),
        *(".xls", ".xlsm", ".xlsx", ".xlt", ".xltx", ".odt", ".ods", ".odp", ".msg"),
    ]
)
"""Endings that are looked behind; the others are believed."""

_NEWER = {
    ".doc": ".docx",
    ".dot": ".docx",
    ".ppt": ".pptx",
    ".pps": ".pptx",
    ".xls": ".xlsx",
    ".xlt": ".xlsx",
}
_PARTS = (("word/", ".docx"), ("xl/", ".xlsx"), ("ppt/", ".pptx"))
_OPEN_DOCUMENT = {"text": ".odt", "spreadsheet": ".ods", "presentation": ".odp"}
_MARKUP = re.compile(rb"\s*<(?:!doctype\s+html|html|head|meta|table|body|style)\b", re.IGNORECASE)
_MAIL = re.compile(rb"(?:MIME-Version|From|Content-Type|X-[\w-]+|Date|Subject): ", re.IGNORECASE)


def true_suffix(path: Path) -> str:
    """The ending that fits the content; the file's own in lower case when that fits or nothing is known."""
    suffix = path.suffix.lower()
    if suffix not in DOUBTFUL:
        return suffix
    with path.open("rb") as file:
        head = file.read(2048)
    if head.startswith(MAGIC):
        return _of_compound(path, suffix)
    if head.startswith(b"PK"):
        return package_suffix(path) or suffix
    return _of_text(head.removeprefix(b"\xef\xbb\xbf"), suffix)


def _of_compound(path: Path, suffix: str) -> str:
    try:
        with opened_streams(path) as streams:
            kind = streams.kind()
    except ReadError:
        return suffix  # the reader says what is wrong with it
    if kind == "encrypted":
        return _NEWER.get(suffix, suffix)
    return f".{kind}" if kind else suffix


def package_suffix(source: Path | bytes) -> str | None:
    """The ending of an Office or OpenDocument package on disk or in memory, None when it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as package:
            names = package.namelist()
            if "mimetype" in names:
                kind = part(package, "mimetype").decode("ascii", "replace").strip().rpartition(".")[2]
                return _OPEN_DOCUMENT.get(kind.removesuffix("-template"))
    except (*ZIP_ERRORS, ReadError, ValueError, RuntimeError, OSError):
        return None
    return next((suffix for top, suffix in _PARTS if any(name.startswith(top) for name in names)), None)


def _of_text(head: bytes, suffix: str) -> str:
    if head.lstrip().startswith(b"{\\rtf"):
        return ".rtf"
    if head.startswith(b"%PDF-"):
        return ".pdf"
    if _MARKUP.match(head):
        return ".html"
    if head.lstrip().startswith(b"<?xml"):
        return ".html" if b"<html" in head.lower() else ".xml"
    if _MAIL.match(head):
        return ".eml"  # a page saved as a web archive
    if suffix in (".xls", ".xlt") and b"\0" not in head:
        return ".tsv" if head.count(b"\t") >= head.count(b",") else ".csv"
    return suffix
