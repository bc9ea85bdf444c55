from __future__ import annotations

from pathlib import Path

import pytest

from assistant.evaluation.citations import (
    CheckedQuote,
    StoredQuote,
    check_all,
    check_quote,
    common_letters,
    figures,
    quotes_of,
)
from ingestion.documents import Document, Span
from ingestion.errors import ReadError
from ingestion.page_images import Box, PageImages
from ingestion.readers import read
from ingestion.settings import IngestionSettings
from tests.ingestion.pdf_writer import PageSpec, TextAt, write_pdf

RULE = "有給休暇は十日とする。"


class Printed:
    """Pages on which always the same is printed."""

    def __init__(self, text: str | None, error: str = "") -> None:
        self.text, self.error = text, error
        self.asked: list[tuple[str, Span]] = []

    def printed(self, document: str, span: Span) -> str | None:
        self.asked.append((document, span))
        if self.error:
            raise ReadError(self.error)
        return self.text


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "a.txt"
    path.write_text(f"前文。\n{RULE}\n", "utf-8")
    return read(path)


def stored(document: Document, quote: str = RULE, shift: int = 0) -> StoredQuote:
    start = document.text.index(RULE) + shift
    return StoredQuote("somewhere", "d", start, start + len(quote), quote)


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        ("ab", "ab", 1.0), ("ab", "ba", 1.0), ("ab", "cd", 0.0), ("", " \n", 1.0), ("a", "", 0.0),
        ("aab", "ab", 0.8),  # 2·2 of 3 + 2
        ("１０ 日", "10日", 1.0), ("商品 | 数量", "商品数量", 1.0),
    ],
)  # fmt: skip
def test_common_letters_by_hand(first: str, second: str, share: float) -> None:
    assert common_letters(first, second) == pytest.approx(share)


def test_a_quote_is_right_where_it_slices_and_is_printed(document: Document) -> None:
    pages = Printed(RULE)
    found = check_quote(stored(document), document, pages)
    assert (found.slices, found.overlap, found.wrong) == (True, 1.0, False)
    assert pages.asked == [("d", Span(found.stored.start, found.stored.end))]


def test_each_fault_is_told(document: Document) -> None:
    assert check_quote(stored(document, shift=1), document, Printed(RULE)) == CheckedQuote(
        stored(document, shift=1), False
    )
    elsewhere = check_quote(stored(document), document, Printed("ページ"))
    assert (elsewhere.overlap, elsewhere.wrong) == (0.0, True)
    unread = check_quote(stored(document), document, Printed(None, "the file has changed."))
    assert (unread.problem, unread.wrong) == ("the file has changed.", True)
    gone = check_quote(stored(document), None, Printed(RULE))
    assert (gone.slices, gone.wrong) == (None, False)
    checked = [check_quote(stored(document), document, Printed(RULE)), elsewhere, unread, gone]
    told = figures(checked)
    assert {name: told[name] for name in ("n", "gone", "slices", "printed", "boxes_right")} == {
        "n": 4, "gone": 1, "slices": 3, "printed": 2, "boxes_right": 1,
    }  # fmt: skip
    assert [one["overlap"] for one in told["wrong"]] == [0.0, None]


def test_every_document_is_read_once(document: Document) -> None:
    read_ids: list[str] = []

    def document_of(name: str) -> Document:
        read_ids.append(name)
        return document

    one = stored(document)
    quotes = [StoredQuote(str(n), name, one.start, one.end, RULE) for n, name in enumerate("abcabc")]
    steps: list[tuple[int, int]] = []
    found = check_all(quotes, document_of, Printed(None), lambda *step: steps.append(step))
    assert read_ids == ["a", "b", "c"]
    assert len(found) == 6 and steps[-1] == (6, 6)


def test_quotes_come_from_every_claim() -> None:
    citation = {"document": "d", "start": 1, "end": 3, "quote": "ab", "score": 1.0}
    claims = [{"text": "x", "citations": [citation, citation]}, {"text": "y"}]
    assert list(quotes_of("here", claims)) == [StoredQuote("here", "d", 1, 3, "ab")] * 2


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_page_tells_what_is_printed_in_a_box(tmp_path: Path, rotation: int) -> None:
    """Two columns: a box that reached over would tell the other one, too."""
    path = tmp_path / "a.pdf"
    page = PageSpec([TextAt(80, 300, RULE, 10), TextAt(240, 300, "別の段の文", 10)], rotation=rotation)
    path.write_bytes(write_pdf([page]))
    document = read(path)
    start = document.text.index("十日")
    pages = PageImages(IngestionSettings())
    try:
        boxes = pages.boxes(path, document, Span(start, start + 2))
        assert pages.printed_in(path, boxes) == "十日"
        moved = [Box(box.page, box.x0 + 2000, box.y0, box.x1 + 2000, box.y1) for box in boxes]
        assert pages.printed_in(path, moved) == ""
    finally:
        pages.close()
