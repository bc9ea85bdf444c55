"""Personal data that a document says outside of its text, and what repeats the text there."""

from __future__ import annotations

import pytest

from ingestion.documents import Cell, Document, Heading, Page, Table, TableCell
from ingestion.examining import Examined, RefusedError, examine
from ingestion.screening.policy import Policy

NAME = "山田花子"
TEXT = "区分 日数\n"
MASK = Policy("mask")


def made(
    text: str = TEXT, *, title: str | None = None, author: str = "", caption: str | None = None,
    sheet: str | None = None, label: str | None = None,
) -> Document:  # fmt: skip
    cell = TableCell(0, 0, 0, 2, locator=f"{sheet}!A1" if sheet else None)
    return Document(
        text, "xlsx", (Page(1, 0, len(text), label, sheet),), title=title,
        properties={"author": author} if author else {}, tables=(Table(0, 5, (cell,), caption),),
        cells=(Cell(0, 2, f"{sheet}!A1"),) if sheet else (),
        headings=(Heading(1, 0, 0, sheet),) if sheet else (),
    )  # fmt: skip


def masked(document: Document, title: str = "x") -> Examined:
    return examine(document, document.title or title, "x.txt", MASK)


@pytest.mark.parametrize("where", ["title", "author", "caption", "sheet", "label"])
def test_what_stands_beside_the_text_counts_for_mask_and_refuse(where: str) -> None:
    document = made(**{where: NAME})
    found = masked(document)
    assert found.masked and [(one.type, one.start, one.end) for one in found.findings] == [("PERSON", 0, 0)]
    assert NAME not in repr(found.document) and NAME not in found.title
    with pytest.raises(RefusedError, match="1 PERSON"):
        examine(document, "x", "x.txt", Policy("refuse"))


def test_what_the_text_says_too_is_found_once() -> None:
    (found,) = masked(made(f"連絡先は{NAME}です。", title=NAME)).findings
    assert (found.start, found.end) == (4, 8)


def test_the_name_of_a_file_is_masked_but_is_not_what_the_file_holds() -> None:
    found = masked(made(), NAME)
    assert found.title == "■■■■" and not found.masked


@pytest.mark.parametrize(
    ("text", "title", "left"),
    [
        ("社員番号: A123456\n", "A123456 評価", " 評価"),
        ("担当者：五百旗頭真\n", "五百旗頭真の評価", "の評価"),
        ("氏名: 月見里 静\n", "月見里静 診断書", " 診断書"),
        ("カード番号 4111 1111 1111 1111\n", "4111-1111-1111-1111の件", "の件"),
        ("口座番号 1234567\n", "普通1234567の件", "普通の件"),
    ],
)
def test_titles_lose_what_the_text_shows_to_be_personal(text: str, title: str, left: str) -> None:
    found = masked(made(text, title=title))
    assert found.title.replace("■", "") == left == str(found.document.title).replace("■", "")
    assert len(found.title) == len(title)
    # A title from the file's name is cleaned no less.
    assert masked(made(text), title).title == found.title


def test_a_sheet_s_name_is_masked_behind_an_exclamation_mark_too() -> None:
    found = masked(made(sheet="連絡先!03-3581-4111")).document
    assert [page.locator for page in found.pages] == ["連絡先!■■■■■■■■■■■■"]
    assert [cell.locator for cell in found.cells] == ["連絡先!■■■■■■■■■■■■!A1"]
