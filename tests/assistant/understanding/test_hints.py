"""What a question names lifts the passages that fit; a wrong name cannot push a right passage out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from assistant_fakes import FakeEmbedder, FakeIndexes, FakeLibrary, stored
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Query
from assistant.retrieval import Retriever
from assistant.understanding.hints import MOST, Hints, bonus, lifted
from assistant.understanding.time_words import time_words
from ingestion.articles import named_articles
from ingestion.library import StoredChunk
from ingestion.settings import RetrievalSettings

TODAY = date(2026, 1, 15)


def chunk(
    path: str = "a.pdf", title: str = "", headings: tuple[str, ...] = (), articles: tuple[str, ...] = ()
) -> StoredChunk:
    marks = tuple((at, path) for at, path in enumerate(articles))
    return replace(stored(1), path=path, title=title, heading_path=headings, articles=marks)


def kinds(question: str, one: StoredChunk) -> list[tuple[str, str]]:
    (found,) = Hints(question, time_words(question, TODAY)).of([one])
    return [(hint.kind, hint.words) for hint in found]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("第12条第2項では", ["第12条第2項"]),
        ("第十二条の二 第1項と3条", ["第12条の2第1項", "第3条"]),
        ("第3条第2項第1号イの場合", ["第3条第2項第1号イ"]),
        ("第3条の2つの要件と第五条の二点", ["第3条", "第5条"]),
        ("第3条の12つの要件と第4条の21第1項", ["第3条", "第4条の21第1項"]),
        ("3条件を満たす", []),
        ("五条大橋の長さ", []),
        ("12人の委員", []),
    ],
)
def test_articles_are_named_as_marks_name_them(text: str, names: list[str]) -> None:
    assert named_articles(text) == names


@pytest.mark.parametrize(
    ("question", "one", "found"),
    [
        ("旅費規程.docxの日当は", chunk("規程/旅費規程.docx"), [("file", "旅費規程.docx")]),
        ("旅費規程では日当はいくら", chunk("規程/旅費規程_第3版(2024).docx"), [("title", "旅費規程")]),
        ("旅費規程では日当はいくら", chunk("x/1.pdf", title="旅費規程"), [("title", "旅費規程")]),
        ("日当はいくら", chunk("規程/旅費規程.docx"), []),
        ("1.pdfの日当は", chunk("x/1.pdf"), [("file", "1.pdf")]),
        ("report1.pdfの日当は", chunk("x/1.pdf"), []),
        ("規程では", chunk("規程.docx"), []),
        ("Does the travel policy say it?", chunk(title="Travel Policy"), [("title", "travelpolicy")]),
        ("Which travel agency?", chunk("x/1.pdf", title="Travel"), []),
        ("第12条第2項は", chunk(articles=("第12条第1項", "第12条第2項")), [("article", "第12条第2項")]),
        ("第12条第2項は", chunk(articles=("第12条",)), [("article", "第12条")]),
        ("第12条は", chunk(articles=("第12条の2",)), []),
        ("第1条は", chunk(articles=("第12条",)), []),
        ("第十二条は", chunk(headings=("第2章 休暇", "第12条(休暇)")), [("article", "第12条")]),
        ("What does Article 12 say?", chunk(headings=("Article 12 Leave",)), [("article", "12")]),
        ("What does section 4.2 say?", chunk(headings=("4.2 Leave",)), [("article", "4.2")]),
        ("What does section 4 say?", chunk(headings=("4.2 Leave",)), []),
        ("What does § 4.2 say?", chunk(headings=("4.2 Leave",)), [("article", "4.2")]),
        ("§4は", chunk(headings=("§ 4 Leave",)), [("article", "4")]),
        ("先月の議事録", chunk("議事録/20251208.docx"), [("date", "先月")]),
        ("2024年度の計画", chunk("計画/2024-06-01.docx"), [("date", "2024年度")]),
        ("2024年5月の計画", chunk("計画/2024-06-01.docx"), []),
    ],
)  # fmt: skip
def test_a_passage_fits_what_is_named(question: str, one: StoredChunk, found: list[tuple[str, str]]) -> None:
    assert kinds(question, one) == found


def test_a_title_inside_of_a_longer_one_is_not_meant() -> None:
    shorter, longer = chunk("a/旅費規程.docx"), chunk("a/海外旅費規程.docx")
    hints = Hints("海外旅費規程では").of([shorter, longer])
    assert [[hint.words for hint in one] for one in hints] == [[], ["海外旅費規程"]]


def test_hints_together_have_a_limit() -> None:
    one = chunk("規程/旅費規程.docx", headings=("第12条",))
    (hints,) = Hints("旅費規程.docxの第12条").of([one])
    assert len(hints) == 2
    assert bonus(hints) == MOST < sum(hint.bonus for hint in hints)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5)), max_size=40),
    st.integers(4, 12),
)
def test_whatever_is_named_the_first_stay_within_reach(given_: list[tuple[float, float]], top_k: int) -> None:
    ranked = sorted(given_, key=lambda pair: -pair[0])
    placed = lifted([score for score, _ in ranked], [more for _, more in ranked])
    assert sorted(at for at, _ in placed) == list(range(len(ranked)))
    now = {at + 1: place for place, (at, _) in enumerate(placed, start=1)}
    assert all(place <= rank + min(3, rank) for rank, place in now.items())
    assert all(now[rank] <= top_k for rank in now if rank <= top_k - 3)
    scores = [score for _, score in placed]
    assert scores == sorted(scores, reverse=True)


def test_without_a_bonus_nothing_moves() -> None:
    scores = [0.9, 0.9, 0.5, 0.1]
    assert lifted(scores, [0.0] * 4) == list(enumerate(scores))


def planted(named: int) -> FakeLibrary:
    """Forty chunks of forty documents, best first; the one of row `named` is 旅費規程."""
    chunks = {row: stored(row, f"d{row}", f"text {row}") for row in range(1, 41)}
    chunks[named] = replace(chunks[named], path="規程/旅費規程.docx")
    return FakeLibrary(chunks)


def ranks(named: int, question: str, *, hints: bool = True) -> list[int]:
    """Rows in the order of the hits; scores fall by 0.025 a row."""
    indexes = FakeIndexes([], [(row, 41.0 - row) for row in range(1, 41)])
    settings = RetrievalSettings(hints=hints)
    searching = Retriever(planted(named), indexes, FakeEmbedder(), settings)
    return [hit.start // 10 for hit in searching.retrieve(Query(question, mode="lexical"))]


def test_the_passage_of_the_named_document_is_lifted() -> None:
    assert ranks(4, "日当はいくら") == [1, 2, 3, 4, 5, 6, 7, 8]
    assert ranks(4, "旅費規程では日当はいくら") == [1, 4, 2, 3, 5, 6, 7, 8]  # 0.925 + 0.08 over 0.975
    assert ranks(4, "旅費規程では日当はいくら", hints=False) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_one_from_behind_the_hits_can_come_among_them_but_not_from_anywhere() -> None:
    assert 10 in ranks(10, "旅費規程では日当はいくら")
    assert 30 not in ranks(30, "旅費規程では日当はいくら")


def test_a_wrong_name_loses_no_right_passage() -> None:
    chunks = {row: stored(row, f"d{row}", f"text {row}") for row in range(1, 41)}
    for row in range(6, 41):  # all but the right ones are of the document that is named by mistake
        chunks[row] = replace(chunks[row], path="規程/旅費規程.docx")
    indexes = FakeIndexes([], [(row, 100.0 - row / 100) for row in range(1, 41)])
    searching = Retriever(FakeLibrary(chunks), indexes, FakeEmbedder(), RetrievalSettings())
    found = [hit.start // 10 for hit in searching.retrieve(Query("旅費規程では", top_k=8, mode="lexical"))]
    assert found[0] == 1 and {1, 2, 3, 4, 5} <= set(found)
