"""One reader for each file format. `read(path)` is the only door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.refused import REFUSED
from ingestion.readers.sniffing import true_suffix
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

PARSER_VERSION = 5
"""Part of the key of everything derived from a file: raised when readers or chunking change."""

_WITH_UNSEEN = ("docx", "pptx", "html")

Reader = Callable[[Path, ReadOptions], Document]


def _lazy(module: str, function: str, *, with_options: bool = False) -> Reader:
    """A reader whose libraries are imported when the first such file is read."""

    def reader(path: Path, options: ReadOptions) -> Document:
        found: Callable[..., Document] = getattr(import_module(f"ingestion.readers.{module}"), function)
        return found(path, options) if with_options else found(path)

    return reader


_HTML = _lazy("html", "read_html")
_DOCX = _lazy("docx", "read_docx", with_options=True)
_XLSX = _lazy("xlsx", "read_xlsx", with_options=True)
_PPTX = _lazy("pptx", "read_pptx", with_options=True)
_DOC = _lazy("doc", "read_doc", with_options=True)
_PPT = _lazy("ppt", "read_ppt", with_options=True)
_XLS = _lazy("xls", "read_xls", with_options=True)
_ODF = _lazy("odf", "read_odf", with_options=True)
_IMAGE = _lazy("images", "read_image", with_options=True)

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".pdf": _lazy("pdf", "read_pdf", with_options=True),
        ".docx": _DOCX,
        ".docm": _DOCX,
        ".dotx": _DOCX,
        ".xlsx": _XLSX,
        ".xlsm": _XLSX,
        ".xltx": _XLSX,
        ".pptx": _PPTX,
        ".pptm": _PPTX,
        ".ppsx": _PPTX,
        ".doc": _DOC,
        ".dot": _DOC,
        ".ppt": _PPT,
        ".pps": _PPT,
        ".xlsb": _lazy("xlsb", "read_xlsb", with_options=True),
        ".xls": _XLS,
        ".xlt": _XLS,
        **dict.fromkeys((".odt", ".ott", ".ods", ".ots", ".odp", ".otp", ".fodt", ".fods", ".fodp"), _ODF),
        ".rtf": _lazy("rtf", "read_rtf"),
        ".epub": _lazy("epub", "read_epub"),
        ".msg": _lazy("msg", "read_msg"),
        ".mbox": _lazy("mbox", "read_mbox"),
        ".xml": _lazy("xml", "read_xml"),
        ".json": _lazy("json", "read_json"),
        ".jsonl": _lazy("json", "read_json_lines"),
        ".ndjson": _lazy("json", "read_json_lines"),
        ".html": _HTML,
        ".htm": _HTML,
        ".xhtml": _HTML,
        ".md": _lazy("plain", "read_markdown"),
        ".markdown": _lazy("plain", "read_markdown"),
        ".txt": _lazy("plain", "read_text"),
        ".text": _lazy("plain", "read_text"),
        ".log": _lazy("plain", "read_text"),
        ".csv": _lazy("csv", "read_csv"),
        ".tsv": _lazy("csv", "read_csv"),
        ".eml": _lazy("eml", "read_eml"),
        ".zip": _lazy("zip", "read_zip"),
        ".png": _IMAGE,
        ".jpg": _IMAGE,
        ".jpeg": _IMAGE,
        ".tif": _IMAGE,
        ".tiff": _IMAGE,
        ".bmp": _IMAGE,
        ".webp": _IMAGE,
    }
)


def supported(path: Path) -> bool:
    """Whether files named like this are looked into: read, or refused with a reason of their own."""
    return path.suffix.lower() in READERS or path.suffix.lower() in REFUSED


def read(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one file.

    Raises:
        ReadError: the file is of an unknown kind, empty, encrypted, damaged or without text; the message is
            the reason, without the path.
    """
    try:
        if path.stat().st_size == 0:
            raise ReadError("the file is empty (0 bytes).")
        document = _reader(path)(path, options)
        if document.format in _WITH_UNSEEN:
            document = import_module("ingestion.readers.unseen").with_hidden(path, document)
        return document
    except FileNotFoundError as error:
        raise ReadError("the file is gone.") from error
    except PermissionError as error:
        raise ReadError("the file may not be read by this user. Check its permissions.") from error
    except OSError as error:
        raise ReadError(f"the file cannot be read: {error.strerror or error}.") from error
    except (MemoryError, RecursionError) as error:
        raise ReadError(f"the file is too large or too deeply nested ({type(error).__name__}).") from error


def _reader(path: Path) -> Reader:
    if reason := REFUSED.get(path.suffix.lower()):
        raise ReadError(f"it is {reason}")
    reader = READERS.get(true_suffix(path))
    if reader is None:
        known = ", ".join(sorted(READERS))
        raise ReadError(f"files of type {path.suffix or '(none)'} are not supported. Supported: {known}.")
    return reader
