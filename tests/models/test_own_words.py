"""The real embedder, the real readers and a real library: own words, dates, names, articles and versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from assistant.answers import Query
from assistant.currency import Currency
from assistant.evidence import gather
from assistant.retrieval import Retriever
from ingestion.dictionary import DictionaryFile, Entry, remove_entry, save_dictionary
from ingestion.embedding import load_embedder
from ingestion.indexes import SearchIndexes
from ingestion.library import Library
from ingestion.pipeline import ingest
from ingestion.settings import EvidenceSettings, RetrievalSettings, Settings
from ingestion.version_rows import VersionRows

pytestmark = pytest.mark.model

LEAVE = """# 就業規則

## 第12条（年次有給休暇）

会社は、入社日から6か月間継続勤務した従業員に対し、10日の年次有給休暇を与える。

2　年次有給休暇を取得しようとする者は、3営業日前までに上長へ申請する。

(1) 半日単位の取得を認める。
(2) 時間単位の取得は認めない。
"""
TRAVEL = """旅費規程{version}

第1条（目的）この規程は、社命により出張する場合の旅費について、種類と額及び手続を定める。
第2条（旅費の種類）旅費は、交通費、日当、宿泊費及び雑費とし、この規程の定めるところにより支給する。
第3条（宿泊費）宿泊費の上限は、一般社員は1泊{amount}円とし、領収書を添えて精算する。
第4条（精算）出張から帰った者は、帰社の日から5日以内に、所定の様式により経理部へ精算を申請する。

附則 この規程は、{day}から施行する。
"""


@pytest.fixture(scope="module")
def retriever(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    root, docs = tmp_path_factory.mktemp("ws"), tmp_path_factory.mktemp("docs")
    (docs / "就業規則.md").write_text(LEAVE, "utf-8")
    for version, amount, day in (("第1版", "10,000", "平成30年4月1日"), ("第2版", "12,000", "令和6年4月1日")):
        text = TRAVEL.format(version=version, amount=amount, day=day)
        (docs / f"旅費規程_{version}.txt").write_bytes(text.encode("cp932"))
    (docs / "名簿.txt").write_bytes("総務部長は髙橋一郎、経理部長は渡邉花子である。\n".encode())
    (docs / "通知.txt").write_text("事務所の移転はR6.10.7に行い、費用は三百万円である。\n", "utf-8")
    (docs / "駐車場.txt").write_text("来客用の駐車場は本館の裏にあり、受付で鍵を借りる。\n", "utf-8")
    library, embedder = Library.open(root / "library.db"), load_embedder("multilingual-e5-small", models_dir)
    indexes = SearchIndexes.open(root / "indexes", library, embedder.identity, embedder.dimension)
    report = ingest([docs], library=library, indexes=indexes, embedder=embedder, settings=Settings())
    assert report.failed == []
    currency = Currency(VersionRows(library), lambda: date(2026, 1, 15))
    words = DictionaryFile(root / "dictionary.csv")
    yield Retriever(library, indexes, embedder, RetrievalSettings(), words, currency)
    indexes.close()
    library.close()


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("高橋さんは何をしている人ですか", "名簿.txt"),
        ("渡辺", "名簿.txt"),
        ("2024年10月7日に何がありますか", "通知.txt"),
        ("3,000,000円", "通知.txt"),
    ],
)
def test_other_spellings_are_found_first(retriever: Retriever, query: str, path: str) -> None:
    for mode in ("lexical", "hybrid"):
        assert retriever.retrieve(Query(query, mode=mode))[0].path == path


def test_an_own_word_finds_what_only_the_dictionary_knows(retriever: Retriever) -> None:
    assert retriever.dictionary is not None
    query = Query("もみじ札はどこで申請しますか")
    before = [hit.path for hit in retriever.retrieve(query)]
    save_dictionary(retriever.dictionary.path, [Entry("もみじ札", "", ("年次有給休暇",))])
    try:
        assert retriever.retrieve(query)[0].path == "就業規則.md"
        assert before[0] != "就業規則.md"
    finally:
        remove_entry(retriever.dictionary.path, "もみじ札")


def test_a_hit_names_its_article_and_its_sentences_their_own(retriever: Retriever) -> None:
    hit = retriever.retrieve(Query("年次有給休暇は何日ですか"))[0]
    assert hit.path == "就業規則.md"
    at = hit.start + hit.text.index("時間単位")
    assert hit.article == "第12条"
    assert hit.article_at(at, at + 4) == "第12条第2項第2号"


def test_a_question_that_names_a_paragraph_is_shown_that_paragraph(retriever: Retriever) -> None:
    question = "就業規則の第12条第2項には何と書いてありますか"
    found = gather(question, retriever.retrieve(Query(question)), EvidenceSettings(tokens=60, sources=1))
    shown = "".join(found.sources[0].texts)
    assert "3営業日前まで" in shown and "10日の年次有給休暇" not in shown
    assert found.answerability >= Settings().answers.answerable_at


def test_the_version_in_force_is_found_and_the_old_one_when_it_is_asked_for(retriever: Retriever) -> None:
    def first(question: str) -> str:
        return retriever.retrieve(Query(question))[0].path

    assert first("出張の宿泊費の上限はいくらですか") == "旅費規程_第2版.txt"
    assert first("2020年の宿泊費の上限はいくらでしたか") == "旅費規程_第1版.txt"
    paths = [hit.path for hit in retriever.retrieve(Query("宿泊費の上限"))]
    assert "旅費規程_第1版.txt" not in paths
