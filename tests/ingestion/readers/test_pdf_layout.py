"""Pages whose text was written at known places in a known order: the truth is what people would read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.chunking import chunk_document
from ingestion.documents import Document
from ingestion.page_rendering import line_boxes
from ingestion.readers import read
from ingestion.reading import ReadOptions
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf

LEFT = [
    "左の段の一行目は長い文章の始まりで",
    "あり二行目へと続き、三行目まで読ま",
    "れたところで、四行目に移ってゆくの",
    "であって、五行目でこの文は終わる。",
    "次の文は左の段の最後の行に置かれる",
]
RIGHT = [
    "続きであって、右の段の一行目に置か",
    "れており、やがて二行目へと移り変わ",
    "り、三行目と四行目とを経てようやく",
    "五行目に至って、この長い文章は終わ",
    "りを告げるのである。これで全部です",
]


def read_pages(tmp_path: Path, *pages: PageSpec, labels: str = "", ocr: str = "off") -> Document:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf(list(pages), labels=labels))
    return read(path, ReadOptions(ocr=ocr))  # type: ignore[arg-type]  # spelt out by each test


def columns(order: str) -> PageSpec:
    left = [TextAt(60, 700 - 16 * i, text, 10) for i, text in enumerate(LEFT)]
    right = [TextAt(310, 700 - 16 * i, text, 10) for i, text in enumerate(RIGHT)]
    rows = [text for pair in zip(left, right, strict=True) for text in pair]
    return PageSpec([TextAt(60, 760, "二段組みの表題", 14), *(rows if order == "rows" else left + right)])


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_columns_are_read_one_after_the_other_however_they_are_drawn(tmp_path: Path, order: str) -> None:
    text = read_pages(tmp_path, columns(order)).text
    assert "".join(text.split()) == "二段組みの表題" + "".join(LEFT) + "".join(RIGHT)
    assert "置かれる続きであって" not in text.replace("\n", "|")


def test_a_title_drawn_last_is_read_first(tmp_path: Path) -> None:
    page = PageSpec([TextAt(60, 700, "本文はここに書かれている。"), TextAt(60, 660, "本文の二つ目の文。")])
    page.texts.append(TextAt(60, 760, "後から描かれた表題", 20))
    assert read_pages(tmp_path, page).text.split() == [
        "後から描かれた表題",
        "本文はここに書かれている。",
        "本文の二つ目の文。",
    ]


def test_boxes_drawn_one_after_the_other_stay_apart(tmp_path: Path) -> None:
    """Two short lists side by side, each drawn whole: reading them row by row would mix them."""
    left = [TextAt(60, 700 - 20 * i, f"・左の項目{n}") for i, n in enumerate("一二三四")]
    right = [TextAt(320, 700 - 20 * i, f"・右の項目{n}") for i, n in enumerate("一二三四")]
    words = read_pages(tmp_path, PageSpec(left + right)).text.split()
    assert [word[1] for word in words] == list("左左左左右右右右")


def test_vertical_writing_goes_down_and_from_right_to_left(tmp_path: Path) -> None:
    lines = ["この規程は、従業員の勤務に関する事項を定め", "るものとする。", "第二条は別に定める。"]
    page = PageSpec([TextAt(500 - 24 * i, 760, text, vertical=True) for i, text in enumerate(lines)])
    page.texts.reverse()  # drawn from left to right
    assert read_pages(tmp_path, page).text.split("\n") == [lines[0] + lines[1], lines[2], ""]


def test_two_digits_upright_in_a_vertical_line_do_not_part_it(tmp_path: Path) -> None:
    page = PageSpec(
        [
            TextAt(300, 760, "休暇は一年につき", vertical=True), TextAt(294, 760 - 9 * 12, "12", 6),
            TextAt(300, 760 - 9.4 * 12, "日とする。", vertical=True),
        ]
    )  # fmt: skip
    assert read_pages(tmp_path, page).text == "休暇は一年につき12日とする。\n"


@pytest.mark.parametrize("vertical", [False, True])
def test_ruby_is_left_out_and_its_line_stays_whole(tmp_path: Path, vertical: bool) -> None:
    if vertical:
        texts = [
            TextAt(300, 760, "この規程は就業規則に基づき定める。", vertical=True),
            TextAt(309, 760 - 5 * 12, "しゅうぎょう", 4, vertical=True),
        ]
    else:
        texts = [
            TextAt(72, 700, "この規程は"), TextAt(132, 711, "しゅうぎょう", 4), TextAt(132, 700, "就業"),
            TextAt(156, 700, "規則に基づき定める。"),
        ]  # fmt: skip
    document = read_pages(tmp_path, PageSpec(texts))
    assert document.text == "この規程は就業規則に基づき定める。\n"


def test_small_kana_that_stand_over_nothing_are_text(tmp_path: Path) -> None:
    page = PageSpec([TextAt(72, 700, "本文の文である。"), TextAt(300, 640, "ちいさなただしがき", 5)])
    assert "ちいさなただしがき" in read_pages(tmp_path, page).text


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_text_on_its_side_is_read_as_it_stands(tmp_path: Path, turn: int) -> None:
    """Quarters counter-clockwise; the second line lies under the first for someone who turns the page."""
    steps = {0: (0, -18), 1: (18, 0), 2: (0, 18), 3: (-18, 0)}[turn]
    lines = ["横倒しの表が載った頁の最初の行。", "その下にある二行目。"]
    page = PageSpec(
        [TextAt(300 + steps[0] * i, 400 + steps[1] * i, text, turn=turn) for i, text in enumerate(lines)]
    )
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([page]))
    document = read(path, ReadOptions(ocr="off"))
    assert document.text.split() == lines
    start = document.text.index("二行目")
    assert document.origins is not None
    ((_, box),) = line_boxes(path, [(1, document.origins[start : start + 3].tolist())])
    long, short = sorted((box[2] - box[0], box[3] - box[1]), reverse=True)
    assert (long, short) == pytest.approx((36, 12), abs=1.5)


def edged(count: int, *, numbers: str = "- {} -") -> list[PageSpec]:
    return [
        PageSpec(
            [
                TextAt(72, 800, "株式会社みなと精機 就業規則", 9),
                *(TextAt(72, 700 - 20 * i, f"本文{page}の{n}行目である。") for i, n in enumerate("一二三")),
                TextAt(280, 30, numbers.format(page), 9),
            ]
        )
        for page in range(1, count + 1)
    ]  # fmt: skip


def test_headers_stay_once_and_page_numbers_never(tmp_path: Path) -> None:
    document = read_pages(tmp_path, *edged(5))
    header = ["株式会社みなと精機", "就業規則"]
    assert [document.text[page.start : page.end].split() for page in document.pages] == [
        [*(header if page == 1 else []), *(f"本文{page}の{n}行目である。" for n in "一二三")]
        for page in range(1, 6)
    ]
    assert document.properties["running"] == "株式会社みなと精機 就業規則"
    for chunk in chunk_document(document, target=200, maximum=400):
        assert document.text[chunk.start : chunk.end] == chunk.text


def test_two_pages_are_too_few_to_know_a_header(tmp_path: Path) -> None:
    assert read_pages(tmp_path, *edged(2)).text.count("みなと精機") == 2


def test_a_line_in_the_body_that_comes_again_stays(tmp_path: Path) -> None:
    pages = edged(4)
    for page in pages:
        page.texts.append(TextAt(72, 400, "注意:電源を切ること。"))
    assert read_pages(tmp_path, *pages).text.count("注意:電源を切ること。") == 4


def test_a_large_title_on_some_pages_stays(tmp_path: Path) -> None:
    pages = edged(9)
    for page in pages[2:5]:
        page.texts[0] = TextAt(72, 790, "収益の状況", 28)
    assert read_pages(tmp_path, *pages).text.count("収益の状況") == 3


def test_pages_alike_from_top_to_bottom_keep_their_text(tmp_path: Path) -> None:
    page = PageSpec([TextAt(72, 800, "同じ文だけの頁である。")])
    assert read_pages(tmp_path, page, page, page, page).text.count("同じ文だけの頁") == 4


def test_printed_numbers_are_labels_where_the_file_has_none(tmp_path: Path) -> None:
    cover = PageSpec([TextAt(72, 500, "表紙だけの頁である。", 20)])
    document = read_pages(tmp_path, cover, *edged(4))
    assert [page.label for page in document.pages] == [None, "1", "2", "3", "4"]


def test_the_labels_of_the_file_come_before_printed_numbers(tmp_path: Path) -> None:
    document = read_pages(tmp_path, *edged(4), labels="0 <</S/r>>")
    assert [page.label for page in document.pages] == ["i", "ii", "iii", "iv"]


def test_printed_roman_numbers(tmp_path: Path) -> None:
    pages = edged(4)
    for number, page in zip(["iii", "iv", "v", "vi"], pages, strict=True):
        page.texts[-1] = TextAt(280, 30, number, 9)
    document = read_pages(tmp_path, *pages)
    assert [page.label for page in document.pages] == ["iii", "iv", "v", "vi"]
    assert "iv" not in document.text


def test_spaces_between_justified_characters_are_no_spaces(tmp_path: Path) -> None:
    page = PageSpec([TextAt(72 + 15.5 * i, 700, c) for i, c in enumerate("均等に割り付けた文")])
    assert read_pages(tmp_path, page).text == "均等に割り付けた文\n"
