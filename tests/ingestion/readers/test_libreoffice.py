"""What is asked of LibreOffice, with a program in its place that is called in the same way."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from compound_writer import compound

from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.readers.libreoffice import converted

OLD = compound({"WordDocument": bytes(5000)})
REASON = ReadError("it cannot be read.")


def program(tmp_path: Path, command: str) -> str:
    """A program that does `command` with the folder for its result in $OUT and the file in $IN."""
    path = tmp_path / "office"
    arguments = 'for last in "$@"; do :; done; IN="$last"; OUT="$(dirname "$IN")"'
    path.write_text(f"#!/bin/sh\n{arguments}\n{command}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


def test_the_result_is_read_and_removed(tmp_path: Path) -> None:
    newer = tmp_path / "newer.docx"
    word = docx.Document()
    word.add_paragraph("変換した文書。")
    word.save(str(newer))
    office = program(tmp_path, f'test -s "$IN" && cp "{newer}" "$OUT/source.docx"')
    with converted(OLD, ".doc", "docx", REASON, (office,)) as path:
        assert read(path).text == "変換した文書。\n"
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "command", "reason"),
    [
        (OLD, None, "If LibreOffice is installed"),
        (OLD, "exit 1", "LibreOffice cannot read it either"),
        (b"plain text", 'cp "$IN" "$OUT/source.docx"', "^it cannot be read.$"),
    ],
)
def test_without_a_result_the_first_reason_stands(
    content: bytes, command: str | None, reason: str, tmp_path: Path
) -> None:
    names = (program(tmp_path, command),) if command else ("no-such-program",)
    with pytest.raises(ReadError, match=reason), converted(content, ".doc", "docx", REASON, names):
        pass
