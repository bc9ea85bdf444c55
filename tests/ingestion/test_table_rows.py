"""Pieces of tables: cut between rows, read with the names of their columns, and kept so by the library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_fakes import World

from ingestion.chunking import chunk_document, find_headings
from ingestion.contextual import contextual_text, embedding_text
from ingestion.documents import Document, Page, RowCell, Table, TableCell, TableRow
from ingestion.readers import read
from ingestion.readers.building import DocumentBuilder
from ingestion.row_packing import pack_rows, unpack_rows
from ingestion.table_grid import GridCell
from ingestion.table_rows import TableFinder, read_tables

NAMES = ("品番", "品名", "単価", "備考")


def price_list(count: int, *, note: str = "在庫あり。翌日に出荷する。") -> Document:
    builder = DocumentBuilder("docx")
    builder.line("部品の価格は次の表による。")
    builder.line("価格表")
    rows = [NAMES, *((f"P-{n:03}", f"部品{n}", f"{n * 10}円", note) for n in range(1, count + 1))]
    builder.table(
        [GridCell(row, column, text) for row, cells in enumerate(rows) for column, text in enumerate(cells)],
        caption="価格表",
    )
    builder.line("価格は税別である。")
    return builder.build()


def cell_texts(document: Document, row: TableRow) -> list[tuple[str, str]]:
    return [(cell.label, document.text[cell.start : cell.end]) for cell in row.cells]


def test_a_long_table_is_cut_between_rows_and_keeps_its_names() -> None:
    document = price_list(100)
    chunks = chunk_document(document, target=200, maximum=300)
    lines = set(document.text.split("\n"))
    assert all(document.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert all(set(chunk.text.split("\n")) <= lines for chunk in chunks)
    inner = [chunk for chunk in chunks if chunk.text.startswith("P-")]
    assert len(inner) > 5
    assert {chunk.context for chunk in inner} == {"価格表\n品番 | 品名 | 単価 | 備考"}
    assert chunks[0].context == ""
    found = [row for chunk in chunks for row in chunk.rows if not row.header]
    assert [cell_texts(document, row)[:3] for row in found] == [
        [("品番", f"P-{n:03}"), ("品名", f"部品{n}"), ("単価", f"{n * 10}円")] for n in range(1, 101)
    ]


def test_context_stands_in_front_for_both_searches() -> None:
    document = price_list(100)
    chunk = chunk_document(document, target=200, maximum=300)[-2]
    text = "題\n価格表\n品番 | 品名 | 単価 | 備考\n" + chunk.text
    assert embedding_text("題", chunk.text, chunk.context) == text
    assert contextual_text("題", ("見出し",), chunk.text, chunk.context) == text.replace(
        "題", "題\n見出し", 1
    )


def test_the_parts_of_a_row_that_is_too_long_know_what_they_belong_to() -> None:
    document = price_list(2, note="注意事項を読むこと。" * 40)
    chunks = chunk_document(document, target=100, maximum=150)
    assert all(document.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    part = next(chunk for chunk in chunks if chunk.text.startswith("注意") and "P-" not in chunk.text)
    (row,) = part.rows
    assert row.lead == ("品番: P-001",)
    assert [cell.label for cell in row.cells] == ["備考"]
    assert (row.start, row.end) == (part.start, part.end)


TEXTS = st.sampled_from(["品番", "12,000円", "部品", "あ" * 30, "2024年度", "3", "1.2 範囲"])


@given(
    st.lists(
        st.one_of(
            st.just("規程を定める。従業員に適用する。"),
            st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), TEXTS), min_size=1, max_size=14),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([(50, 60), (400, 600), (20, 200)]),
)
def test_no_character_is_lost_and_rows_are_slices(parts: list[object], sizes: tuple[int, int]) -> None:
    builder = DocumentBuilder("docx")
    for part in parts:
        if isinstance(part, str):
            builder.line(part)
        elif isinstance(part, list):
            builder.table(GridCell(row, column, text) for row, column, text in part)
    document = builder.build()
    chunks = chunk_document(document, target=sizes[0], maximum=sizes[1])
    assert all(document.text[c.start : c.end] == c.text for c in chunks)
    assert all(a.end <= b.start for a, b in pairwise(chunks))
    assert all(len(c.text) <= sizes[1] for c in chunks)
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(document.text.split())
    for chunk in chunks:
        for row in chunk.rows:
            assert chunk.start <= row.start < row.end <= chunk.end
            assert all(row.start <= cell.start < cell.end <= row.end for cell in row.cells)
    read = sorted({(cell.start, cell.end) for c in chunks for row in c.rows for cell in row.cells})
    if sizes[1] >= 200:  # else long rows are cut inside of their cells
        assert read == sorted((cell.start, cell.end) for table in document.tables for cell in table.cells)


def test_what_looks_like_a_title_in_a_cell_is_none() -> None:
    builder = DocumentBuilder("docx")
    builder.table(GridCell(row, 0, f"{row}.1 範囲") for row in range(3))
    builder.line("2.1 対象")
    document = builder.build()
    assert [heading.title for heading in find_headings(document)] == ["2.1 対象"]


ROWS = st.builds(
    TableRow,
    st.integers(0, 10**6), st.integers(0, 10**6),
    st.lists(
        st.builds(
            RowCell, st.integers(0, 10**6), st.integers(0, 10**6), st.text(max_size=5), st.booleans(),
            st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=5)),
        ),
        max_size=4,
    ).map(tuple),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=2).map(tuple),
    st.booleans(),
)  # fmt: skip


@given(st.lists(ROWS, max_size=4).map(tuple), st.integers(0, 1000))
def test_packed_rows_come_back(rows: tuple[TableRow, ...], start: int) -> None:
    try:
        "".join(cell.label for row in rows for cell in row.cells).encode()
    except UnicodeEncodeError:
        return  # half characters never reach the library
    assert unpack_rows(pack_rows(rows, start), start) == rows


MARKDOWN = """# 会費

