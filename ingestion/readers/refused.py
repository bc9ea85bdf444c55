"""Formats that cannot be read here, with the reason and the way to convert them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_DOCUWORKS = (
    "a DocuWorks {what}; only DocuWorks itself can read the format. Save it as PDF there "
    "(DocuWorks Desk: file menu, export as PDF) and put the PDF beside it."
)
_ICHITARO = (
    "an Ichitaro file; the format is not public. Save it in Ichitaro as .docx or PDF "
    "(file menu, save in another format)."
)
_APPLE = "a file of Apple's {name}. Export it there as {target} or PDF (file menu, export)."
_ARCHIVE = "a {name} archive, which is not opened here. Unpack it, or pack it anew as .zip."
_DATABASE = "a database, not a document. Export the tables that people should find as .xlsx or .csv."
_DRAWING = "a drawing of {name}. Save it as PDF there; its text is then found."

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        ".xdw": _DOCUWORKS.format(what="file"),
        ".xbd": _DOCUWORKS.format(what="binder"),
        ".xct": _DOCUWORKS.format(what="container"),
        **{
            f".{name}": _ICHITARO
            for name in ("jtd", "jtt", "jtdc", "jttc", "jbw", "juw", "jfw", "jaw", "jtw")
        },
        ".pages": _APPLE.format(name="Pages", target=".docx"),
        ".numbers": _APPLE.format(name="Numbers", target=".xlsx"),
        ".key": _APPLE.format(name="Keynote", target=".pptx"),
        ".lzh": _ARCHIVE.format(name="LZH"),
        ".7z": _ARCHIVE.format(name="7-Zip"),
        ".rar": _ARCHIVE.format(name="RAR"),
        ".cab": _ARCHIVE.format(name="cabinet"),
        ".pst": "an Outlook data file. Export the mails that people should find as .msg, .eml or .mbox.",
        ".ost": "an Outlook data file. Export the mails that people should find as .msg, .eml or .mbox.",
        ".tnef": "a winmail.dat of Outlook. Ask the sender to send plain text or HTML, or save its content.",
        ".mdb": _DATABASE,
        ".accdb": _DATABASE,
        ".vsd": _DRAWING.format(name="Visio"),
        ".vsdx": _DRAWING.format(name="Visio"),
        ".dwg": _DRAWING.format(name="AutoCAD"),
        ".jww": _DRAWING.format(name="Jw_cad"),
        ".pub": _DRAWING.format(name="Publisher"),
        ".one": "a section of OneNote. Export it there as PDF or .docx (file menu, export).",
        ".wps": "a file of Microsoft Works. Save it as .docx with LibreOffice or Word.",
    }
)
"""Reason by ending, each the rest of a sentence that begins with "it is"."""
