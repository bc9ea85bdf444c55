"""The unit over a table counts its bare numbers, and nothing that has a unit or a kind of its own."""

from __future__ import annotations

import pytest

from ingestion.documents import Document
from ingestion.readers.building import DocumentBuilder
from ingestion.table_grid import GridCell
from ingestion.table_rows import read_tables
from ingestion.table_units import label_unit


def document(table: str, *above: str, caption: str | None = None) -> Document:
    builder = DocumentBuilder("docx")
    for line in above:
        builder.line(line)
    builder.table(
        [
            GridCell(row, column, text.strip(), header=row == 0)
            for row, line in enumerate(table.splitlines())
            for column, text in enumerate(line.split("|"))
        ],
        caption=caption,
    )
    return builder.build()


def labels(found: Document) -> list[list[str]]:
    return [[cell.label for cell in row.cells] for row in read_tables(found)[0].rows if not row.header]


SALES = "科目|2023年度|2024年度\n売上高|1234|1,500\n営業利益|△20|120"


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("(単位:千円)", "千円"),
        ("（単位：百万円）", "百万円"),
        ("単位 百万円", "百万円"),
        ("(単位:百万円、未満切捨て)", "百万円"),
        ("売上の推移(千円)", "千円"),
        ("(Unit: kg)", "kg"),
    ],
)
def test_the_unit_in_the_line_above_counts_every_bare_number(line: str, unit: str) -> None:
    expected = ["科目", f"2023年度({unit})", f"2024年度({unit})"]
    assert labels(document(SALES, "売上", line)) == [expected, expected]


def test_the_unit_is_found_in_the_caption_and_in_a_corner() -> None:
    expected = ["科目", "2023年度(千円)", "2024年度(千円)"]
    builder = document(SALES, "損益計算書(単位:千円)", caption="損益計算書(単位:千円)")
    assert labels(builder) == [expected, expected]
    corner = document(SALES.replace("科目", "(単位:千円)", 1))
    assert labels(corner)[0][1:] == expected[1:]


@pytest.mark.parametrize(
    "line",
    ["(単位:千円、%)", "(単位:円・人)", "次の表のとおり(人)", "単位は次のとおり", "単位を取得した人数"],
)
def test_several_units_or_none_count_nothing(line: str) -> None:
    assert labels(document(SALES, line))[0] == ["科目", "2023年度", "2024年度"]


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("会費(千円)", "千円"), ("標準価格（円、税別）", "円"), ("保守契約(円/年)", "円"),
        ("量(単位:kg)", "kg"),
        ("速度(km/h)", ""), ("数(件・人)", ""), ("価格(税込)", ""), ("会費", ""),
    ],
)  # fmt: skip
def test_the_unit_in_the_name_of_a_column(label: str, unit: str) -> None:
    assert label_unit(label) == unit


def test_the_unit_over_one_table_says_nothing_about_the_next() -> None:
    builder = DocumentBuilder("docx")
    builder.line("(単位:千円)")
    for _ in range(2):
        builder.table(
            GridCell(row, column, text, header=row == 0)
            for row, line in enumerate(SALES.splitlines())
            for column, text in enumerate(line.split("|"))
        )
    first, second = read_tables(builder.build())
    assert first.rows[1].cells[1].label == "2023年度(千円)"
    assert second.rows[1].cells[1].label == "2023年度"


def test_other_kinds_of_columns_and_rows_keep_their_numbers_bare() -> None:
    lines = (
        "店舗|コード|従業員数|前年比|面積(m2)|売上高",
        "東京店|12|30|104|250|1234",
        "1株当たり利益|1|2|3|4|56",
        "計|-|30円|-|-|1,234円",
    )
    table = "\n".join(lines)
    found = labels(document(table, "(単位:千円)"))
    assert found[0] == ["店舗", "コード", "従業員数", "前年比", "面積(m2)", "売上高(千円)"]
    assert found[1][-1] == "売上高"
    assert found[2][-1] == "売上高"