| 会員種別 | 2023年度 | 2024年度 |
|:---|---:|---:|
| 法人 | 100,000円 | **120,000円** |
| 個人 \\| 学生 | 10,000円 | |
本文は続く。

```
| 例 | 値 |
|---|---|
| a | 1 |
```

品名 | 価格
--- | ---
ボルト | 10円
"""


def test_tables_of_markdown_are_found_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(MARKDOWN, "utf-8")
    document = read(path)
    assert document.text == MARKDOWN
    tables = read_tables(document)
    assert [[cell_texts(document, row) for row in table.rows if not row.header] for table in tables] == [
        [
            [("会員種別", "法人"), ("2023年度", "100,000円"), ("2024年度", "**120,000円**")],
            [("会員種別", "個人 \\| 学生"), ("2023年度", "10,000円")],
        ],
        [[("品名", "ボルト"), ("価格", "10円")]],
    ]
    assert document.tables[0].cells[-1].locator == "table 1 row 3"


def flat(text: str, *tables: Table) -> Document:
    return Document(text, "pdf", (Page(1, 0, len(text)),), paged=True, tables=tables)


def cell(text: str, part: str, row: int, column: int, header: bool = False) -> TableCell:
    start = text.index(part)
    return TableCell(row, column, start, start + len(part), header=header)


def test_a_table_that_names_no_headers_is_judged() -> None:
    text = "品名 価格\nボルト 10円\nナット 20円\n"
    parts = [
        ("品名", 0, 0),
        ("価格", 0, 1),
        ("ボルト", 1, 0),
        ("10円", 1, 1),
        ("ナット", 2, 0),
        ("20円", 2, 1),
    ]
    table = Table(0, len(text), tuple(cell(text, part, row, column) for part, row, column in parts))
    (found,) = read_tables(flat(text, table))
    assert [cell_texts(flat(text), row) for row in found.rows if not row.header] == [
        [("品名", "ボルト"), ("価格", "10円")], [("品名", "ナット"), ("価格", "20円")]
    ]  # fmt: skip


def test_rows_that_run_into_one_another_are_left_out() -> None:
    text = "甲 丙 乙 丁\n品名 価格\n"
    places = (("甲", 0, 0), ("乙", 0, 1), ("丙", 1, 0), ("丁", 1, 1))
    crossed = Table(0, 7, tuple(cell(text, *place) for place in places))
    assert read_tables(flat(text, crossed)) == []
    chunks = chunk_document(flat(text, crossed), target=400, maximum=600)
    assert [chunk.text for chunk in chunks] == [text.strip()]


def test_a_masked_caption_is_not_told() -> None:
    document = price_list(60)
    masked = document.text.replace("価格表", "■■■")
    hidden = Document(masked, "docx", document.pages, tables=document.tables)
    chunk = chunk_document(hidden, target=200, maximum=300)[2]
    assert "価格表" not in chunk.context and "品番" in chunk.context


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_rows_and_context_survive_the_library_and_are_searched(world: World) -> None:
    document = price_list(100)
    world.write("prices.docx", "x")
    world.ingest(parse=lambda path: document)
    (summary,) = world.library.documents_list()
    stored = world.library.document(summary.id)
    assert stored is not None
    expected = chunk_document(document, target=400, maximum=600)
    assert [(c.context, c.rows) for c in stored.chunks] == [(c.context, c.rows) for c in expected]
    assert stored.document.tables == document.tables
    rows = [row for row, _ in world.indexes.lexical("部品99の単価", 1)]
    (hit,) = world.library.chunks_by_row(rows).values()
    assert "部品99" in hit.text and "単価" not in hit.text and "単価" in hit.context
    assert hit.rows == next(c.rows for c in expected if c.start == hit.start)
    assert any("単価" in text and "部品99" in text for text in world.embedder.texts)


def test_a_large_sheet_keeps_every_row() -> None:
    builder = DocumentBuilder("xlsx", paged=True)
    builder.open_page("大")
    builder.table(
        GridCell(
            row, column, f"値{row}-{column}" if row else f"列{column}", strong=not row, locator=f"大!A{row}"
        )
        for row in range(5_000)
        for column in range(8)
    )
    builder.close_page()
    document = builder.build()
    chunks = chunk_document(document, target=400, maximum=600)
    rows = [row for chunk in chunks for row in chunk.rows]
    assert len(rows) == 5_000
    assert TableFinder(document).tables[0].names == tuple(f"列{column}" for column in range(8))
