"""Time words against a fixed day; the days and years are counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from assistant_fakes import FakeEmbedder, FakeIndexes, FakeLibrary, stored

from assistant.answers import Query
from assistant.currency import wanted_day
from assistant.retrieval import Retriever
from assistant.understanding.reading import Clock
from assistant.understanding.time_words import time_words
from ingestion.dictionary import DictionaryFile
from ingestion.lexical_index import LexicalIndex, LexicalState
from ingestion.settings import RetrievalSettings

TODAY = date(2026, 1, 15)  # in the fiscal year 2025 where it begins in April, in 2026 where in January


@pytest.mark.parametrize(
    ("text", "words", "first", "last"),
    [
        ("今年度の予算", "今年度", "2025-04-01", "2026-03-31"),
        ("昨年度の予算", "昨年度", "2024-04-01", "2025-03-31"),
        ("一昨年度の予算", "一昨年度", "2023-04-01", "2024-03-31"),
        ("来年度はどうなる", "来年度", "2026-04-01", "2027-03-31"),
        ("今期の目標", "今期", "2025-04-01", "2026-03-31"),
        ("来期の目標", "来期", "2026-04-01", "2027-03-31"),
        ("今年の祝日", "今年", "2026-01-01", "2026-12-31"),
        ("一昨年の実績", "一昨年", "2024-01-01", "2024-12-31"),
        ("先月の会議", "先月", "2025-12-01", "2025-12-31"),
        ("先々月の会議", "先々月", "2025-11-01", "2025-11-30"),
        ("来月の会議", "来月", "2026-02-01", "2026-02-28"),
        ("今日の当番", "今日", "2026-01-15", "2026-01-15"),
        ("明日までの提出物", "明日", "2026-01-16", "2026-01-16"),
        ("budget of this fiscal year", "this fiscal year", "2025-04-01", "2026-03-31"),
        ("the current fiscal year's budget", "current fiscal year", "2025-04-01", "2026-03-31"),
        ("What was decided last month?", "last month", "2025-12-01", "2025-12-31"),
        ("holidays next year", "next year", "2027-01-01", "2027-12-31"),
        ("What is due tomorrow?", "tomorrow", "2026-01-16", "2026-01-16"),
        ("令和6年度の予算", "令和6年度", "2024-04-01", "2025-03-31"),
        ("2024年度の予算", "2024年度", "2024-04-01", "2025-03-31"),
        ("the FY2024 budget", "FY2024", "2024-04-01", "2025-03-31"),
        ("the FY24 budget", "FY24", "2024-04-01", "2025-03-31"),
        ("fiscal year 2024 budget", "fiscal year 2024", "2024-04-01", "2025-03-31"),
        ("results of FY98", "FY98", "1998-04-01", "1999-03-31"),
        ("results of fiscal 2024", "fiscal 2024", "2024-04-01", "2025-03-31"),
        ("THİS YEAR'S holidays", "THİS YEAR", "2026-01-01", "2026-12-31"),
    ],
)
def test_words_mean_days(text: str, words: str, first: str, last: str) -> None:
    (found,) = time_words(text, TODAY)
    assert (found.words, found.first, found.last) == (words, first, last)
    assert text[found.start : found.end] == words


@pytest.mark.parametrize(
    "text",
    ["翌年度に繰り越せますか", "前期と後期の授業", "日本年金機構への届出", "従来期間と同じ",
     "基本日当はいくら", "将来年金", "expenses in the last month", "no later than next month",
     "2024年の予算", "R2 の 3年間", "over fiscal 12 months", "a financial 10 year plan"],
)  # fmt: skip
def test_words_that_count_from_another_time_or_are_none_mean_nothing(text: str) -> None:
    assert time_words(text, TODAY) == ()


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [(1, "2026-01-01", "2026-12-31"), (2, "2025-02-01", "2026-01-31"), (10, "2025-10-01", "2026-09-30")],
)
def test_a_fiscal_year_begins_in_the_month_of_the_settings(month: int, first: str, last: str) -> None:
    (found,) = time_words("今年度の予算", TODAY, month)
    assert (found.first, found.last) == (first, last)


def test_a_time_is_written_in_both_calendars() -> None:
    (this,) = time_words("今年度の予算", TODAY)
    assert this.forms == ("2025年度", "令和7年度", "FY2025", "fiscal year 2025")
    (era,) = time_words("令和6年度の予算", TODAY)
    assert era.forms == ("2024年度", "FY2024", "fiscal year 2024")
    (month,) = time_words("先月の会議", TODAY)
    assert month.forms == ("2025年12月", "令和7年12月", "2025-12", "December 2025")
    (both,) = time_words("2019年度の予算", TODAY)
    assert {"平成31年度", "令和元年度"} <= set(both.forms)
    assert [word.words for word in time_words("昨年度と今年度の違い", TODAY)] == ["昨年度", "今年度"]


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("昨年度の宿泊費", "2025-03-31"),
        ("来年度の宿泊費", "2027-03-31"),
        ("来月からの宿泊費", "2026-02-28"),
        ("What was the limit last fiscal year?", "2025-03-31"),
        ("今年度の宿泊費", "2026-01-15"),
        ("先月の経費の精算期限", "2026-01-15"),  # the rules of today hold for it
        ("昨年度と来年度の違い", "2026-01-15"),
        ("2022年の昨年比", "2022-12-31"),
    ],
)
def test_versions_are_asked_for_as_of_the_time_that_is_meant(question: str, day: str) -> None:
    assert wanted_day(question, TODAY) == day


TEXTS = {
    1: "本社の予算は10億円。2024年度の実績である。",
    2: "本社の予算は12億円。令和7年度の計画である。",
    3: "本社の予算は14億円。2026年度の見込みである。",
    4: "会議は2025年12月8日に開いた。議題は備品である。",
    5: "会議は令和7年11月10日に開いた。議題は備品である。",
    6: "今年度という語は、事業計画の用語集で定める。",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    made = LexicalIndex(tmp_path_factory.mktemp("lexical"))
    made.update([], [[(row, f"d{row}", text) for row, text in TEXTS.items()]], LexicalState("x", 1))  # type: ignore[arg-type]
    return made


class WordsOnly(FakeIndexes):
    """Searches a real lexical index."""

    def __init__(self, index: LexicalIndex) -> None:
        super().__init__([], [])
        self._index = index

    def lexical(
        self,
        query: str,
        top_k: int,
        documents: frozenset[str] | None,
        synonyms: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> list[tuple[int, float]]:
        return self._index.search(query, top_k, documents, synonyms)


def searched(index: LexicalIndex, question: str, settings: RetrievalSettings, path: Path) -> list[int]:
    library = FakeLibrary({row: stored(row, f"d{row}", text) for row, text in TEXTS.items()})
    clock = Clock(lambda: TODAY)
    searching = Retriever(
        library, WordsOnly(index), FakeEmbedder(), settings, DictionaryFile(path / "none.csv"), clock=clock
    )  # fmt: skip
    return [int(found.document[1:]) for found in searching.retrieve(Query(question, mode="lexical"))]


@pytest.mark.parametrize(
    ("question", "row"),
    [("今年度の本社の予算", 2), ("昨年度の本社の予算", 1), ("来年度の本社の予算", 3), ("先月の会議の議題", 4),
     ("先々月の会議の議題", 5)],
)  # fmt: skip
def test_the_passage_of_that_time_comes_first(
    index: LexicalIndex, tmp_path: Path, question: str, row: int
) -> None:
    assert searched(index, question, RetrievalSettings(), tmp_path)[0] == row


def test_the_words_themselves_are_searched_too(index: LexicalIndex, tmp_path: Path) -> None:
    assert searched(index, "今年度という語", RetrievalSettings(), tmp_path)[0] == 6
    plain = [text for row, text in TEXTS.items() if row in (3, 4)]
    for settings in (RetrievalSettings(), RetrievalSettings(time_words=False)):
        assert [searched(index, text, settings, tmp_path)[0] for text in plain] == [3, 4]
