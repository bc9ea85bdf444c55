"""Pictures are put on the page by the test itself; the truth is where it put them."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from ingestion.readers import read
from ingestion.reading import ReadOptions
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf

TEXT = TextAt(72, 760, "装置の各部の名前を次に示す。ふたは左へ開く。", 10)


def with_pictures(
    path: Path, pages: list[list[TextAt]], boxes: list[list[tuple[float, float, float, float]]]
) -> None:
    """A PDF whose pages have these texts and a picture in each of their boxes (left, bottom, right, top)."""
    document = pypdfium2.PdfDocument(write_pdf([PageSpec(texts) for texts in pages]))
    for index, places in enumerate(boxes):
        page = document[index]
        for left, bottom, right, top in places:
            bitmap = pypdfium2.PdfBitmap.from_pil(Image.radial_gradient("L").convert("RGB"))
            picture = pypdfium2.PdfImage.new(document)
            picture.set_bitmap(bitmap)
            picture.set_matrix(pypdfium2.PdfMatrix(right - left, 0, 0, top - bottom, left, bottom))
            page.insert_obj(picture)
            bitmap.close()
        page.gen_content()
        page.close()
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    path.write_bytes(buffer.getvalue())


def test_a_figure_has_its_box_and_the_caption_below_it(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    caption = TextAt(180, 480, "図2-1　ポンプの各部の名前", 10)
    with_pictures(path, [[TEXT, caption]], [[(150, 500, 400, 700)]])
    document = read(path, ReadOptions(ocr="off"))
    (figure,) = document.figures
    assert document.text[figure.start : figure.end] == "図2-1 ポンプの各部の名前"
    assert (figure.page, figure.x0, figure.y0, figure.x1, figure.y1) == pytest.approx((1, 150, 142, 400, 342))


def test_strips_are_one_figure_and_a_caption_may_stand_above(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    caption = TextAt(150, 715, "写真3 組立ライン", 10)
    with_pictures(path, [[TEXT, caption]], [[(150, 600, 400, 700), (150, 500, 400, 600)]])
    document = read(path, ReadOptions(ocr="off"))
    (figure,) = document.figures
    assert document.text[figure.start : figure.end] == "写真3 組立ライン"
    assert (figure.y0, figure.y1) == pytest.approx((142, 342))


def test_a_figure_without_caption_points_to_its_page(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with_pictures(path, [[TEXT], [TEXT]], [[], [(100, 100, 300, 300)]])
    document = read(path, ReadOptions(ocr="off"))
    (figure,) = document.figures
    assert (figure.page, figure.start, figure.end) == (2, document.pages[1].start, document.pages[1].start)


def test_logos_and_scans_are_no_figures(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    logo, whole, dot = (480.0, 780.0, 560.0, 830.0), (0.0, 0.0, 595.0, 842.0), (50.0, 50.0, 70.0, 70.0)
    with_pictures(path, [[TEXT]] * 4, [[logo], [logo, whole], [logo, dot], [logo]])
    assert read(path, ReadOptions(ocr="off")).figures == ()
