"""Outline levels of Word files, among them such as no program should have written."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from ingestion.readers import read


@pytest.mark.parametrize(
    ("value", "level"),
    [("0", 1), ("3", 4), ("9", None), ("body", None), ("", None), ("-1", None), ("99", None)],
)
@pytest.mark.parametrize("of_style", [False, True])
def test_a_level_that_is_none_makes_a_plain_paragraph(
    tmp_path: Path, value: str, level: int | None, of_style: bool
) -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("目的と範囲")
    word.add_paragraph("この規程は旅費を定める。")
    outline = OxmlElement("w:outlineLvl")
    outline.set(qn("w:val"), value)
    if of_style:
        paragraph.style = word.styles.add_style("Own", 1)
        paragraph.style.element.get_or_add_pPr().append(outline)
    else:
        paragraph._p.get_or_add_pPr().append(outline)
    path = tmp_path / "a.docx"
    word.save(str(path))
    document = read(path)
    assert "目的と範囲" in document.text and "旅費" in document.text
    assert [(found.title, found.level) for found in document.headings] == (
        [("目的と範囲", level)] if level else []
    )
