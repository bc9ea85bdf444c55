"""The truth about boxes is the place at which the test itself wrote the text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from ingestion.documents import Document, Page, RecognisedLine, Span
from ingestion.errors import ReadError
from ingestion.page_images import Box, PageImages, line_part
from ingestion.page_rendering import page_size, render_page, render_part
from ingestion.readers import read
from ingestion.settings import IngestionSettings
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf

MEDIA = (10.0, 20.0, 410.0, 620.0)
CROP = (50.0, 100.0, 350.0, 500.0)


@pytest.fixture(scope="module")
def pages() -> Iterator[PageImages]:
    images = PageImages(IngestionSettings(passwords=("geheim",)))
    yield images
    images.close()


def shown_point(
    x: float, y: float, box: tuple[float, float, float, float], rotation: int
) -> tuple[float, float]:
    """A user space point as shown: turned clockwise step by step, a quarter at a time."""
    x, y = x - box[0], box[3] - y
    width, height = box[2] - box[0], box[3] - box[1]
    for _ in range(rotation // 90):
        x, y = height - y, x
        width, height = height, width
    return x, y


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, CROP])
def test_the_box_lies_where_the_words_were_written(
    tmp_path: Path, pages: PageImages, rotation: int, crop: tuple[float, float, float, float] | None
) -> None:
    path = tmp_path / "a.pdf"
    words = TextAt(80, 300, "有給休暇は十日とする。", 10)
    path.write_bytes(write_pdf([PageSpec([words], MEDIA, crop, rotation)]))
    document = read(path)
    start = document.text.index("十日")
    boxes = pages.boxes(path, document, Span(start, start + 2))
    assert len(boxes) == 1
    corners = [
        shown_point(x, y, crop or MEDIA, rotation)
        for x, y in ((80 + 5 * 10, 300 - 1.2), (80 + 7 * 10, 300 + 8.8))
    ]
    xs, ys = sorted(c[0] for c in corners), sorted(c[1] for c in corners)
    box = boxes[0]
    assert box.page == 1
    assert (box.x0, box.x1, box.y0, box.y1) == pytest.approx((*xs, *ys), abs=1.5)


def test_a_sentence_over_three_lines_has_three_boxes(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "a.pdf"
    lines = [
        "従業員は、年次有給休暇を取得しようとするときは、あら",
        "かじめ所属長に届け出て、その承認を受けなければならな",
        "い。",
    ]
    page = PageSpec([TextAt(72, 700 - 18 * i, line) for i, line in enumerate(lines)])
    path.write_bytes(write_pdf([PageSpec([TextAt(72, 700, "表紙である。")]), page]))
    document = read(path)
    sentence = "".join(lines)
    start = document.text.index(sentence)  # the breaks inside the sentence are gone
    boxes = pages.boxes(path, document, Span(start, start + len(sentence)))
    assert [box.page for box in boxes] == [2, 2, 2]
    for index, box in enumerate(boxes):
        assert box.x0 == pytest.approx(72, abs=1.5)
        assert box.x1 == pytest.approx(72 + 12 * len(lines[index]), abs=1.5)
        assert box.y0 < 842 - (700 - 18 * index) < box.y1


def test_compatibility_characters_keep_the_boxes_behind_them_right(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(100, 500, "㈱山田①は野ヶ丘𠮷")])]))
    document = read(path)
    assert document.text.strip() == "(株)山田(1)は野ヶ丘𠮷"
    start = document.text.index("野")
    (box,) = pages.boxes(path, document, Span(start, start + 1))
    assert (box.x0, box.x1) == pytest.approx((100 + 5 * 12, 100 + 6 * 12), abs=1.5)


def test_a_picture_has_the_size_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, "日本")], MEDIA, CROP, 90)]))
    assert page_size(path, 1) == (400, 300)
    image = Image.open(io.BytesIO(render_page(path, 1, scale=2)))
    assert (image.format, image.size) == ("PNG", (800, 600))


def test_pages_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, "日本")])]))
    for number in (0, 2, -1):
        with pytest.raises(ReadError, match="1 pages"):
            render_page(path, number)


def test_a_file_that_changed_is_noticed(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, "日本語の長い文である。")])]))
    document = read(path)
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, "短")])]))
    with pytest.raises(ReadError, match="changed"):
        pages.boxes(path, document, Span(0, len(document.text)))


def test_threads_take_turns(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, f"頁{n}")]) for n in "一二三四"]))
    document = read(path)
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda i: pages.render(path, i % 4 + 1, scale=0.5), range(40)))
        boxes = list(pool.map(lambda i: pages.boxes(path, document, Span(0, 2)), range(40)))
    assert all(images[i] == images[i % 4] for i in range(40))
    assert all(found == boxes[0] for found in boxes)


def test_a_part_of_a_page_is_what_lies_in_its_box(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "a.png"
    image = Image.new("RGB", (600, 800), "white")
    image.paste((200, 0, 0), (100, 200, 300, 400))
    image.save(path, dpi=(144, 144))  # two pixels a point
    part = Image.open(io.BytesIO(pages.part(path, 1, (50, 100, 150, 200), scale=1.0)))
    assert part.size == (100, 100)
    assert part.getpixel((50, 50)) == (200, 0, 0)
    with pytest.raises(ReadError, match="no part"):
        render_part(path, 1, (400, 400, 500, 500), 1.0)


def test_image_files_are_pages_too(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "scan.tiff"
    frames = [Image.new("L", size, grey) for size, grey in (((800, 600), 255), ((400, 900), 90))]
    frames[0].save(path, save_all=True, append_images=frames[1:], dpi=(200, 200))
    assert pages.size(path, 1) == (288, 216)
    second = Image.open(io.BytesIO(pages.render(path, 2, scale=1.0)))
    assert second.size == (144, 324)
    assert second.getpixel((10, 10)) == (90, 90, 90)
    with pytest.raises(ReadError, match="2 pages"):
        pages.render(path, 3)


def test_a_picture_that_a_camera_turned_stands_upright(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    image = Image.new("RGB", (1000, 500), "white")
    image.paste((255, 0, 0), (0, 0, 500, 500))  # left half red
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    image.save(path, exif=exif, quality=95)
    width, height = page_size(path, 1)
    assert height == pytest.approx(842) and width == pytest.approx(421)
    shown = Image.open(io.BytesIO(render_page(path, 1, scale=1.0)))
    red, _, blue = shown.getpixel((200, 100))  # type: ignore[misc]
    assert red > 200 and blue < 60


def test_a_crash_costs_one_picture_only(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, "日本")])]))
    with pytest.raises(ReadError, match="crashed"):
        pages._child.call("os:abort")
    assert pages.size(path, 1) == (595, 842)


def test_a_page_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    images = PageImages(IngestionSettings(seconds_per_file=0.6))
    with pytest.raises(ReadError, match=r"more than 0\.6 seconds"):
        images._child.call("time:sleep", 30)
    path = tmp_path / "a.png"
    Image.new("RGB", (300, 300), "white").save(path)
    images.close()
    with pytest.raises(ReadError, match="stopped"):
        images.render(path, 1)


def test_damaged_pictures_have_a_reason(tmp_path: Path, pages: PageImages) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"broken" * 20)
    with pytest.raises(ReadError, match="cannot be shown: the picture is damaged"):
        pages.render(path, 1)


LINE = RecognisedLine(3, 13, 2, 100, 50, 300, 70, 0.97)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(0, 3), None),
        (Span(3, 13), Box(2, 100, 50, 300, 70)),
        (Span(5, 8), Box(2, 140, 50, 200, 70)),
        (Span(12, 40), Box(2, 280, 50, 300, 70)),
    ],
)
def test_the_part_of_a_line_that_a_span_covers(span: Span, expected: Box | None) -> None:
    document = Document(
        "表紙\n従業員は年次有給休暇\n", "png", (Page(1, 0, 3), Page(2, 3, 14)), recognised=(LINE,)
    )
    assert line_part(document, LINE, span) == expected


def test_columns_are_cut_downwards() -> None:
    line = RecognisedLine(0, 4, 1, 400, 100, 420, 180, 0.9, vertical=True)
    document = Document("縦書の文", "pdf", (Page(1, 0, 4),), recognised=(line,))
    assert line_part(document, line, Span(1, 2)) == Box(1, 400, 120, 420, 140)
