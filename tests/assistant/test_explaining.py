"""Explanations of hits whose ranks, words and hints are planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from assistant_fakes import FakeEmbedder, FakeIndexes, FakeLibrary, stored

from assistant.answers import Hit, Query
from assistant.currency import Currency
from assistant.explaining import Explanation, Term
from assistant.reranking import Relevance
from assistant.rescoring import Rescoring
from assistant.retrieval import Retriever
from assistant.understanding.reading import Clock
from ingestion.dictionary import DictionaryFile
from ingestion.settings import RetrievalSettings
from ingestion.validity import Facts, Version

TODAY = date(2026, 1, 15)
OLD = Version("d2", "f", "d2", True, Facts(valid_from="2018-04-01"), "2018-04-01", "2024-04-01")
CHUNKS = {
    1: replace(stored(1, "d1", "2025年度の旅費の予算は10億円とする。"), path="規程/旅費規程.docx"),
    2: stored(2, "d2", "出張費の精算期限は2024年4月1日から10日とする。"),
    3: replace(stored(3, "d3", "備品の購入は総務部が行う。"), articles=((0, "第12条"),)),
}


class Reranker:
    name, weight = "planted", 0.5

    def rerank(self, question: str, passages: list[str]) -> list[Relevance]:
        return [Relevance(0.25, 0.75) for _ in passages]


class Versions:
    def all(self) -> dict[str, Version]:
        return {"d2": OLD}


def explained(question: str, tmp_path: Path, **more: object) -> list[tuple[Hit, Explanation]]:
    words = tmp_path / "dictionary.csv"
    words.write_text("出張費,しゅっちょうひ,旅費\n", "utf-8")
    indexes = FakeIndexes([(2, 0.9), (1, 0.8), (3, 0.5)], [(1, 12.0), (3, 8.0), (2, 4.0)])
    searching = Retriever(
        FakeLibrary(CHUNKS, text=str(more.get("text", ""))), indexes, FakeEmbedder(), RetrievalSettings(),
        DictionaryFile(words), more.get("currency"), more.get("rescoring"), Clock(lambda: TODAY),  # type: ignore[arg-type]
    )  # fmt: skip
    found = searching.explain(Query(question))
    assert [hit for hit, _ in found] == searching.retrieve(Query(question))
    return found


def of(document: str, found: list[tuple[Hit, Explanation]]) -> Explanation:
    return next(why for hit, why in found if hit.document == document)


def test_ranks_scores_and_their_sum(tmp_path: Path) -> None:
    found = explained("旅費の予算", tmp_path)
    why = of("d1", found)
    assert why.dense is not None and why.lexical is not None
    assert (why.dense.rank, why.dense.score, why.dense.scaled) == (2, 0.8, pytest.approx(0.75))
    assert (why.lexical.rank, why.lexical.score, why.lexical.scaled) == (1, 12.0, 1.0)
    assert why.fused == pytest.approx(0.4 * 0.75 + 0.6 * 1.0) == found[0][0].score
    assert why.searched == "旅費の予算" and why.hints == () and why.pieces == ()


def test_words_tell_where_they_come_from(tmp_path: Path) -> None:
    why = of("d1", explained("今年度の出張費の予算", tmp_path))
    assert Term("予算", "予算", "question") in why.terms
    assert Term("旅費", "出張費", "dictionary") in why.terms
    assert Term("2025年度", "今年度", "time") in why.terms
    dated = of("d2", explained("令和6年4月1日の精算", tmp_path))
    assert {term.term for term in dated.terms if term.origin == "date"} >= {"2024", "2024-04-01"}
    assert Term("精算", "精算", "question") in dated.terms


def test_hints_are_named_with_what_they_add(tmp_path: Path) -> None:
    found = explained("旅費規程の第12条", tmp_path)
    assert [(hint.kind, hint.words, hint.bonus) for hint in of("d1", found).hints] == [
        ("title", "旅費規程", 0.08)
    ]
    assert [(hint.kind, hint.words) for hint in of("d3", found).hints] == [("article", "第12条")]


def test_versions_and_the_reranker_are_told(tmp_path: Path) -> None:
    currency = Currency(Versions(), lambda: TODAY)
    found = explained("精算期限", tmp_path, currency=currency, rescoring=Rescoring(Reranker(), 10))
    why = of("d2", found)
    assert why.state == "superseded" and why.before_versions == 2  # fused 0.4, behind d1 with 0.9
    assert (why.relevance, why.answers) == (0.25, 0.75)
    assert [hit.document for hit, _ in found] == ["d1", "d3", "d2"]
    assert why.as_json()["rerank"] == {"relevance": 0.25, "answers": 0.75}


def test_a_part_of_the_question_is_named_where_it_found_the_passage(tmp_path: Path) -> None:
    found = explained("日当と宿泊費はいくらですか", tmp_path)
    assert {why.searched for _, why in found} == {"日当と宿泊費はいくらですか"}  # all are highest there


def test_a_search_of_one_kind_says_that_the_other_had_no_part(tmp_path: Path) -> None:
    indexes = FakeIndexes([(2, 0.9), (1, 0.8)], [(1, 12.0)])
    searching = Retriever(FakeLibrary(CHUNKS), indexes, FakeEmbedder(), RetrievalSettings())
    (first, second) = searching.explain(Query("予算", mode="dense"))
    assert first[1].lexical is None and first[1].dense_weight == 1.0 and first[1].terms == ()
    assert [hit.document for hit, _ in (first, second)] == ["d2", "d1"]
    assert searching.explain(Query(" ")) == []
