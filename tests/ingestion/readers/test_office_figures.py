"""Pictures are put into the files by the test itself, so it knows what must be found where."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from PIL import Image
from pptx.util import Emu, Inches

from ingestion.documents import Document, Figure
from ingestion.errors import ReadError
from ingestion.figure_images import crop, figure_image
from ingestion.readers import read

RED, BLUE = (200, 30, 30), (20, 40, 220)


def picture(
    colour: tuple[int, int, int] = RED, size: tuple[int, int] = (300, 200), kind: str = "PNG"
) -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    buffer.seek(0)
    return buffer


def caption(document: Document, figure: Figure) -> str:
    return document.text[figure.start : figure.end]


def colour_of(path: Path, figure: Figure) -> Any:
    with Image.open(io.BytesIO(figure_image(path, figure.name))) as image:
        assert image.format == "PNG"
        return image.getpixel((5, 5))


def test_pictures_in_word_files_have_the_captions_beside_them(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_heading("ポンプ", 1)
    word.add_paragraph("外観を次に示す。")
    word.add_picture(picture(RED), width=Inches(2))
    word.add_paragraph("図1　ポンプの外観")
    word.add_paragraph("表2 部品の色")
    word.add_picture(picture(BLUE, kind="JPEG"), width=Inches(2))
    word.add_paragraph("以上。")
    word.add_picture(picture((0, 90, 0)), width=Inches(2))
    word.add_paragraph("緑の板", style="Caption")
    path = tmp_path / "a.docx"
    word.save(path)
    document = read(path)
    assert [caption(document, each) for each in document.figures] == [
        "図1 ポンプの外観",
        "表2 部品の色",
        "緑の板",
    ]
    assert [each.name.startswith("word/media/") for each in document.figures] == [True] * 3
    assert colour_of(path, document.figures[0]) == RED
    red, green, blue = colour_of(path, document.figures[1])  # JPEG rounds
    assert red < 40 and green < 60 and blue > 200


def test_icons_and_pictures_outside_of_the_file_are_no_figures(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("本文。")
    word.add_picture(picture(), width=Inches(0.2))
    word.add_picture(picture(BLUE), width=Inches(2))
    (blip,) = list(word.element.body.iter(qn("a:blip")))[1:]
    outside = word.part.relate_to("https://example.com/a.png", blip.get(qn("r:embed")), is_external=True)
    blip.set(qn("r:embed"), outside)
    path = tmp_path / "a.docx"
    word.save(path)
    document = read(path)
    assert document.figures == ()
    assert document.warnings == ("pictures outside of the file were not fetched: 1",)


def test_words_of_the_author_for_a_picture_are_text_that_nobody_sees(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("本文。")
    word.add_picture(picture(), width=Inches(2))
    next(word.element.body.iter(qn("wp:docPr"))).set("descr", "赤い板を上から見たところ")
    word.add_paragraph("続き。")
    word.add_picture(picture(BLUE), width=Inches(2))
    list(word.element.body.iter(qn("wp:docPr")))[1].set("descr", "画像\n自動的に生成された説明")
    path = tmp_path / "a.docx"
    word.save(path)
    document = read(path)
    assert [caption(document, each) for each in document.figures] == ["赤い板を上から見たところ", ""]
    assert document.text == "本文。\nAlt text: 赤い板を上から見たところ\n続き。\n"
    (unseen,) = document.hidden
    assert document.text[unseen.start : unseen.end] == "赤い板を上から見たところ"


def test_a_picture_in_a_cell_has_the_words_of_the_cell(tmp_path: Path) -> None:
    word = docx.Document()
    table = word.add_table(1, 2)
    for cell, words, colour in zip(
        table.rows[0].cells, ("手順1 ふたを開ける", "手順2 電池を入れる"), (RED, BLUE), strict=True
    ):
        cell.paragraphs[0].add_run(words)
        cell.add_paragraph().add_run().add_picture(picture(colour), width=Inches(2))
    path = tmp_path / "a.docx"
    word.save(path)
    document = read(path)
    assert [caption(document, each) for each in document.figures] == [
        "手順1 ふたを開ける",
        "手順2 電池を入れる",
    ]
    assert [colour_of(path, each) for each in document.figures] == [RED, BLUE]


def test_deleted_and_doubled_pictures_are_left_out(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("本文。")
    word.add_picture(picture(), width=Inches(2))
    run = word.paragraphs[-1].runs[0]._r
    deleted = OxmlElement("w:del")
    run.getparent().replace(run, deleted)
    deleted.append(run)
    path = tmp_path / "a.docx"
    word.save(path)
    assert read(path).figures == ()


def slides(path: Path) -> None:
    show = pptx.Presentation()
    for number in (1, 2):
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = f"第{number}回"
        if number == 2:
            slide.shapes.add_picture(picture(BLUE), Inches(1), Inches(2), Inches(3), Inches(2))
            under = slide.shapes.add_textbox(Inches(1), Inches(4.1), Inches(3), Inches(0.4))
            under.text_frame.text = "図3 売上の推移"
            far = slide.shapes.add_textbox(Inches(6), Inches(2), Inches(3), Inches(0.4))
            far.text_frame.text = "図9 遠くの文字"
        else:
            shown = slide.shapes.add_picture(picture(RED), Inches(1), Inches(2), Inches(3), Inches(2))
            shown._element.nvPicPr.cNvPr.set("descr", "工場の正門の写真")
    show.save(path)


def test_pictures_on_slides_have_their_slide_and_the_text_under_them(tmp_path: Path) -> None:
    path = tmp_path / "a.pptx"
    slides(path)
    document = read(path)
    first, second = document.figures
    assert (first.page, caption(document, first)) == (1, "工場の正門の写真")
    assert (second.page, caption(document, second)) == (2, "図3 売上の推移")
    assert (colour_of(path, first), colour_of(path, second)) == (RED, BLUE)
    page = document.pages[1]
    assert page.start <= second.start < second.end <= page.end


def test_a_logo_on_every_slide_is_no_figure(tmp_path: Path) -> None:
    show = pptx.Presentation()
    for number in range(5):
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = f"第{number}回"
        slide.shapes.add_picture(picture(), Emu(0), Emu(0), Inches(1), Inches(1))
    path = tmp_path / "a.pptx"
    show.save(path)
    assert read(path).figures == ()


def package(path: Path, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in parts.items():
            content.writestr(f"word/media/{name}.png", data)
    return path


def test_a_picture_loses_everything_but_its_pixels_and_is_made_smaller(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", (3200, 1000), BLUE).save(buffer, "PNG", exif=exif)
    path = package(tmp_path / "a.docx", big=buffer.getvalue())
    with Image.open(io.BytesIO(figure_image(path, "word/media/big.png"))) as image:
        assert image.size == (1600, 500)
        assert not image.getexif() and not image.info


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("word/media/gone.png", "has no part"),
        ("word/document.xml", "no picture"),
        ("word/media/text.png", "another kind"),
        ("word/media/bomb.png", "too large"),
        ("../../etc/passwd.png", "has no part"),
    ],
)
def test_what_is_no_picture_has_its_reason(tmp_path: Path, name: str, reason: str) -> None:
    path = package(tmp_path / "a.docx", text=b"no picture at all", bomb=bytes(70 << 20))
    with pytest.raises(ReadError, match=reason):
        figure_image(path, name)


def test_too_many_pixels_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    with pytest.raises(ReadError, match="too many pixels"):
        figure_image(package(tmp_path / "a.docx", wide=buffer.getvalue()), "word/media/wide.png")


def test_a_part_of_a_page_is_cut_out_in_points() -> None:
    image = Image.new("RGB", (200, 100), RED)
    image.paste(BLUE, (100, 50, 200, 100))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    with Image.open(io.BytesIO(crop(buffer.getvalue(), (50, 25, 100, 50), 100.0))) as part:
        assert (part.size, part.getpixel((0, 0))) == ((100, 50), BLUE)
    with pytest.raises(ReadError, match="outside"):
        crop(buffer.getvalue(), (200, 200, 300, 300), 100.0)
