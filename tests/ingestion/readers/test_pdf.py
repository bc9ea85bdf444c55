from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pypdfium2
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.readers.pdf import looks_garbled
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf


def write(
    tmp_path: Path, *pages: PageSpec, outline: list[tuple[str, int]] | None = None, labels: str = ""
) -> Path:
    path = tmp_path / "a.pdf"
    path.write_bytes(write_pdf(list(pages), outline=outline, labels=labels))
    return path


def lines(*texts: str, x: float = 72, size: float = 12) -> PageSpec:
    return PageSpec([TextAt(x, 760 - 18 * i, text, size) for i, text in enumerate(texts)])


def test_pages_are_slices_in_order(tmp_path: Path) -> None:
    document = read(write(tmp_path, lines("一枚目である。"), lines("二枚目である。")))
    assert document.paged
    assert [(p.number, document.text[p.start : p.end].strip()) for p in document.pages] == [
        (1, "一枚目である。"),
        (2, "二枚目である。"),
    ]


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (
            ["従業員は、年次有給休暇を取得しようとするときは、届け", "出なければならない。次の文。"],
            "届け出なければ",
        ),
        (
            ["第二章勤務時間", "従業員の勤務時間は一日八時間とし、休憩を除くものとする。"],
            "第二章勤務時間\n従業員",
        ),
        (
            ["次の各号のいずれかに該当するときは、休暇とする", "(1)本人が結婚するとき", "(2)忌引"],
            "とする\n(1)本人",
        ),
        (["休暇の日数は次の表のとおりとする。", "年数は一年とする。"], "とする。\n年数"),
        (["合計金額一覧表二千二十三年度123456", "789"], "123456\n789"),
        (["就　業　規　則", "本文である。"], "就業規則\n"),
        (["目　次", "本文である。"], "目次\n"),
    ],
)
def test_line_breaks_inside_a_sentence_are_taken_out(tmp_path: Path, printed: list[str], text: str) -> None:
    assert text in read(write(tmp_path, lines(*printed))).text


def test_a_short_line_above_a_longer_one_is_no_wrapped_line(tmp_path: Path) -> None:
    page = lines("労働時間および休憩の規定", "この規定は従業員の労働時間および休憩時間について定めるもの")
    assert "規定\nこの規定" in read(write(tmp_path, page)).text


def test_a_bullet_of_another_size_does_not_break_its_sentence(tmp_path: Path) -> None:
    page = PageSpec(
        [TextAt(60, 702, "●", 8), TextAt(72, 700, "移動通信は、昭和に第一世代のサービスが開始さ", 12)]
    )
    page.texts.append(TextAt(72, 682, "れた後、進化が続いている。", 12))
    assert "開始された後" in read(write(tmp_path, page)).text


def test_a_paragraph_in_large_letters_is_no_heading(tmp_path: Path) -> None:
    large = ["大きな字で書かれた段落の文がここから始まり次の行に続", "いてここまで続く文末のない文"]
    page = PageSpec([TextAt(50, 760 - 24 * i, text, 16) for i, text in enumerate(large)])
    page.texts.append(TextAt(72, 600, "本文は小さな字で書かれている。" * 5, 6))
    assert read(write(tmp_path, page)).headings == ()


def test_columns_side_by_side_are_not_joined(tmp_path: Path) -> None:
    page = PageSpec(
        [
            TextAt(60, 700, "左の段の長い文章はここで終わら", 10),
            TextAt(330, 760, "右の段の文章の始まりである", 10),
        ]
    )
    assert "終わら\n右の" in read(write(tmp_path, page)).text


def test_origins_are_characters_of_the_page(tmp_path: Path) -> None:
    path = write(
        tmp_path, lines("従業員は、年次有給休暇を取得しようとするときは、届け", "出なければならない。")
    )
    document = read(path)
    pdf = pypdfium2.PdfDocument(path)
    raw = pdf[0].get_textpage().get_text_range()
    pdf.close()
    assert document.origins is not None
    for character, origin in zip(document.text, document.origins, strict=True):
        assert character == "\n" if origin < 0 else raw[origin] == character


def test_labels_outline_and_title(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        lines("表紙である。"),
        lines("第一章　総則", "本文である。"),
        lines("本文の続き。"),
        outline=[("第一章 総則", 1), ("印刷されていない題", 2)],
        labels="0 <</S/r>> 2 <</S/D/St 5>>",
    )
    document = read(path)
    assert [page.label for page in document.pages] == ["i", "ii", "5"]
    assert [(h.level, h.title, document.text[h.start : h.end]) for h in document.headings] == [
        (1, "第一章 総則", "第一章 総則"),
        (1, "印刷されていない題", ""),
    ]
    assert document.page_at(document.headings[1].start) == document.pages[2]


