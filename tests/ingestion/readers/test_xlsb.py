"""Binary Excel workbooks, with a program in LibreOffice's place."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ingestion.errors import ReadError
from ingestion.readers import supported
from ingestion.readers.xlsb import read_xlsb


def workbook(tmp_path: Path, content: bytes | None = None) -> Path:
    """What has the shape of such a workbook: a package with the binary part xl/workbook.bin."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("xl/workbook.bin", bytes(100))
    path = tmp_path / "単価.xlsb"
    path.write_bytes(buffer.getvalue() if content is None else content)
    return path


def office(tmp_path: Path, command: str) -> tuple[str, ...]:
    path = tmp_path / "office"
    path.write_text(f'#!/bin/sh\nfor last in "$@"; do :; done\n{command}\n', "utf-8")
    path.chmod(0o755)
    return (str(path),)


def test_libreoffice_is_asked_for_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "単価表"
    book.active.append(["品名", "単価"])
    book.active.append(["ボルト", 120])
    book.save(tmp_path / "newer.xlsx")
    target = '"$(dirname "$last")/source.xlsx"'
    programs = office(
        tmp_path,
        f'case "$last" in *.xlsb) cp "{tmp_path}/newer.xlsx" {target};; esac',
    )
    document = read_xlsb(workbook(tmp_path), programs=programs)
    assert document.text == "単価表\n品名 | 単価\nボルト | 120\n"
    assert [cell.locator for cell in document.cells] == ["単価表!A1", "単価表!B1", "単価表!A2", "単価表!B2"]


@pytest.mark.parametrize(
    ("content", "command", "reason"),
    [
        (None, None, r"Save it as \.xlsx .*If LibreOffice is installed on this machine, it is asked"),
        (None, "exit 1", r"Save it as \.xlsx .*LibreOffice cannot read it either"),
        (b"plain text", "exit 0", r"Save it as \.xlsx \(file menu, save as\)\.$"),
    ],
)
def test_without_it_the_reason_says_how_to_convert(
    content: bytes | None, command: str | None, reason: str, tmp_path: Path
) -> None:
    programs = ("no-such-program",) if command is None else office(tmp_path, command)
    with pytest.raises(ReadError, match=reason):
        read_xlsb(workbook(tmp_path, content), programs=programs)


def test_it_is_looked_into() -> None:
    assert supported(Path("単価.XLSB"))
