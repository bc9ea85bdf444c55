"""Names of columns and rows in tables as offices write them; the truth is written beside each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.cell_values import is_value, names_something
from ingestion.table_grid import GridCell, settled
from ingestion.table_groups import reaches
from ingestion.table_headers import with_headers


def grid(text: str, strong_rows: int = 0) -> list[GridCell]:
    """Cells of a drawn table: | between cells, empty ones left out."""
    return [
        GridCell(row, column, part.strip(), strong=row < strong_rows)
        for row, line in enumerate(text.strip().splitlines())
        for column, part in enumerate(line.split("|"))
        if part.strip()
    ]


def names(cells: list[GridCell]) -> list[str]:
    return [cell.text for cell in with_headers(cells) if cell.header]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("品名|価格\nボルト|10円\nナット|20円", "品名 価格 ボルト ナット"),
        ("|2022年度|2023年度\n売上高|100|120\n利益|10|12", "2022年度 2023年度 売上高 利益"),
        ("支店|4月|5月\n東京|10|20\n大阪|3|4", "支店 4月 5月 東京 大阪"),
        ("No.|氏名|内線\n1|山田|101\n2|佐藤|102", "No. 氏名 内線 1 山田 2 佐藤"),
        # names and values in two columns: no row names columns
        ("会社名|株式会社みなと\n設立|1990年4月\n資本金|1億円\n従業員|120名", "会社名 設立 資本金 従業員"),
        ("所在地|横浜市\n代表者|鈴木一郎\n事業|計測機器の製造", "所在地 代表者 事業"),
        # a form
        ("氏名|山田太郎|所属|営業部\n住所|横浜市|電話|045-000-1111", "氏名 所属 住所 電話"),
        # numbers alone
        ("10|20\n30|45", ""),
        ("3|りんご|100\n7|みかん|200", ""),
        # names in two rows, not merged
        (
            "会員種別|年会費||備考\n|2023年度|2024年度|\n法人|100,000円|120,000円|\n個人|1万円|1万2千円|",
            "会員種別 年会費 備考 2023年度 2024年度 法人 個人",
        ),
        # names of groups that stand once over their rows
        (
            "部署|氏名|内線\n営業部|山田|101\n|佐藤|102\n総務部|鈴木|103\n|田中|104",
            "部署 氏名 内線 営業部 山田 佐藤 総務部 鈴木 田中",
        ),
        # years of service above days of leave
        ("勤続年数|6か月|1年6か月|2年\n付与日数|10日|11日|12日", "勤続年数 6か月 1年6か月 2年 付与日数"),
        ("東京|10日|20日\n大阪|30日|40日", "東京 大阪"),
        ("年間利用|1年未満|1年以上|3年以上\n割引|5%|8%|10%", "年間利用 1年未満 1年以上 3年以上 割引"),
        # numbers that grow are no steps
        ("営業部|10名|12名|15名\n平均年齢|35歳|36歳|37歳\n残業|12時間|10時間|9時間", "営業部 平均年齢 残業"),
        ("勤続年数|3年|1年|7年\n付与日数|10日|11日|12日", "勤続年数 付与日数"),
        # words alone: the first row may be the first record
        ("佐藤|東京|課長\n鈴木|大阪|部長\n田中|福岡|主任", "佐藤 鈴木 田中"),
        ("工程|人|すること\n検査|田中|寸法を測る。\n出荷|鈴木|箱に詰める。", "工程 人 すること 検査 出荷"),
        # ranks above what takes them
        ("|1位|2位|3位\n営業部|価格|納期|品質\n製造部|品質|価格|納期", "1位 2位 3位 営業部 製造部"),
        ("甲組|1位|2位|3位\n乙組|2位|1位|1位", "甲組 乙組"),
        # lines between the rows
        (
            "支店|4月|5月\n関東地区\n東京|10|20\n横浜|3|4\n関西地区\n大阪|3|4",
            "支店 4月 5月 関東地区 東京 横浜 関西地区 大阪",
        ),
        # the names again, as on each page of a printout
        ("品名|単価\nボルト|10円\n品名|単価\nナット|20円", "品名 単価 ボルト 品名 単価 ナット"),
        ("Plan|Fee|Seats\nBasic|$10|5\nTeam|$40|25", "Plan Fee Seats Basic Team"),
    ],
)  # fmt: skip
def test_names_are_found(table: str, expected: str) -> None:
    assert sorted(names(grid(table))) == sorted(expected.split())


def test_group_names_reach_over_their_columns_and_rows() -> None:
    cells = with_headers(grid("種別|年会費||備考\n|2023年度|2024年度|\n正|1円|2円|a\n|3円|4円|b"))
    spans = {cell.text: (cell.row_span, cell.column_span) for cell in cells if cell.column_span > 1}
    assert spans == {"年会費": (1, 2)}
    cells = with_headers(grid("部署|氏名|内線\n営業部|山田|101\n|佐藤|102\n総務部|鈴木|103\n|田中|104"))
    spans = {cell.text: (cell.row_span, cell.column_span) for cell in cells if cell.row_span > 1}
    assert spans == {"営業部": (2, 1), "総務部": (2, 1)}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # in the middle of three columns
        (
            "||2023年度|||2024年度|\n|法人|個人|学生|法人|個人|学生\n年会費|100|10|5|120|12|6\n入会金|30|3|1|40|4|2",
            {"2023年度": (1, 3), "2024年度": (4, 3)},
        ),
        ("||2023年度|\n|法人|個人|学生\n年会費|100|10|5\n入会金|30|3|1", {"2023年度": (1, 3)}),
        # nothing tells which columns they stand over
        (
            "||2023年度|||2024年度|\n|東|西|南|北|中|外\n年会費|1|2|3|4|5|6\n入会金|1|2|3|4|5|6",
            {"2023年度": (2, 1), "2024年度": (5, 1)},
        ),
    ],
)  # fmt: skip
def test_groups_reach_over_what_they_stand_in_the_middle_of(
    table: str, expected: dict[str, tuple[int, int]]
) -> None:
    found = with_headers(grid(table))
    assert {
        cell.text: (cell.column, cell.column_span) for cell in found if cell.text.endswith("年度")
    } == expected


def test_a_smaller_last_group_does_not_move_the_groups() -> None:
    """The names of the rows' columns stand beside the finer names, below a gap that is no group's."""
    finer = dict(enumerate(["区分", "品名", "法人", "個人", "学生", "法人", "個人"]))
    assert reaches([2, 5], finer, {0, 1, 3, 4, 6}, corner=False) == {2: (2, 3), 5: (5, 2)}


def test_a_name_that_reaches_over_two_columns_ends_the_group_above_it() -> None:
    cells = [
        GridCell(0, 0, "大企業", 3), GridCell(0, 1, "全産業", 1, 2), GridCell(0, 3, "更新"),
        GridCell(0, 4, "62"),
        GridCell(1, 2, "製造業"), GridCell(1, 3, "更新"), GridCell(1, 4, "63"),
        GridCell(2, 2, "非製造業"), GridCell(2, 3, "情報化"), GridCell(2, 4, "51"),
        GridCell(3, 0, "中堅企業", 1, 3), GridCell(3, 3, "情報化"), GridCell(3, 4, "49"),
        GridCell(4, 0, "中小企業", 1, 3), GridCell(4, 3, "更新"), GridCell(4, 4, "53"),
    ]  # fmt: skip
    tall = {cell.text: cell.row_span for cell in with_headers(cells) if cell.row_span > 1}
    assert tall == {"大企業": 3}


def test_bold_decides_where_words_do_not() -> None:
    assert names(grid("赤|青\n紅|藍")) == ["赤", "紅"]
    assert names(grid("赤|青\n紅|藍", strong_rows=1)) == ["赤", "青", "紅"]
    assert names(grid("赤|青\n紅|藍", strong_rows=2)) == ["赤", "紅"]


def test_what_the_file_says_stays() -> None:
    cells = grid("10|20\na|b")
    assert names([replace(cell, header=cell.row == 0) for cell in cells]) == ["10", "20", "a"]
    assert names([replace(cell, header=cell.column == 0) for cell in cells]) == ["10", "a"]


@pytest.mark.parametrize(
    "text", ["120,000円", "¥1,200", "12.5%", "-3", "△1,234", "2024-04-01", "令和6年4月1日", "4/1", "10:30",
             "3〜5日", "a@b.jp", "○", "×", "―", "045-000-1111", "1,000円/月", "100千円"],
)  # fmt: skip
def test_values(text: str) -> None:
    assert is_value(text) and not names_something(text)


@pytest.mark.parametrize(
    "text", ["2024年度", "令和6年度", "4月", "第1四半期", "Q3", "上期", "月曜日", "3年目", "単価(円)", "A-12"]
)
def test_names(text: str) -> None:
    assert names_something(text)


@given(
    st.lists(
        st.builds(
            GridCell, st.integers(0, 6), st.integers(0, 6), st.sampled_from(["a", "1", "2024年度", "品名"]),
            st.integers(1, 4), st.integers(1, 4),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_settled_cells_never_overlap_and_none_is_lost(cells: list[GridCell]) -> None:
    found = settled(cells)
    taken = [
        (row, column)
        for cell in found
        for row in range(cell.row, cell.row + cell.row_span)
        for column in range(cell.column, cell.column + cell.column_span)
    ]
    assert len(set(taken)) == len(taken)
    first: dict[tuple[int, int], str] = {}
    for cell in sorted(cells, key=lambda cell: (cell.row, cell.column)):
        first.setdefault((cell.row, cell.column), cell.text)
    assert [cell.text for cell in found] == list(first.values())
    judged = with_headers(cells)
    assert [cell.text for cell in judged] == [cell.text for cell in found]