def test_broken_names_do_not_cost_the_text(tmp_path: Path) -> None:
    """Half a surrogate pair, as programs leave that cut titles at a length."""
    page = lines("第1章", "本文である。")
    content = write_pdf([page, page], outline=[("XX", 0), ("第1章", 1)], labels="0<</P<FEFFD8000041>/S/D>>")
    (tmp_path / "a.pdf").write_bytes(content.replace(b"00580058", b"d8000058"))
    writer = PdfWriter(clone_from=tmp_path / "a.pdf")
    writer.add_metadata({"/Title": "XYZW", "/Author": "総務部"})
    writer.write(tmp_path / "b.pdf")
    path = tmp_path / "c.pdf"
    path.write_bytes((tmp_path / "b.pdf").read_bytes().replace(b"(XYZW)", b"<FEFFD800>"))
    document = read(path)
    assert document.text.count("本文である。") == 2
    assert (document.title, document.properties) == (None, {"author": "総務部"})
    assert [heading.title for heading in document.headings] == ["第1章"]
    assert [page.label for page in document.pages] == [None, None]


def test_large_short_lines_are_headings_without_an_outline(tmp_path: Path) -> None:
    page = PageSpec(
        [TextAt(72, 760, "製品の取扱い", 20), TextAt(72, 700, "本文は小さな字で書かれている。" * 2, 10)]
    )
    document = read(write(tmp_path, page))
    assert [(h.title, document.text[h.start : h.end]) for h in document.headings] == [
        ("製品の取扱い", "製品の取扱い")
    ]


def test_a_page_without_text_is_named(tmp_path: Path) -> None:
    document = read(write(tmp_path, lines("一枚目。"), PageSpec(), lines("三枚目。"), PageSpec(), PageSpec()))
    assert document.warnings == ("pages 2, 4-5 have no text layer",)
    assert len(document.pages) == 5


def test_a_page_whose_text_cannot_be_loaded_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, lines("一頁目。"), lines("二頁目。"), lines("三頁目。"))
    load, loaded = pypdfium2.PdfPage.get_textpage, []

    def fail_second(page: pypdfium2.PdfPage) -> object:
        loaded.append(page)
        if len(loaded) == 2:
            raise pypdfium2.PdfiumError("Failed to load text page.")
        return load(page)

    monkeypatch.setattr(pypdfium2.PdfPage, "get_textpage", fail_second)
    document = read(path)
    assert document.text.split() == ["一頁目。", "三頁目。"]
    assert document.warnings == ("page 2 cannot be loaded",)


def test_a_pdf_of_pictures_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no text layer"):
        read(write(tmp_path, PageSpec(), PageSpec()))


def encrypted(tmp_path: Path, user_password: str) -> Path:
    writer = PdfWriter(clone_from=PdfReader(write(tmp_path, lines("秘密の文書である。"))))
    writer.encrypt(user_password, "owner", algorithm="AES-256")
    path = tmp_path / "locked.pdf"
    writer.write(path)
    return path


def test_a_locked_pdf_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"encrypted \(256-bit AES\) and opens only with a password"):
        read(encrypted(tmp_path, "secret"))


def test_a_pdf_that_only_forbids_changes_is_read(tmp_path: Path) -> None:
    assert "秘密の文書である。" in read(encrypted(tmp_path, "")).text


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnothing", b"hello", b"%PDF-1.4\n" + b"\xff" * 500])
def test_damaged_files_have_a_reason(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    with pytest.raises(ReadError, match="damaged"):
        read(path)


def test_values_in_form_fields_are_text(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(write(tmp_path, lines("申請書"))))
    field = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Tx"),
            NameObject("/T"): TextStringObject("氏名"),
            NameObject("/V"): TextStringObject("山田太郎"),
            NameObject("/Rect"): ArrayObject([NumberObject(n) for n in (0, 0, 10, 10)]),
        }
    )
    reference = writer._add_object(field)
    writer.pages[0][NameObject("/Annots")] = ArrayObject([reference])
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([reference])})
    writer.root_object[NameObject("/AcroForm")] = form
    path = tmp_path / "form.pdf"
    writer.write(path)
    document = read(path)
    assert "氏名: 山田太郎" in document.text
    assert document.origins is not None
    assert document.origins[document.text.index("山田")] == -1


def test_form_fields_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(write(tmp_path, lines("申請書"))))
    writer.pages[0][NameObject("/Annots")] = ArrayObject([NumberObject(7)])
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject()})
    path = tmp_path / "form.pdf"
    writer.write(path)
    document = read(path)
    assert document.text.strip() == "申請書"
    assert [warning.split(" (")[0] for warning in document.warnings] == ["form fields could not be read"]


def test_garbled_text_is_noticed() -> None:
    assert looks_garbled("ϦϦʔε" * 10)
    assert looks_garbled("\ue001\ue002\ue003" * 10)
    assert not looks_garbled("リリースの手順を説明する。Release notes 1.0。" * 3)
    assert not looks_garbled("ภาษาไทยเป็นภาษาที่ใช้ในประเทศไทย انواع الخطوط العربية")


def open_objects() -> list[object]:
    """What of pdfium is open in this process, also what other tests left so."""
    gc.collect()
    kinds = (pypdfium2.PdfDocument, pypdfium2.PdfPage, pypdfium2.PdfTextPage)
    # By type: isinstance() asks `__class__`, and other libraries' lazy objects answer it with a warning.
    return [o for o in gc.get_objects() if issubclass(type(o), kinds) and o.raw is not None]


def test_nothing_of_pdfium_stays_open(tmp_path: Path) -> None:
    path = write(tmp_path, *[lines("頁である。")] * 5, outline=[("頁", 1)])
    before = open_objects()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            read(path)
    assert [o for o in open_objects() if not any(o is other for other in before)] == []
