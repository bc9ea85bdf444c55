"""The truth about boxes is the place at which the test itself wrote the text."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from ingestion.documents import Span
from ingestion.errors import ReadError
from ingestion.page_images import page_size, render_page, span_boxes
from ingestion.readers import read
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf

MEDIA = (10.0, 20.0, 410.0, 620.0)
CROP = (50.0, 100.0, 350.0, 500.0)


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
    tmp_path: Path, rotation: int, crop: tuple[float, float, float, float] | None
) -> None:
    path = tmp_path / "a.pdf"
    words = TextAt(80, 300, "有給休暇は十日とする。", 10)
    path.write_bytes(write_pdf([PageSpec([words], MEDIA, crop, rotation)]))
    document = read(path)
    start = document.text.index("十日")
    boxes = span_boxes(path, document, Span(start, start + 2))
    assert len(boxes) == 1
    corners = [
        shown_point(x, y, crop or MEDIA, rotation)
        for x, y in ((80 + 5 * 10, 300 - 1.2), (80 + 7 * 10, 300 + 8.8))
    ]
    xs, ys = sorted(c[0] for c in corners), sorted(c[1] for c in corners)
    box = boxes[0]
    assert box.page == 1
    assert (box.x0, box.x1, box.y0, box.y1) == pytest.approx((*xs, *ys), abs=1.5)


def test_a_sentence_over_three_lines_has_three_boxes(tmp_path: Path) -> None:
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
    boxes = span_boxes(path, document, Span(start, start + len(sentence)))
    assert [box.page for box in boxes] == [2, 2, 2]
    for index, box in enumerate(boxes):
        assert box.x0 == pytest.approx(72, abs=1.5)
        assert box.x1 == pytest.approx(72 + 12 * len(lines[index]), abs=1.5)
        assert box.y0 < 842 - (700 - 18 * index) < box.y1


def test_compatibility_characters_keep_the_boxes_behind_them_right(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(100, 500, "㈱山田①は野ヶ丘𠮷")])]))
    document = read(path)
    assert document.text.strip() == "(株)山田(1)は野ヶ丘𠮷"
    start = document.text.index("野")
    (box,) = span_boxes(path, document, Span(start, start + 1))
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


def test_a_file_that_changed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, "日本語の長い文である。")])]))
    document = read(path)
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, "短")])]))
    with pytest.raises(ReadError, match="changed"):
        span_boxes(path, document, Span(0, len(document.text)))


def test_threads_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([PageSpec([TextAt(80, 300, f"頁{n}")]) for n in "一二三四"]))
    document = read(path)
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda i: render_page(path, i % 4 + 1, scale=0.5), range(40)))
        boxes = list(pool.map(lambda i: span_boxes(path, document, Span(0, 2)), range(40)))
    assert all(images[i] == images[i % 4] for i in range(40))
    assert all(found == boxes[0] for found in boxes)
