"""Pages whose fonts name no characters: their letters can be seen, but not copied, so they are recognised."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_writer import assembled

from ingestion.pdfium import open_pdf
from ingestion.readers.pdf import may_show_text


def nameless_pdf(path: Path, letters: int) -> Path:
    """One page with so many glyphs of a font that gives neither Unicode values nor known names."""
    glyph = b"1000 0 0 0 750 750 d1 0 0 750 750 re f"
    shown = b"BT /F1 20 Tf 1 0 0 1 50 700 Tm <" + b"01" * letters + b"> Tj ET"
    path.write_bytes(
        assembled(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R"
                b" /Resources << /Font << /F1 4 0 R >> >> >>",
                b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 750 750] /FontMatrix [.001 0 0 .001 0 0]"
                b" /CharProcs << /g901 5 0 R >> /Encoding << /Type /Encoding /Differences [1 /g901] >>"
                b" /FirstChar 1 /LastChar 1 /Widths [1000] /Resources << >> >>",
                b"<< /Length %d >>\nstream\n%s\nendstream" % (len(glyph), glyph),
                b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
            ]
        )
    )
    return path


@pytest.mark.parametrize(("letters", "expected"), [(0, False), (3, False), (60, True)])
def test_letters_without_names_may_be_text(tmp_path: Path, letters: int, expected: bool) -> None:
    with open_pdf(nameless_pdf(tmp_path / "a.pdf", letters)) as document:
        assert may_show_text(document, 0) is expected
