"""RTF, EPUB, XML, JSON, locked Office files, and what stands beside the text of Office files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import msoffcrypto
import openpyxl
import pptx
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl.comments import Comment
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Cm

from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.reading import ReadOptions

EPUB_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
EPUB_PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
    "<dc:title>作業の手引き</dc:title><dc:creator>製造部</dc:creator></metadata><manifest>"
    '<item id="b" href="b%20two.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="c" href="gone.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>'
)


def write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (rb"{\rtf1\ansi\ansicpg932 \'93\'fa\'96\'7b\par}", "日本\n"),  # the document's code page
        (
            rb"{\rtf1\ansi{\fonttbl{\f1\fcharset128 MS;}}\f1 \'83e\'83X\par}",
            "テス\n",
        ),  # second bytes as letters
        (rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f0 caf\'e9 \f1\'cc\par}", "café М\n"),
        (rb"{\rtf1\uc1 \u26085?\u26412?\u-10179?\u-9014? {\uc0\u8364}\par}", "日本📊 €\n"),
        (rb"{\rtf1 a{\v hidden}b{\deleted gone}c{\*\unknown x}{\pict 00ff}\par}", "abc\n"),
        (rb"{\rtf1 x{\field{\*\fldinst HYPERLINK \"http://a\"}{\fldrslt link}}\line y\par}", "xlink\ny\n"),
        (rb"{\rtf1 text{\footnote note}\par after\par}", "text\nafter\nnote\n"),
        (rb"{\rtf1 \bin3 }{\\ \{a\}\~b\par}", "{a} b\n"),
    ],
)
def test_rtf(source: bytes, expected: str, tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.rtf", source)).text == expected


def test_epub_chapters_in_the_order_of_the_spine(tmp_path: Path) -> None:
    path = tmp_path / "a.epub"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("META-INF/container.xml", EPUB_CONTAINER)
        book.writestr("OEBPS/book.opf", EPUB_PACKAGE)
        book.writestr("OEBPS/b two.xhtml", "<html><body><h1>二章</h1><p>後の文</p></body></html>")
        book.writestr(
            "OEBPS/a.xhtml",
            "<html><body><h1>一章</h1><p><ruby>始<rt>はじ</rt></ruby>めの文</p></body></html>",
        )
    document = read(path)
    assert document.text == "一章\n始めの文\n\n二章\n後の文\n"
    assert (document.title, document.properties["author"]) == ("作業の手引き", "製造部")
    assert document.warnings == ("1 chapters that the book names are missing in the file",)


def test_xml_titles_sentences_records_and_attributes(tmp_path: Path) -> None:
    source = (
        "<Law><LawTitle>旅費規則</LawTitle><Article Num='1'><ArticleTitle>第一条</ArticleTitle>"
        "<Sentence>旅費は<Ruby>実<Rt>じつ</Rt></Ruby>費とする。</Sentence></Article>"
        "<items><item><name>ボルト</name><price>120</price></item>"
        "<item><name>ナット</name><price>80</price></item></items><unit value='円'/><note>税別</note></Law>"
    )
    for encoding in ("utf-8", "shift_jis", "utf-16"):
        data = f"<?xml version='1.0' encoding='{encoding}'?>{source}".encode(encoding)
        document = read(write(tmp_path, "a.xml", data))
        assert document.text == (
            "旅費規則\n\n第一条\n旅費は実費とする。\n\nname | price\nボルト | 120\nナット | 80\n\n"
            "unit: value 円\nnote: 税別\n"
        )
        assert [(found.level, found.title) for found in document.headings] == [(1, "旅費規則"), (2, "第一条")]
        assert "item[2]/price" in {cell.locator for cell in document.cells}


def test_a_workbook_in_xml_under_the_name_of_an_old_one(tmp_path: Path) -> None:
    source = (
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="売上"><Table>'
        "<Row><Cell><Data>店</Data></Cell><Cell><Data>額</Data></Cell></Row>"
        '<Row ss:Index="3"><Cell ss:Index="2"><Data>500</Data></Cell></Row></Table></Worksheet></Workbook>'
    )
    document = read(write(tmp_path, "a.xls", source))
    cells = {cell.locator: document.text[cell.start : cell.end] for cell in document.cells}
    assert cells == {"売上!A1": "店", "売上!B1": "額", "売上!B3": "500"}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.xls",
            "<html><body><table><tr><th>品名</th><th>単価</th></tr><tr><td>ナット</td><td>80</td></tr></table>",
            "ナット | 80",
        ),
        ("a.xls", "品名\t単価\nナット\t80\n", "ナット | 80"),
        ("a.doc", rb"{\rtf1\ansicpg932 \'96\'7b\par}", "本"),
        (
            "a.json",
            '{"会社": {"名": "甲社", "人数": 12.50, "空": null}, "印": [1, 2]}',
            "会社.名: 甲社\n会社.人数: 12.50\n印: 1, 2",
        ),
        ("a.json", '[{"品": "ナット", "円": 80}, {"品": "座金"}]', "品 | 円\nナット | 80\n座金"),
        ("a.json", '{"a": 1, "a": 2}', "a: 1\na (2): 2"),
        (
            "a.jsonl",
            '{"問": "何か", "答": {"文": "これ"}}\n\n{"問": "誰か", "答": {"文": "私"}}\n',
            "問: 何か\n答.文: これ\n\n問: 誰か\n答.文: 私",
        ),
    ],
)
def test_small_files(name: str, content: str | bytes, expected: str, tmp_path: Path) -> None:
    assert expected in read(write(tmp_path, name, content)).text


def test_lines_that_are_no_json_are_named(tmp_path: Path) -> None:
    document = read(write(tmp_path, "a.jsonl", '{"a": 1}\nno\n{"a": 2}\n{"b"\n'))
    assert document.warnings == ("2 lines that are no JSON were left out: 2, 4",)
    with pytest.raises(ReadError, match="line 1, column 2"):
        read(write(tmp_path, "a.json", "{"))


def test_a_locked_file_opens_with_a_password_of_the_settings(tmp_path: Path) -> None:
    plain = io.BytesIO()
    word = docx.Document()
    word.add_paragraph("秘密の段落。")
    word.save(plain)
    path = tmp_path / "a.docx"
    with path.open("wb") as target:
        OOXMLFile(plain).encrypt("合言葉", target)
    with path.open("rb") as file:
        assert msoffcrypto.OfficeFile(file).is_encrypted()
    assert read(path, ReadOptions(passwords=("違う", "合言葉"))).text == "秘密の段落。\n"
    with pytest.raises(ReadError, match=r"not among those in the settings .there are 1."):
        read(path, ReadOptions(passwords=("違う",)))


def test_word_comments_hidden_text_headers_and_formulas(tmp_path: Path) -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("本文。")
    paragraph.add_run("見えない文。").font.hidden = True
    word.add_comment(paragraph.runs[0], text="要確認", author="佐藤")
    word.sections[0].header.paragraphs[0].text = "第3版"
    word.sections[0].footer.paragraphs[0].text = "- 1 -"
    path = tmp_path / "a.docx"
    word.save(str(path))
    document = read(path)
    assert document.text == "本文。\nComment (佐藤): 要確認\n"
    assert document.properties["header and footer"] == "第3版"
    assert document.warnings == ("hidden text was left out",)


def test_excel_formulas_without_value_far_columns_and_notes(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "表"
    sheet["A1"], sheet["XFD2"], sheet["B3"] = "左", "右端", "=A1&A1"
    sheet["A1"].comment = Comment("経理課:注意書き", "経理課")
    path = tmp_path / "a.xlsx"
    book.save(path)
    document = read(path)
    cells = {cell.locator: document.text[cell.start : cell.end] for cell in document.cells}
    assert cells == {"表!A1": "Comment (経理課, A1): 注意書き", "表!XFD2": "右端"} | {"表!A1": cells["表!A1"]}
    assert "左\n" in document.text
    assert document.warnings == (
        "1 formulas have no saved value and are missing: 表!B3. "
        "Open the workbook in Excel or LibreOffice and save it.",
    )


def test_a_chart_on_a_slide_is_a_table(tmp_path: Path) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    data = CategoryChartData()
    data.categories = ["2023年", "2024年"]
    data.add_series("売上", (100, 120.5))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(1), Cm(1), Cm(9), Cm(9), data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "売上の推移"
    path = tmp_path / "a.pptx"
    show.save(str(path))
    document = read(path)
    assert document.text.split() == ["売上の推移", "|", "売上", "2023年", "|", "100", "2024年", "|", "120.5"]
    (table,) = document.tables
    assert table.caption == "売上の推移"
