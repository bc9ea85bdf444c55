"""Neighbouring passages become one that slices its document; repeated passages make room."""

from __future__ import annotations

from dataclasses import replace

from assistant_fakes import FakeEmbedder, FakeIndexes, FakeLibrary, stored
from assistant_fakes import hit as made

from assistant.answers import Hit, Query
from assistant.neighbours import LONGEST, joined, repeated_last
from assistant.retrieval import Retriever
from ingestion.documents import TableRow
from ingestion.settings import RetrievalSettings

TEXT = "一つ目の文である。\n二つ目の文である。\n三つ目の文である。\n\n四つ目の文である。"
PIECES = [(0, 9), (10, 19), (20, 29), (31, 40)]


def piece(number: int, *, rank: int = 1, score: float = 0.5, text: str = TEXT) -> Hit:
    start, end = PIECES[number]
    return made(text[start:end], start=start, rank=rank, score=score)


def slices(document: str, start: int, end: int) -> str:
    return TEXT[start:end]


def test_neighbours_join_at_the_place_of_the_better_one() -> None:
    apart = made("別の文書の文である。", document="d2", rank=2, score=0.7)
    first, other = joined([piece(2, score=0.9), apart, piece(1, rank=3, score=0.4), piece(0)], slices)[0]
    assert other == apart
    assert (first.start, first.end, first.text, first.score) == (0, 29, TEXT[0:29], 0.9)
    assert first.chunk_id == "d1:0-29"


def test_what_lies_between_decides_and_the_parts_are_named() -> None:
    hits, parts = joined([piece(0), piece(2), piece(1)], slices)
    assert [hit.chunk_id for hit in hits] == ["d1:0-29"]
    assert sorted(parts["d1:0-29"]) == ["d1:0-9", "d1:10-19", "d1:20-29"]
    assert [hit.chunk_id for hit in joined([piece(0), piece(2)], slices)[0]] == ["d1:0-9", "d1:20-29"]


def test_other_pages_headings_tables_and_long_ones_stay_apart() -> None:
    one, other = piece(0), piece(1)
    for different in (
        replace(other, page=2),
        replace(other, heading_path=("第2章",)),
        replace(other, context="列: 金額"),
        replace(other, document="d2"),
        replace(other, end=other.start + LONGEST),
    ):
        assert joined([one, different], slices)[0] == [one, different]


def test_a_library_that_says_something_else_joins_nothing() -> None:
    for text in (None, "まったく別の、同じ長さの文章だ。", TEXT[:9] + "x" + TEXT[10:19]):
        hits, parts = joined([piece(0), piece(1)], lambda document, start, end, text=text: text)  # type: ignore[misc]
        assert [hit.chunk_id for hit in hits] == list(parts) == ["d1:0-9", "d1:10-19"]


def test_articles_and_rows_go_along() -> None:
    row = TableRow(12, 15, ())
    one = replace(piece(0), articles=((0, "第1条"),))
    other = replace(piece(1), articles=((0, "第1条"), (4, "第1条第2項")), rows=(row,))
    (whole,) = joined([other, one], slices)[0]
    assert whole.articles == ((0, "第1条"), (10, "第1条"), (14, "第1条第2項"))
    assert whole.rows == (row,)
    assert whole.article_at(15, 19) == "第1条第2項"


def test_as_many_hits_as_may_be_asked_for() -> None:
    """`search --top-k 1000` looks at twice as many; each document here is four neighbours."""
    hits = [replace(piece(i % 4, rank=i + 1), document=f"d{i // 4}") for i in range(2_000)]
    named = [replace(hit, chunk_id=f"{hit.document}:{hit.start}-{hit.end}") for hit in hits]
    found, parts = joined(named[::-1], slices)
    assert [hit.chunk_id for hit in found] == [f"d{i}:0-40" for i in reversed(range(500))]
    assert all(len(parts[hit.chunk_id]) == 4 for hit in found)


SAID = "出張の日当は1日2,500円とする。宿泊費の上限は1泊12,000円とし、超えるときは上長の承認を受ける。"


def test_a_passage_that_repeats_a_better_one_goes_last() -> None:
    hits = [
        made(f"{SAID}領収書を添える。", rank=1),
        made(SAID, document="d2", rank=2),
        made("研修の受講料は会社が負担する。", document="d3", rank=3),
    ]
    assert [hit.document for hit in repeated_last(hits)] == ["d1", "d3", "d2"]


def test_another_number_or_a_negation_is_no_repetition() -> None:
    for other in (SAID.replace("12,000", "10,000"), SAID.replace("受ける", "受けない"), "日当。"):
        hits = [
            made(SAID, rank=1),
            made(other, document="d2", rank=2),
            made("別の文。", document="d3", rank=3),
        ]
        assert repeated_last(hits) == hits


def test_the_retriever_fills_the_places_that_become_free() -> None:
    chunks = {
        row: replace(stored(row), start=start, end=end, text=TEXT[start:end])
        for row, (start, end) in enumerate(PIECES)
    }
    chunks[9] = stored(9, "d2", "別の文書の文である。")
    library = FakeLibrary(chunks, text=TEXT)
    indexes = FakeIndexes([], [(0, 9.0), (1, 8.0), (9, 7.0), (3, 1.0)])

    def found(*, on: bool) -> list[str]:
        searching = Retriever(library, indexes, FakeEmbedder(), RetrievalSettings(joined=on))
        hits = searching.retrieve(Query("文", top_k=2, mode="lexical"))
        assert [hit.rank for hit in hits] == [1, 2]
        return [hit.chunk_id for hit in hits]

    assert found(on=False) == ["d1:0-9", "d1:10-19"]
    assert found(on=True) == ["d1:0-19", "d2:90-100"]
