from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.chunking import chunk_document, find_headings
from ingestion.documents import Chunk, Document, Heading, Page
from ingestion.sentences import split_sentences


def plain(text: str, headings: tuple[Heading, ...] = ()) -> Document:
    return Document(text, "txt", (Page(1, 0, len(text)),), headings)


def paged(*pages: str) -> Document:
    text, places = "", []
    for number, page in enumerate(pages, start=1):
        places.append(Page(number, len(text), len(text) + len(page)))
        text += page
    return Document(text, "pdf", tuple(places), paged=True)


def check(document: Document, chunks: list[Chunk], maximum: int) -> None:
    assert all(document.text[c.start : c.end] == c.text == c.text.strip() for c in chunks)
    assert all(a.end <= b.start for a, b in pairwise(chunks))
    assert all(0 < len(c.text) <= maximum for c in chunks)
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(document.text.split())


PIECES = st.sampled_from(
    [
        "従業員は届け出る。",
        "第3条 休暇は別に定める。\n",
        "\n",
        "第2章 勤務\n",
        "1.2 範囲\n",
        "あ" * 90,
        "A | B\n",
        "No. 5 is here. ",
        " ",
        "\n\n",
    ]
)


@given(
    st.lists(st.lists(PIECES, max_size=15).map("".join), max_size=4),
    st.sampled_from([(50, 60), (400, 600), (20, 200)]),
)
def test_no_character_is_lost_or_doubled(pages: list[str], sizes: tuple[int, int]) -> None:
    document = paged(*pages)
    chunks = chunk_document(document, target=sizes[0], maximum=sizes[1])
    check(document, chunks, sizes[1])
    for chunk in chunks:
        assert any(page.start <= chunk.start and chunk.end <= page.end for page in document.pages)


@given(
    st.lists(
        st.sampled_from(["休暇は十日とする。", "届け出ること。", "承認を得たときは、この限りでない。\n"]),
        min_size=1,
        max_size=200,
    )
)
def test_sentences_stay_whole(sentences: list[str]) -> None:
    document = plain("".join(sentences))
    chunks = chunk_document(document, target=100, maximum=150)
    check(document, chunks, 150)
    ends = {span.end for span in split_sentences(document.text)}
    assert {chunk.end for chunk in chunks} <= ends
    assert all(len(chunk.text) >= 50 for chunk in chunks[:-1])


RULES = """就業規則
第1章 総則
(目的)
第1条 この規則は、従業員の就業に関する事項を定める。第2条の規定は適用しない。
2 前項に定めのない事項は、法令の定めるところによる。
(適用範囲)
第2条 この規則は、
第3条の従業員に適用する。パートタイム従業員の就業に関する事項については、別に定めるところによる。
第2章 勤務
第5条の2(始業及び終業の時刻) 始業は午前9時、終業は午後6時とする。休憩時間は、正午から1時間とする。
附則
この規則は、令和6年4月1日から施行する。"""


def test_articles_are_headings_under_their_chapters() -> None:
    titles = [(h.level, h.title) for h in find_headings(plain(RULES))]
    assert titles == [
        (2, "第1章 総則"),
        (5, "第1条 (目的)"),
        (5, "第2条 (適用範囲)"),
        (2, "第2章 勤務"),
        (5, "第5条の2(始業及び終業の時刻)"),
        (2, "附則"),
    ]


def test_each_article_is_a_chunk_with_its_path() -> None:
    document = plain(RULES)
    chunks = chunk_document(document, target=100, maximum=200)
    check(document, chunks, 200)
    path_of = {chunk.text: chunk.heading_path for chunk in chunks}
    found = {next(path for text, path in path_of.items() if mark in text) for mark in ("始業は午前9時",)}
    assert found == {("第2章 勤務", "第5条の2(始業及び終業の時刻)")}
    article = next(chunk for chunk in chunks if "パートタイム" in chunk.text)
    assert article.text.startswith("(適用範囲)")
    assert article.heading_path == ("第1章 総則", "第2条 (適用範囲)")


def test_a_title_stays_with_the_text_below_it() -> None:
    body = "本文である。" * 60
    document = plain(f"第2章 勤務\n第5条 時刻\n{body}")
    first = chunk_document(document, target=100, maximum=150)[0]
    assert first.text.startswith("第2章 勤務\n第5条 時刻\n本文である。")
    assert first.heading_path == ("第2章 勤務", "第5条 時刻")


def test_own_headings_win_over_written_ones() -> None:
    text = "1.2 範囲\n本文。"
    own = (Heading(2, 0, 6, "1.2 範囲"),)
    assert find_headings(plain(text, own)) == own


def test_numbered_titles_nest() -> None:
    text = "1. 概要\n本文一。\n1.2 対象\n本文二。\n2.0円\n3.5 は値である。"
    assert [(h.level, h.title) for h in find_headings(plain(text))] == [(1, "1. 概要"), (2, "1.2 対象")]


def test_rows_are_not_cut() -> None:
    rows = [f"A-{n} | 六角ボルト M{n} | {n * 10}円。在庫あり。" for n in range(100)]
    text = "品番 | 品名 | 価格\n" + "\n".join(rows)
    document = Document(text, "csv", (Page(1, 0, len(text)),), (Heading(1, 0, 12, "品番 | 品名 | 価格"),))
    chunks = chunk_document(document, target=200, maximum=300)
    check(document, chunks, 300)
    for chunk in chunks:
        assert set(chunk.text.split("\n")) <= {*rows, "品番 | 品名 | 価格"}
        assert chunk.heading_path == ("品番 | 品名 | 価格",)


def test_a_page_number_goes_with_the_text_of_its_page() -> None:
    document = paged("第1条 (目的)\n本文。\n", "9\n第2条 (範囲)\n" + "この規則を適用する。" * 60)
    chunks = chunk_document(document, target=400, maximum=600)
    check(document, chunks, 600)
    assert chunks[1].text.startswith("9\n第2条")
    assert chunks[1].heading_path == ("第2条 (範囲)",)


def test_an_endless_sentence_is_cut_behind_a_comma() -> None:
    text = "、".join(["とても長い文" * 5] * 40)
    document = plain(text)
    chunks = chunk_document(document, target=200, maximum=300)
    check(document, chunks, 300)
    assert all(chunk.text.endswith("、") for chunk in chunks[:-1])


def test_sizes_must_make_sense() -> None:
    for target, maximum in ((0, 10), (20, 10)):
        with pytest.raises(ValueError, match=str(maximum)):
            chunk_document(plain("a"), target=target, maximum=maximum)
