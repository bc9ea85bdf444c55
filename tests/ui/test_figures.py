"""Figures of stored documents, taken out of their files by the real child process."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docx
import pypdfium2
import pytest
from docx.shared import Inches
from interface_fakes import LightResources
from PIL import Image

from ingestion.errors import ReadError
from ingestion.settings import Settings
from ingestion.workspace import open_workspace
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf
from ui.errors import NotFoundError
from ui.local import LocalOperations

Json = dict[str, Any]
RED, BLUE = (200, 30, 30), (20, 40, 220)


def png(colour: tuple[int, int, int]) -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(buffer, "PNG")
    return io.BytesIO(buffer.getvalue())


def write_word(path: Path, text: str) -> None:
    word = docx.Document()
    word.add_paragraph(text)
    word.add_picture(png(RED), width=Inches(2))
    word.save(path)


def write_page(path: Path) -> None:
    pdf = pypdfium2.PdfDocument(write_pdf([PageSpec([TextAt(72, 760, "装置の名前を次に示す。", 10)])]))
    page = pdf[0]
    bitmap = pypdfium2.PdfBitmap.from_pil(Image.new("RGB", (100, 100), BLUE))
    picture = pypdfium2.PdfImage.new(pdf)
    picture.set_bitmap(bitmap)
    picture.set_matrix(pypdfium2.PdfMatrix(200, 0, 0, 150, 150, 400))
    page.insert_obj(picture)
    page.gen_content()
    pdf.save(path)
    for part in (bitmap, page, pdf):
        part.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    return made


def opened(folder: Path, **screening: Any) -> LocalOperations:
    workspace = open_workspace(folder.parent / "ws", {})
    chosen = Settings.model_validate({"screening": screening, "ingestion": {"ocr": "off"}})
    operations = LocalOperations(workspace, resources=LightResources(workspace, chosen))
    assert list(operations.ingest([str(folder)]))[-1]["event"] == "report"
    return operations


@pytest.fixture
def operations(folder: Path) -> Iterator[LocalOperations]:
    write_word(folder / "a.docx", "装置の外観。")
    write_page(folder / "b.pdf")
    with closing(opened(folder)) as made:
        yield made


def by_format(operations: LocalOperations) -> dict[str, Json]:
    return {found["format"]: operations.document(found["id"]) for found in operations.documents()}


def pixels(image: bytes) -> tuple[tuple[int, int], Any]:
    with Image.open(io.BytesIO(image)) as picture:
        return picture.size, picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))


def test_figures_come_as_pictures_from_files_and_from_pages(operations: LocalOperations) -> None:
    found = by_format(operations)
    (figure,) = found["docx"]["figures"]
    assert figure["name"] == "word/media/image1.png"
    assert pixels(operations.figure_image(found["docx"]["id"], 0)) == ((300, 200), RED)
    size, colour = pixels(operations.figure_image(found["pdf"]["id"], 0))
    assert size == pytest.approx((400, 300), abs=2) and colour == BLUE


@pytest.mark.parametrize("number", [-1, 1])
def test_there_is_no_figure_of_another_number(operations: LocalOperations, number: int) -> None:
    with pytest.raises(NotFoundError, match="it has 1"):
        operations.figure_image(by_format(operations)["docx"]["id"], number)


def test_a_picture_of_a_masked_document_is_not_shown(folder: Path) -> None:
    write_word(folder / "a.docx", "連絡先は山田 花子、電話は03-3581-4111です。")
    with closing(opened(folder, personal="mask")) as operations:
        document = by_format(operations)["docx"]
        assert "花子" not in document["text"] and len(document["figures"]) == 1
        with pytest.raises(NotFoundError, match="masked"):
            operations.figure_image(document["id"], 0)


def test_a_damaged_picture_costs_itself_only(folder: Path) -> None:
    write_word(folder.parent / "whole.docx", "装置の外観。")
    with (
        zipfile.ZipFile(folder.parent / "whole.docx") as whole,
        zipfile.ZipFile(folder / "a.docx", "w") as broken,
    ):
        for part in whole.infolist():
            data = whole.read(part)
            broken.writestr(part, data[: len(data) // 2] if part.filename.endswith("image1.png") else data)
    with closing(opened(folder)) as operations:
        found = by_format(operations)
        with pytest.raises(ReadError, match="damaged"):
            operations.figure_image(found["docx"]["id"], 0)
        assert found["docx"]["text"] == "装置の外観。\n"
