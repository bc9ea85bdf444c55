from __future__ import annotations

from dataclasses import replace

import pytest
from assistant_fakes import FakeEmbedder, FakeIndexes, FakeLibrary, stored

from assistant.answers import Query
from assistant.fusion import weighted_fusion
from assistant.retrieval import Retriever
from ingestion.settings import RetrievalSettings

DENSE = [(row, 1.0 - row / 1000) for row in range(1, 200)]
LEXICAL = [(row, 50.0 - row / 10) for row in range(200, 0, -1)]


def retriever(
    library: FakeLibrary, indexes: FakeIndexes, embedder: FakeEmbedder | None = None, candidates: int = 10
) -> Retriever:
    settings = RetrievalSettings(candidates=candidates)
    return Retriever(library, indexes, embedder or FakeEmbedder(), settings)


def test_hits_follow_the_fused_order_and_carry_raw_scores() -> None:
    library = FakeLibrary({row: stored(row) for row in range(300)})
    indexes = FakeIndexes(DENSE, LEXICAL)
    hits = retriever(library, indexes).retrieve(Query("休暇", top_k=5))
    expected = weighted_fusion(DENSE[:10], LEXICAL[:10], RetrievalSettings().dense_weight)[:5]
    assert [(hit.start // 10, hit.score) for hit in hits] == [(row, pytest.approx(s)) for row, s in expected]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert {hit.start // 10: hit.dense for hit in hits if hit.dense} == {
        row: score for row, score in DENSE[:10] if row in {hit.start // 10 for hit in hits}
    }
    assert all(hit.chunk_id == f"d1:{hit.start}-{hit.end}" for hit in hits)


def test_hidden_rows_fall_out_and_more_are_fetched() -> None:
    hidden = frozenset(range(1, 31)) | frozenset(range(171, 201))
    library = FakeLibrary({row: stored(row) for row in range(300)}, hidden=hidden)
    indexes = FakeIndexes(DENSE, LEXICAL)
    hits = retriever(library, indexes).retrieve(Query("休暇", top_k=8))
    assert len(hits) == 8
    assert not {hit.start // 10 for hit in hits} & hidden
    assert max(top_k for _, top_k, _ in indexes.asked) > 10


def test_it_gives_up_when_the_searches_have_no_more() -> None:
    library = FakeLibrary({})
    indexes = FakeIndexes(DENSE[:4], LEXICAL[:4])
    assert retriever(library, indexes).retrieve(Query("休暇")) == []
    assert len(indexes.asked) == 2


def test_the_limit_goes_into_both_searches() -> None:
    allowed = frozenset({"d1"})
    library = FakeLibrary({row: stored(row) for row in range(300)}, readable=allowed)
    indexes = FakeIndexes(DENSE, LEXICAL)
    retriever(library, indexes).retrieve(Query("休暇"))
    assert {(kind, documents) for kind, _, documents in indexes.asked} == {
        ("dense", allowed),
        ("lexical", allowed),
    }


def test_nothing_readable_searches_nothing() -> None:
    indexes = FakeIndexes(DENSE, LEXICAL)
    library = FakeLibrary({1: stored(1)}, readable=frozenset())
    assert retriever(library, indexes).retrieve(Query("休暇")) == []
    assert indexes.asked == []


def test_a_query_is_embedded_once_and_not_at_all_for_lexical_search() -> None:
    library = FakeLibrary({row: stored(row) for row in range(300)}, hidden=frozenset(range(1, 100)))
    embedder = FakeEmbedder()
    searching = retriever(library, FakeIndexes(DENSE, LEXICAL), embedder)
    searching.retrieve(Query("ﾊﾟｽﾜｰﾄﾞ"))
    assert embedder.queries == ["パスワード"]
    searching.retrieve(Query("パスワード", mode="lexical"))
    assert len(embedder.queries) == 1


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_single_modes_keep_their_order_and_score_within_one(mode: str) -> None:
    library = FakeLibrary({row: stored(row) for row in range(300)})
    hits = retriever(library, FakeIndexes(DENSE, LEXICAL)).retrieve(Query("休暇", top_k=3, mode=mode))  # type: ignore[arg-type]
    ranking = DENSE if mode == "dense" else LEXICAL
    assert [hit.start // 10 for hit in hits] == [row for row, _ in ranking[:3]]
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_blank_queries_find_nothing() -> None:
    indexes = FakeIndexes(DENSE, LEXICAL)
    assert retriever(FakeLibrary({}), indexes).retrieve(Query(" 　\n")) == []


def test_a_hit_and_its_sentences_know_their_article() -> None:
    chunk = replace(
        stored(1, text="第12条\n一項。\n2 二項。"),
        articles=((0, "第12条"), (5, "第12条第1項"), (9, "第12条第2項")),
    )
    (found,) = retriever(FakeLibrary({1: chunk}), FakeIndexes([(1, 0.9)], [])).retrieve(Query("二項"))
    assert found.article == found.as_json()["article"] == "第12条"
    at = found.start + chunk.text.index("二項")
    assert found.article_at(at, at + 2) == "第12条第2項"
