"""Text, Markdown, CSV and HTML."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ingestion.errors import ReadError
from ingestion.readers import READERS, read, supported
from ingestion.readers.csv import column_name, sniff_delimiter


def write(tmp_path: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def test_text_keeps_a_map_to_the_decoded_characters(tmp_path: Path) -> None:
    raw = "ﾃﾞｰﾀの保存は㈱山田まで。\r\n"
    document = read(write(tmp_path, "a.txt", raw, "cp932"))
    assert document.text == "データの保存は(株)山田まで。\n"
    assert document.properties == {"encoding": "cp932"}
    assert not document.paged
    assert document.origins is not None
    assert raw[document.origins[document.text.index("山")]] == "山"


def test_markdown_headings(tmp_path: Path) -> None:
    text = "---\ntitle: 規程集\n---\n# 総則 #\n本文\n```\n# コード\n```\n副題\n----\n"
    text += "| a | b |\n|---|---|\n## 1.2 範囲\n"
    document = read(write(tmp_path, "a.md", text))
    assert [(h.level, h.title) for h in document.headings] == [(1, "総則"), (2, "副題"), (2, "1.2 範囲")]
    assert document.title == "規程集"
    assert document.text == text


def test_csv_cells_have_names(tmp_path: Path) -> None:
    content = '品番,品名,単価\r\nA-1,"六角ボルト\r\nM8",120\r\nB-2,,95\r\n'
    document = read(write(tmp_path, "a.csv", content, "cp932"))
    assert document.text == "品番 | 品名 | 単価\nA-1 | 六角ボルト M8 | 120\nB-2 |  | 95\n"
    cells = {cell.locator: document.text[cell.start : cell.end] for cell in document.cells}
    assert cells == {
        **{"A1": "品番", "B1": "品名", "C1": "単価"},
        **{"A2": "A-1", "B2": "六角ボルト M8", "C2": "120", "A3": "B-2", "C3": "95"},
    }
    (table,) = document.tables
    named = [document.text[c.start : c.end] for c in table.cells if c.header]
    assert named == ["品番", "品名", "単価", "A-1", "B-2"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters(delimiter: str) -> None:
    rows = [["名", "値段、税込", "備考"], ["a", "1", "x y"], ["b", "2", ""]]
    assert sniff_delimiter("\n".join(delimiter.join(row) for row in rows)) == delimiter


@pytest.mark.parametrize(
    ("field", "text"), [('5" pipe', '5" pipe'), ('"5', '"5'), ('"5" pipe', "5 pipe"), ('"5""', '"5""')]
)
def test_a_stray_quote_does_not_swallow_rows(tmp_path: Path, field: str, text: str) -> None:
    document = read(write(tmp_path, "a.csv", f"a,b\n1,{field}\n2,x\n"))
    assert document.text == f"a | b\n1 | {text}\n2 | x\n"


def test_numbers_are_no_header(tmp_path: Path) -> None:
    (table,) = read(write(tmp_path, "a.csv", "10,2\n3,4.5\n")).tables
    assert not any(cell.header for cell in table.cells)


def test_columns_are_named_as_in_a_spreadsheet() -> None:
    assert [column_name(i) for i in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


PAGE = """<html><head><meta charset="{charset}"><title>規程 一覧</title><style>p {{}}</style></head><body>
<nav><a href="/">トップ</a></nav><script>alert("x")</script><div style="display:none">隠し</div>
<h1>就業<ruby>規則<rt>きそく</rt></ruby></h1><p>始業は<b>9時</b>です。<br>終業は18時です。</p>
<ul><li>本人</li><li>家族</li></ul><!-- 注 -->
<table><tr><th>年数</th><th>日数</th></tr><tr><td>1年</td><td>10<br>日</td></tr></table>
<footer>連絡先</footer></body></html>"""


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("Shift_JIS", "cp932"),
        ("euc-jp", "euc_jp"),
        ("iso-2022-jp", "iso2022_jp"),
        ("utf-8", "cp932"),
    ],
)
def test_html(tmp_path: Path, charset: str, encoding: str) -> None:
    document = read(write(tmp_path, "a.html", PAGE.format(charset=charset), encoding))
    assert document.text == (
        "就業規則\n始業は9時です。\n終業は18時です。\n・本人\n・家族\n\n年数 | 日数\n1年 | 10 日\n\n"
    )
    assert document.title == "規程 一覧"
    assert [(h.level, h.title) for h in document.headings] == [(1, "就業規則")]
    assert [(c.locator, document.text[c.start : c.end]) for c in document.cells][-2:] == [
        ("table 1 row 2", "1年"),
        ("table 1 row 2", "10 日"),
    ]


@pytest.mark.parametrize("suffix", sorted(READERS))
@pytest.mark.parametrize("content", [b"", b" \n", b"\x00\x01\x02\x03" * 50])
def test_files_without_text_have_a_reason(tmp_path: Path, suffix: str, content: bytes) -> None:
    with pytest.raises(ReadError) as error:
        read(write(tmp_path, f"a{suffix}", content))
    assert len(str(error.value)) > 10


def test_html_keeps_the_headings_of_a_banner_and_formulas(tmp_path: Path) -> None:
    page = (
        "<header role='banner'><a>入口</a><div><h1>就業規則</h1></div><nav><h2>案内</h2></nav></header>"
        "<p>残業代は<math><mi>x</mi><mo>=</mo><mfrac><mn>5</mn><mn>4</mn></mfrac><msup><mi>y</mi><mn>2</mn></msup>"
        "<annotation>x=</annotation></math>である。</p><table><tr><th>式</th><td><math><mn>3</mn></math></td></tr>"
        "</table>"
    )
    document = read(write(tmp_path, "a.html", page))
    assert document.text == "就業規則\n残業代はx=5/4y^2である。\n\n式 | 3\n\n"
    assert [heading.level for heading in document.headings] == [1]


def test_html_survives_cells_that_span_more_than_any_table(tmp_path: Path) -> None:
    """Spans without bound make hundreds of millions of places of thirty kilobytes."""
    cell = "<td colspan=1000 rowspan=1000>金</td>"
    rows = f"<tr>{cell * 3}</tr>" * 300
    begun = time.perf_counter()
    document = read(write(tmp_path, "a.html", f"<table>{rows}<tr><td>終わり</td></tr></table>"))
    assert document.text.count("金") == 900 and "終わり" in document.text
    assert time.perf_counter() - begun < 30


def test_html_leaves_out_what_a_table_hides(tmp_path: Path) -> None:
    rows = "<tr><td>等級<span hidden>旧</span></td><td style='display:none'>秘</td><td>給与</td></tr>"
    rows += "<tr hidden><td>没</td></tr><tr><td>1</td><td>2</td></tr>"
    document = read(write(tmp_path, "a.html", f"<h2>表<i aria-hidden='true'>★</i></h2><table>{rows}</table>"))
    assert document.text.split("\n") == ["表", "", "等級 |  | 給与", "1 | 2", "", ""]


def test_unknown_kinds_and_lost_files(tmp_path: Path) -> None:
    assert supported(Path("A.PDF"))
    assert not supported(Path("a.exe"))
    with pytest.raises(ReadError, match=r"\.exe are not supported"):
        read(write(tmp_path, "a.exe", b"x"))
    with pytest.raises(ReadError, match="gone"):
        read(tmp_path / "none.txt")
