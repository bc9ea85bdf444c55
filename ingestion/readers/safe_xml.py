"""XML from files that we do not trust: nothing is fetched, and no entity of the file is expanded."""

from __future__ import annotations

import io
import zipfile
from typing import Any, BinaryIO

from lxml import etree

from ingestion.errors import ReadError
from ingestion.zip_errors import ZIP_ERRORS

_MOST_PART = 500_000_000
_ENTITIES = "entities that the file defines itself were left out"


def parse_xml(data: bytes, *, what: str = "the file") -> tuple[Any, list[str]]:
    """The root element and warnings.

    Entities that the file defines (a bomb, or a way to other files) stay unexpanded and are left out.

    Raises:
        ReadError: it is no well-formed XML.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        tree = etree.parse(io.BytesIO(data), parser)
    except etree.XMLSyntaxError as error:
        if "amplification" in str(error):
            raise ReadError(
                f"{what} defines entities that grow beyond measure (an attack): refused."
            ) from error
        raise ReadError(f"{what} is no well-formed XML: {' '.join(str(error).split())[:200]}.") from error
    root = tree.getroot()
    if root is None:
        raise ReadError(f"{what} holds no XML element.")
    used = list(root.iter(etree.Entity))
    for entity in used:
        parent = entity.getparent()
        tail, before = entity.tail or "", entity.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
        entity.tail = None
        parent.remove(entity)
    return root, [_ENTITIES] if used else []


def part(package: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one part of a ZIP package.

    Raises:
        ReadError: it is missing, damaged, encrypted, or unreasonably large.
    """
    try:
        if package.getinfo(name).file_size > _MOST_PART:
            raise ReadError(f"its part {name} is too large for a document.")
        return package.read(name)
    except KeyError as error:
        raise ReadError(f"the file is damaged: its part {name} is missing.") from error
    except (*ZIP_ERRORS, RuntimeError, EOFError, ValueError) as error:
        raise ReadError(f"the file is damaged: its part {name} cannot be read ({error}).") from error
    except Exception as error:  # decompressors have error classes without a common base
        # zlib and the other decompressors have error classes of their own, without a common base.
        if type(error).__name__ != "error":
            raise
        raise ReadError(f"the file is damaged: its part {name} cannot be unpacked ({error}).") from error


def open_package(file: BinaryIO, kind: str) -> zipfile.ZipFile:
    """A ZIP package for reading.

    Raises:
        ReadError: it is none.
    """
    try:
        return zipfile.ZipFile(file)
    except (*ZIP_ERRORS, ValueError, OSError) as error:
        raise ReadError(f"the file is no {kind} file, or it is damaged: {error}.") from error


def local_name(element: Any) -> str:
    """An element's name without its namespace; "" for comments and the like."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
