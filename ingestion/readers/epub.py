"""EPUB books: their chapters in reading order, read as web pages."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ingestion.decoding import decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.html import add_html
from ingestion.readers.safe_xml import local_name, open_package, parse_xml, part

_META = {
    "title": "title",
    "creator": "author",
    "date": "date",
    "publisher": "publisher",
    "subject": "subject",
}
_PAGES = frozenset(["application/xhtml+xml", "text/html", "application/x-dtbook+xml"])


def read_epub(path: Path) -> Document:
    """An EPUB 2 or 3 book.

    Raises:
        ReadError: damaged, protected against copying, or without text.
    """
    builder = DocumentBuilder("epub")
    with path.open("rb") as file, open_package(file, "EPUB") as package:
        names = set(package.namelist())
        protected = _protected(package, names)
        folder, root = _package_file(package)
        _add_meta(builder, root)
        missing = 0
        for name in _spine(root, folder):
            if name in protected:
                raise ReadError("the book is protected against copying (DRM) and cannot be read here.")
            if name not in names:
                missing += 1
                continue
            builder.blank()
            add_html(builder, decode(part(package, name), declared="utf-8"))
    if missing:
        builder.warnings.append(f"{missing} chapters that the book names are missing in the file")
    return builder.build()


def _package_file(package: zipfile.ZipFile) -> tuple[str, Any]:
    """The folder and the root of the file that lists what the book consists of."""
    container, _ = parse_xml(part(package, "META-INF/container.xml"))
    for element in container.iter():
        if local_name(element) == "rootfile" and (name := element.get("full-path")):
            return posixpath.dirname(name), parse_xml(part(package, name))[0]
    raise ReadError("the EPUB file is damaged: it does not say where its content is.")


def _spine(root: Any, folder: str) -> Iterator[str]:
    items = {
        element.get("id"): element.get("href", "")
        for element in root.iter()
        if local_name(element) == "item" and element.get("media-type", "") in _PAGES
    }
    for element in root.iter():
        if local_name(element) == "itemref" and (href := items.get(element.get("idref"))):
            yield posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _add_meta(builder: DocumentBuilder, root: Any) -> None:
    for element in root.iter():
        name, text = _META.get(local_name(element)), clean_line("".join(element.itertext()))
        if name == "title" and text:
            builder.title = builder.title or text
        elif name and text:
            builder.properties.setdefault(name, text)


def _protected(package: zipfile.ZipFile, names: set[str]) -> frozenset[str]:
    """Files that are encrypted; books without protection encrypt nothing but fonts."""
    if "META-INF/encryption.xml" not in names:
        return frozenset()
    root, _ = parse_xml(part(package, "META-INF/encryption.xml"))
    references = (element for element in root.iter() if local_name(element) == "CipherReference")
    return frozenset(unquote(element.get("URI", "")) for element in references)
