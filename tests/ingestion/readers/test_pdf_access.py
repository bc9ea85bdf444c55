"""Locked and damaged PDF files, files inside of them, and pages whose fonts tell wrong characters."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.readers.pdf import looks_garbled
from ingestion.reading import ReadOptions
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf

PAGES = ["一枚目の文である。", "二枚目の文である。"]


def plain() -> bytes:
    return write_pdf([PageSpec([TextAt(72, 700, text)]) for text in PAGES])


def read_bytes(tmp_path: Path, content: bytes, *passwords: str) -> Document:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    return read(path, ReadOptions(passwords=passwords, ocr="off"))


def locked(tmp_path: Path, algorithm: str, password: str = "ひみつ") -> bytes:
    path = tmp_path / "open.pdf"
    path.write_bytes(plain())
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt(password, "owner", algorithm=algorithm)
    writer.write(tmp_path / "locked.pdf")
    return (tmp_path / "locked.pdf").read_bytes()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_one_of_the_passwords_opens_the_file(tmp_path: Path, algorithm: str) -> None:
    content = locked(tmp_path, algorithm, "himitsu")
    assert read_bytes(tmp_path, content, "falsch", "himitsu").text.split() == PAGES


def test_a_japanese_password(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, locked(tmp_path, "AES-256"), "ひみつ").text.split() == PAGES


def test_passwords_that_do_not_fit_are_counted_and_not_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"AES.* None of the 2 configured passwords opens it") as raised:
        read_bytes(tmp_path, locked(tmp_path, "AES-256"), "falsch", "verkehrt")
    assert "falsch" not in str(raised.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"x" * 5000 + content,
        lambda content: content.replace(b"%PDF-1.7", b"%XXX-1.7"),
        lambda content: content[: content.index(b"xref")],
        lambda content: content[:-60],
        lambda content: content.replace(b"/Root 1 0 R", b"/Root 99 0 R"),
        lambda content: re.sub(rb"\n1 0 obj\n", b"\n1 0 obx\n", content),
    ],
    ids=["junk before", "no header", "no table of objects", "cut at the end", "wrong root", "broken object"],
)
def test_damaged_files_are_mended_where_their_pages_are_left(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    document = read_bytes(tmp_path, damage(plain()))
    assert document.text.split() == PAGES
    if document.warnings:
        assert document.warnings == ("the file is damaged and was mended for reading: parts may be missing",)


def test_of_a_file_cut_in_the_middle_the_first_page_is_left(tmp_path: Path) -> None:
    content = plain()
    last = content.rindex(b"/Type/Page/")
    document = read_bytes(tmp_path, content[:last])
    assert document.text.split() == PAGES[:1]
    assert "mended" in document.warnings[0]


def test_attached_files_are_members(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(plain())))
    writer.add_attachment("見積書.txt", "金額は百万円".encode())
    writer.add_attachment("b.csv", b"a,b")
    writer.write(tmp_path / "with.pdf")
    document = read_bytes(tmp_path, (tmp_path / "with.pdf").read_bytes())
    assert sorted(document.members) == ["b.csv", "見積書.txt"]
    assert document.warnings == ()


def test_hyphens_between_lines(tmp_path: Path) -> None:
    lines = ["systems and their develop-", "ment for long years. A well-", "Known thing."]
    page = PageSpec([TextAt(72, 700 - 16 * i, text, 10) for i, text in enumerate(lines)])
    text = read_bytes(tmp_path, write_pdf([page])).text
    assert text.split() == [
        "systems",
        "and",
        "their",
        "development",
        "for",
        "long",
        "years.",
        "A",
        "well-",
        "Known",
        "thing.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "þj_V_öí¿ÿ=ÏýÖúü̧ñÏ1èÿ0bowju00000000002÷ÿ0[þj",
        "ñÏ1ÿ.óut~ÿu÷v1ßut{ttvWkv1ërÿÛsß÷xtsÿ÷~ut{ttvßkÞux",
    ],
)
def test_bytes_of_japanese_taken_for_latin_are_noticed(text: str) -> None:
    assert looks_garbled(text)


@pytest.mark.parametrize(
    "text",
    [
        "Désordres de l’équilibre acide-basique : l’élévation de la créatinine à l’arrivée a été notée. " * 3,
        "Cộng hòa xã hội chủ nghĩa Việt Nam độc lập tự do hạnh phúc điều lệ công ty. " * 3,
        "Größe, Maße, Übermaß und Füße der Gäste würden überprüft; Äpfel, Öl, Süßes. " * 3,
        "目次 はじめに・・・・・・・・・・・・・・・・・・・・・・・・・・1 第一章 ·······················2",
        "25℃±2℃、±0.5%、§3、¶、©2024 山田製作所 ®登録商標、×1.5、÷2",
    ],
)
def test_other_languages_and_signs_are_not_garbled(text: str) -> None:
    assert not looks_garbled(text)


def test_a_garbled_page_is_told_where_nothing_reads_its_picture(tmp_path: Path) -> None:
    page = PageSpec([TextAt(40, 700, "þjöí¿ÿÏýÖúüñÏèÿðß÷ëþûùøÞÐ", 8)])
    document = read_bytes(tmp_path, write_pdf([page]))
    assert document.warnings == ("the text of page 1 looks garbled: the fonts name their characters wrongly",)
