"""Names and values that stand line by line in one row of a table, at places that the test chose."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.documents import Document
from ingestion.readers import read
from ingestion.readers.pdf_values import are_values, is_note, is_value_line
from ingestion.reading import ReadOptions
from ingestion.table_rows import read_tables
from tests.ingestion.pdf_writer import PageSpec, TextAt, grid_rules, write_pdf

XS = [60.0, 200.0, 300.0, 400.0]
TOP = 676.0
HEAD = [TextAt(66, 683, "成分名称", 10), TextAt(206, 683, "洗い流す", 10), TextAt(306, 683, "その他", 10)]

Printed = list[tuple[float, str]]
"""Lines of a cell: how far below the top of its row the middle of each stands, and what it says."""


def at(x: float, lines: Printed) -> list[TextAt]:
    return [TextAt(x, TOP - down - 4, text, 10) for down, text in lines]


def document_of(tmp_path: Path, *columns: list[TextAt], height: float, head: bool = True) -> Document:
    """A table with one row, below the names of its columns, and a last row of its own."""
    ys = [TOP + 24, TOP, TOP - height] if head else [TOP, TOP - height]
    texts = [text for column in columns for text in column] + (HEAD[: len(columns)] if head else [])
    if head:
        ys.append(TOP - height - 24)
        texts += [TextAt(66, ys[-1] + 7, "水酸化物", 10), TextAt(206, ys[-1] + 7, "9.9g", 10)]
    page = PageSpec(texts, rules=grid_rules(XS[: len(columns) + 1], ys))
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf([page]))
    return read(path, ReadOptions(ocr="off"))


def lines_of(document: Document) -> list[str]:
    """The lines of the only table between its head and its last row, cells checked by slicing."""
    (table,) = document.tables
    text = document.text[table.start : table.end]
    rows: dict[int, list[str]] = {}
    for cell in table.cells:
        rows.setdefault(cell.row, []).append(document.text[cell.start : cell.end])
    assert text == "\n".join(" | ".join(cells) for _, cells in sorted(rows.items()))
    found = text.split("\n")
    return found[1:-1] if found[-1] == "水酸化物 | 9.9g" else found


def test_each_name_of_a_category_gets_its_own_value(tmp_path: Path) -> None:
    names = [
        *at(66, [(10, "洗い流すもの以外の化粧")]), *at(66, [(25, "品の全部")]), *at(76, [(40, "亜鉛華")]),
        *at(76, [(55, "二酸化硫黄の水溶液の濃縮")]), *at(76, [(70, "還元物")]), *at(76, [(85, "安息香酸")]),
    ]  # fmt: skip
    values = at(206, [(40, "配合不可"), (55, "0.30g"), (85, "2.0g")])
    document = document_of(tmp_path, names, values, height=96)
    assert lines_of(document) == [
        "洗い流すもの以外の化粧品の全部 | 亜鉛華 | 配合不可",
        "二酸化硫黄の水溶液の濃縮還元物 | 0.30g",
        "安息香酸 | 2.0g",
    ]
    (table,) = read_tables(document)
    told = {document.text[row.start : row.end]: row.lead for row in table.rows}
    assert "洗い流すもの以外の化粧品の全部" in told["安息香酸 | 2.0g"][0]
    assert told["水酸化物 | 9.9g"] == ()


def test_a_second_category_in_a_row_ends_the_first(tmp_path: Path) -> None:
    names = [
        *at(66, [(10, "歯磨")]),
        *at(76, [(25, "亜鉛華")]),
        *at(66, [(40, "頭髪用")]),
        *at(76, [(55, "ホウ砂")]),
    ]
    document = document_of(tmp_path, names, at(206, [(25, "0.5g"), (55, "不可")]), height=66)
    assert lines_of(document) == ["歯磨 | 亜鉛華 | 0.5g", "頭髪用 | ホウ砂 | 不可"]


def test_values_beside_the_middle_of_wrapped_names_some_missing(tmp_path: Path) -> None:
    names = at(66, [(10, "安息香酸"), (35, "水溶性の亜鉛の化合物であ"), (49, "るもの"), (74, "ホウ砂")])
    document = document_of(
        tmp_path,
        names,
        at(206, [(10, "1.0"), (42, "合計量として2"), (74, "○")]),
        at(306, [(10, "0.5"), (67, "0.10"), (81, "(注3)")]),
        height=90,
    )
    assert lines_of(document) == [
        "安息香酸 | 1.0 | 0.5",
        "水溶性の亜鉛の化合物であるもの | 合計量として2",
        "ホウ砂 | ○ | 0.10 (注3)",
    ]


def test_values_beside_the_last_line_of_items(tmp_path: Path) -> None:
    names = at(66, [(10, "①段差の解消"), (25, "②研修への参加、資格の"), (40, "　取得"), (55, "③その他")])
    document = document_of(tmp_path, names, at(206, [(10, "109行"), (40, "61行"), (55, "17行")]), height=66)
    assert [line.split(" | ")[1] for line in lines_of(document)] == ["109行", "61行", "17行"]
    assert lines_of(document)[2].startswith("(3)その他")


def test_a_group_and_a_sentence_beside_the_list_stay_whole(tmp_path: Path) -> None:
    names = at(206, [(10, "安息香酸"), (35, "ホウ砂")])
    document = document_of(
        tmp_path, at(66, [(22, "保存料")]), names, at(306, [(10, "1.0"), (35, "2.0")]), height=46
    )
    assert lines_of(document) == ["保存料 | 安息香酸 | 1.0", "ホウ砂 | 2.0"]
    (table,) = read_tables(document)
    assert any("保存料" in part for part in table.rows[2].lead)


def test_a_table_that_goes_on_without_a_line_between_its_rows(tmp_path: Path) -> None:
    names = at(66, [(10, "安息香酸"), (35, "ホウ砂"), (60, "亜鉛華")])
    document = document_of(
        tmp_path, names, at(206, [(10, "1.0"), (35, "2.0"), (60, "3.0")]), height=72, head=False
    )
    assert lines_of(document) == ["安息香酸 | 1.0", "ホウ砂 | 2.0", "亜鉛華 | 3.0"]


def test_boxes_side_by_side_without_a_list_are_no_table(tmp_path: Path) -> None:
    left = at(66, [(10, "一つ目の説明が三行に"), (24, "わたって書かれている"), (38, "箱である。")])
    figures = at(206, [(10, "1.0"), (35, "2.0"), (60, "3.0")])
    assert document_of(tmp_path, left, figures, height=72, head=False).tables == ()


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ([(10, "製造業に係る"), (25, "件数")], [(10, "12"), (25, "34")]),
        ([(10, "産業機構"), (35, "(略称)")], [(10, "令和6年3月1日"), (35, "(15年間)")]),
        ([(10, "施行の期日"), (35, "適用の期日")], [(10, "令和5年"), (35, "10月1日")]),
        ([(10, "エストロン又はエチニルエ"), (25, "ストロン")], [(10, "合計として20国"), (25, "際単位")]),
        ([(10, "全国の計"), (35, "県の計")], [(10, "10人から"), (35, "20人")]),
        ([(17, "全国の計")], [(10, "269社"), (25, "38社")]),
        ([(10, "全国の計"), (35, "県の計")], [(22, "269社"), (47, "38社")]),
        ([(10, "全国の計"), (35, "県の計"), (60, "市の計")], [(10, "269社"), (60, "38社")]),
        (
            [(10, "銀行にお"), (24, "ける障害"), (38, "による発"), (52, "生の件数")],
            [(10, "一部"), (24, "2"), (38, "3"), (52, "4")],
        ),
    ],
)  # fmt: skip
def test_what_is_not_sure_to_be_a_list_stays_one_row(tmp_path: Path, names: Printed, values: Printed) -> None:
    document = document_of(tmp_path, at(66, names), at(206, values), height=70)
    (line,) = lines_of(document)
    assert line.count(" | ") == 1
    assert sorted(line.replace(" | ", "").replace(" ", "")) == sorted("".join(t for _, t in names + values))


def test_names_that_do_not_begin_at_one_place_stay_one_row(tmp_path: Path) -> None:
    """The corner of a table with the names of its columns and of its rows."""
    corner = [*at(150, [(10, "比率")]), *at(66, [(35, "回答者数")])]
    document = document_of(tmp_path, corner, at(206, [(10, "5%"), (35, "95%")]), height=46)
    assert lines_of(document) == ["比率 回答者数 | 5% 95%"]


def test_one_value_in_the_middle_may_be_that_of_all(tmp_path: Path) -> None:
    names, values = [(10, "安息香酸"), (35, "ホウ砂")], [(10, "1.0"), (35, "2.0")]
    document = document_of(tmp_path, at(66, names), at(206, values), at(306, [(22.5, "5.0")]), height=45)
    (first, second) = read_tables(document)[0].rows[1:3]
    assert document.text[first.start : first.end] == "安息香酸 | 1.0 | 5.0"
    assert any(part.endswith("5.0") for part in second.lead)


def test_one_value_in_the_middle_of_three_names_cannot_be_told(tmp_path: Path) -> None:
    names = at(66, [(10, "一次の亜鉛"), (24, "化合物"), (50, "ホウ砂"), (74, "安息香酸")])
    document = document_of(
        tmp_path, names, at(206, [(17, "なし"), (50, "要"), (74, "不要")]), at(306, [(50, "5.0")]), height=100
    )
    assert len(lines_of(document)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "0.30g", "合計量として 1.0", "95 行", "○（注 2）", "配合不可", "-", "▲ 1,234", "10～20人", "2024/4/1",
        "10〜20人", "令和5年4月1日", "１２．５％",
    ],
)  # fmt: skip
def test_whole_values(text: str) -> None:
    assert is_value_line(text)


@pytest.mark.parametrize(
    "text",
    [
        "際単位", "(17.5%)", "第65条～第71条を除く", "1,234,", "10～", "1月20日訴追", "①", "製造業", "年10月",
        "10〜", "のうち 3",
    ],
)  # fmt: skip
def test_parts_of_values_and_names_are_none(text: str) -> None:
    assert not is_value_line(text)


def test_a_date_over_two_lines_is_no_list_of_values() -> None:
    assert are_values(["5年", "3年"])
    assert not are_values(["2024年", "10月"])
    assert not are_values(["10"])
    assert is_note("（注 3）") and is_note("※2") and not is_note("(3)")
