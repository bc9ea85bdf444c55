"""Titles at the edges of pages that look like headers and page numbers, and are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_writer import PageSpec, TextAt, write_pdf

from ingestion.documents import Document
from ingestion.readers import read


def read_titled(folder: Path, titles: list[str], size: float, *, footer: str = "") -> Document:
    pages = [
        PageSpec(
            [
                TextAt(60, 790, title, size),
                *(TextAt(60, 700 - 20 * i, f"本文{page}の{i}行目で、次を定める。", 11) for i in range(4)),
                *([TextAt(280, 30, footer.format(page + 2), 9)] if footer else []),
            ]
        )
        for page, title in enumerate(titles, start=1)
    ]  # fmt: skip
    path = folder / "a.pdf"
    path.write_bytes(write_pdf(pages))
    return read(path)


TITLES = [
    ["1 目的", "2 適用範囲", "3 申請手続", "4 精算期限", "5 罰則"],
    ["別紙 1", "別紙 2", "別紙 3", "別紙 4"],
    ["様式第1号", "様式第2号", "様式第3号", "様式第4号"],
    ["Appendix 1", "Appendix 2", "Appendix 3"],
    ["売上高 2021", "売上高 2022", "売上高 2023"],
    ["問1 有給は何日か", "問2 賞与はいつか", "問3 育休は取れるか"],
]


@pytest.mark.parametrize("titles", TITLES)
@pytest.mark.parametrize("size", [11, 14, 28])
def test_titles_that_count_with_the_pages_stay_on_each(
    tmp_path: Path, titles: list[str], size: float
) -> None:
    document = read_titled(tmp_path, titles, size, footer="- {} -")
    assert [document.text[page.start : page.end].splitlines()[0] for page in document.pages] == titles
    assert [page.label for page in document.pages] == [str(n + 3) for n in range(len(titles))]


def test_a_larger_title_on_nearly_every_slide_stays_on_each(tmp_path: Path) -> None:
    title = "食品表示基準第9条に該当するおそれが高い場合"
    document = read_titled(tmp_path, [*[title] * 6, "まとめ"], 13)
    assert document.text.count(title) == 6


def test_words_beside_a_page_number_run_and_stay_once(tmp_path: Path) -> None:
    document = read_titled(tmp_path, [f"就業規則 {page}" for page in range(1, 6)], 9)
    assert document.text.count("就業規則") == 1
    assert document.properties["running"] == "就業規則"


def test_a_chapter_beside_a_page_number_stays_once_for_each_chapter(tmp_path: Path) -> None:
    chapters = ["総則", "総則", "総則", "給与", "給与", "給与"]
    document = read_titled(tmp_path, [f"{n} {word}" for n, word in enumerate(chapters, start=11)], 9)
    assert (document.text.count("総則"), document.text.count("給与")) == (1, 1)
