"""Reads real pictures with the real weights, which lie in the wheel. The truth is what was drawn."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

import pytest
from PIL import Image

from ingestion.ocr import PictureLine, read_picture
from tests.ingestion.picture_writer import SIZE, column_picture, page_picture

RULE = [
    "第12条 従業員は、年次有給休暇を取得する",
    "ときは、あらかじめ所属長に届け出る。",
    "慶弔休暇は5日とする。",
]
COLUMN = [
    "従業員は、年次有給休暇を取得する",
    "ときは、あらかじめ所属長に届け出",
    "る。慶弔休暇は五日とする。",
]


def flat(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def right(truth: str, lines: list[PictureLine]) -> float:
    """The share of the truth's characters that are found in order."""
    wanted, found = flat(truth), flat("".join(line.text for line in lines))
    blocks = SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(len(wanted), len(found))


def by_place(lines: list[PictureLine]) -> list[PictureLine]:
    return sorted(lines, key=lambda line: line.corners[0][1])


def test_lines_lie_where_they_were_drawn() -> None:
    lines = by_place(read_picture(page_picture(RULE)))
    assert [flat(line.text) for line in lines] == [flat(text) for text in RULE]
    for index, line in enumerate(lines):
        (x0, y0), (x1, _), (_, y1), _ = line.corners
        assert x0 == pytest.approx(120, abs=12)
        assert x1 == pytest.approx(120 + 28 * len(RULE[index]), abs=48)  # the narrow "12 " is in it
        assert y0 < 140 + index * 56 + 20 < y1
        assert line.confidence > 0.9 and not line.vertical


@pytest.mark.parametrize(
    "turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270]
)
def test_pages_on_their_side_or_upside_down_are_read(turn: Image.Transpose) -> None:
    straight = page_picture(RULE * 3)
    lines = read_picture(straight.transpose(turn))
    assert right("".join(RULE * 3), _upright_order(lines, turn)) > 0.97
    first = _upright_order(lines, turn)[0]
    x, y = first.corners[0]
    corner = {
        Image.Transpose.ROTATE_90: (140, SIZE[0] - 120),
        Image.Transpose.ROTATE_180: (SIZE[0] - 120, SIZE[1] - 140),
        Image.Transpose.ROTATE_270: (SIZE[1] - 140, 120),
    }[turn]
    assert (x, y) == pytest.approx(corner, abs=25)


def _upright_order(lines: list[PictureLine], turn: Image.Transpose) -> list[PictureLine]:
    down = {
        Image.Transpose.ROTATE_90: lambda point: point[0],
        Image.Transpose.ROTATE_180: lambda point: -point[1],
        Image.Transpose.ROTATE_270: lambda point: -point[0],
    }[turn]
    return sorted(lines, key=lambda line: down(line.corners[0]))


def test_a_skewed_page_is_read() -> None:
    picture = page_picture(RULE * 3).rotate(5, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    assert right("".join(RULE * 3), by_place(read_picture(picture))) > 0.97


def test_grey_on_grey_is_read() -> None:
    assert right("".join(RULE), by_place(read_picture(page_picture(RULE, ink=170, paper=215)))) > 0.97


def test_columns_of_vertical_writing_are_read_with_their_commas() -> None:
    lines = sorted(read_picture(column_picture(COLUMN)), key=lambda line: -line.corners[0][0])
    assert all(line.vertical for line in lines) and len(lines) == 3
    assert right("".join(COLUMN), lines) > 0.95
    assert lines[0].text.count("、") == 1


def test_turned_marks_of_vertical_writing() -> None:
    columns = [
        "コンピューターの「サーバー」を使",
        "うときは「ルール」に従うこととし",
        "管理者に申し出るものとする。",
    ]
    lines = sorted(read_picture(column_picture(columns)), key=lambda line: -line.corners[0][0])
    assert right("".join(columns), lines) > 0.9
    assert "ー" in lines[0].text and "「" in lines[0].text


def test_an_empty_page_has_no_lines() -> None:
    assert read_picture(Image.new("RGB", SIZE, (250, 250, 248))) == []


def test_a_picture_without_text_has_no_lines() -> None:
    gradient = Image.linear_gradient("L").resize((600, 600))
    assert read_picture(gradient.convert("RGB")) == []


@pytest.mark.parametrize("size", [(4, 4), (11, 11), (1280, 9), (9, 900)])
def test_tiny_pictures_and_strips_end_without_text(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, "white")
    picture.paste((0, 0, 0), (1, 1, size[0] - 1, size[1] - 1))
    assert read_picture(picture) == []
