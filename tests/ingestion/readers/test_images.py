"""Image files and scanned PDFs, read with the real weights; the truth is what was drawn."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from ingestion.documents import Span
from ingestion.errors import ReadError
from ingestion.page_images import line_part
from ingestion.readers import read
from ingestion.reading import OcrMode, ReadOptions
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf
from tests.ingestion.picture_writer import page_picture

FIRST = ["就業規則の抜粋", "慶弔休暇は五日とする。"]
SECOND = ["別紙", "会費は年額一万二千円とする。"]


def test_each_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    frames = [page_picture(lines).convert("L") for lines in (FIRST, SECOND)]
    frames[0].save(path, save_all=True, append_images=frames[1:], dpi=(150, 150))
    document = read(path)
    assert (document.format, document.paged, len(document.pages)) == ("tiff", True, 2)
    texts = [document.text[page.start : page.end].split() for page in document.pages]
    assert texts == [FIRST, SECOND]
    start = document.text.index("一万二千円")
    found = [
        part for each in document.recognised if (part := line_part(document, each, Span(start, start + 5)))
    ]
    assert [box.page for box in found] == [2]
    points = 72 / 150
    assert found[0].x0 == pytest.approx((120 + 5 * 28) * points, abs=6)
    assert found[0].x1 == pytest.approx((120 + 10 * 28) * points, abs=6)
    assert found[0].y0 < (140 + 56 + 20) * points < found[0].y1


def test_a_transparent_picture_stands_on_white(tmp_path: Path) -> None:
    path = tmp_path / "shot.png"
    picture = page_picture(FIRST)
    picture.putalpha(picture.convert("L").point(lambda value: 255 - value))
    picture.save(path)
    assert read(path).text.split() == FIRST


def test_what_cannot_be_read_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.linear_gradient("L").save(path)
    with pytest.raises(ReadError, match="no text was found"):
        read(path)
    with pytest.raises(ReadError, match="recognition is off"):
        read(path, ReadOptions(ocr="off"))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ReadError, match="damaged"):
        read(path)
    path.write_bytes(b"GIF89a, or so it says")
    with pytest.raises(ReadError, match="another kind"):
        read(path)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (40_000, 40_000)).save(path)  # a few hundred kilobytes become 1.6 gigapixels
    with pytest.raises(ReadError, match="too many pixels"):
        read(path)


def scanned_pdf(lines: list[str]) -> bytes:
    buffer = io.BytesIO()
    page_picture(lines).save(buffer, "PDF", resolution=150)
    return buffer.getvalue()


def test_a_scanned_pdf_is_read_from_its_picture(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(scanned_pdf(FIRST))
    document = read(path)
    assert document.text.split() == FIRST
    assert {line.page for line in document.recognised} == {1}
    assert min(line.confidence for line in document.recognised) > 0.9
    with pytest.raises(ReadError, match="OCR"):
        read(path, ReadOptions(ocr="off"))


@pytest.mark.parametrize("mode", ["off", "auto", "always"])
def test_printed_text_stays_where_the_picture_says_no_more(tmp_path: Path, mode: OcrMode) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(72, 700, "この頁には短い文がある。")])]))
    document = read(path, ReadOptions(ocr=mode))
    assert (document.text.strip(), document.recognised) == ("この頁には短い文がある。", ())


def test_one_short_line_on_an_empty_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "note.png"
    page_picture(["受付済"], at=(900, 1500)).save(path)
    assert read(path).text == "受付済\n"
