"""Excel workbooks in the binary form of the newer format, which LibreOffice converts.

No maintained parser with a permissive licence reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.libreoffice import PROGRAMS, converted
from ingestion.readers.unlocking import unlocked_or_plain
from ingestion.readers.xlsx import read_xlsx
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

_BINARY = "it is a binary Excel workbook. Save it as .xlsx (file menu, save as)."
_PACKAGE = b"PK"


def read_xlsb(
    path: Path, options: ReadOptions = DEFAULT_OPTIONS, programs: Sequence[str] = PROGRAMS
) -> Document:
    """A workbook, as `read_xlsx` reads what LibreOffice makes of it. Files that it embeds are not taken out.

    Raises:
        ReadError: locked, there is no LibreOffice, or that cannot read it.
    """
    content = unlocked_or_plain(path, options)
    with converted(content, ".xlsb", "xlsx", ReadError(_BINARY), programs, magic=_PACKAGE) as newer:
        return replace(read_xlsx(newer), members=())
