"""Questions for several things: which are cut and how, and that all others are searched as before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pytest
from assistant_fakes import FakeEmbedder, FakeLibrary, hit, stored

from assistant.answers import Hit, Query
from assistant.retrieval import Retriever
from assistant.understanding.parts import interleaved, parts_of
from ingestion.settings import RetrievalSettings

SEVERAL = {
    "日当と宿泊費はいくらですか": ("日当はいくらですか", "宿泊費はいくらですか"),
    "日当と宿泊費の上限はいくらですか": ("日当の上限はいくらですか", "宿泊費の上限はいくらですか"),
    "第3条と第5条では何を定めますか": ("第3条では何を定めますか", "第5条では何を定めますか"),
    "出張の日当と宿泊費はいくらですか": ("出張の日当はいくらですか", "出張の宿泊費はいくらですか"),
    "令和5年度および令和6年度の予算はいくらか": ("令和5年度の予算はいくらか", "令和6年度の予算はいくらか"),
    "有給休暇は何日ですか？誰が承認しますか？": (
        "有給休暇は何日ですか?", "有給休暇について、誰が承認しますか?",
    ),
    "パスワードは何文字以上で、何日ごとに変更しますか": (
        "パスワードは何文字以上で", "パスワードについて、何日ごとに変更しますか",
    ),
    "What is the daily allowance, and who approves the trip?": (
        "What is the daily allowance", "who approves the trip?",
    ),
    "How much are the daily allowance and the hotel limit?": (
        "How much are the daily allowance", "How much are the hotel limit",
    ),
    "When is the deadline of the report and the invoice?": (
        "When is the deadline of the report", "When is the deadline of the invoice",
    ),
}  # fmt: skip
ONE = [
    "有給休暇は何日ですか", "日当と宿泊費の違いは何ですか", "もともとの予算はいくらですか",
    "上長と相談する期限はいつですか", "いくらで、いつまでに精算しますか", "何かよい方法はありますか",
    "日当と宿泊費を支給する。", "有給休暇、何日?",
    "研修にはどんな種類がありますか？具体例を挙げて説明してください。",
    "会議はどこですか。場所を教えてください。", "部長と課長が出た会議はどこですか",
    "京都と東京は何km離れていますか", "何回かの会議を経て、いつ決まりますか",
    "Who approves it?", "When and where is the meeting?", "What is the difference between plan A and plan B?",
    "Terms and conditions", "", "か" * 700, "日当はいくらですか？日当はいくらですか。",
    "Who approves it? Who approves it?",
]  # fmt: skip


@pytest.mark.parametrize("question", SEVERAL)
def test_several_questions_in_one_are_told_apart(question: str) -> None:
    assert parts_of(question) == SEVERAL[question]


def test_what_is_asked_again_is_asked_once() -> None:
    first, other = "日当はいくらですか?", "宿泊費の上限はいくらですか?"
    assert parts_of(f"{first}{other}{first}") == (first, other)


@pytest.mark.parametrize("question", ONE)
def test_one_question_stays_whole(question: str) -> None:
    assert parts_of(question) == ()


@dataclass
class Planted:
    """A lexical search in which each text finds rows of its own."""

    found: dict[str, Sequence[int]]
    asked: list[str] = field(default_factory=list)

    def dense(
        self, vector: npt.NDArray[np.float32], top_k: int, documents: frozenset[str] | None
    ) -> list[tuple[int, float]]:
        return []

    def lexical(
        self,
        query: str,
        top_k: int,
        documents: frozenset[str] | None,
        synonyms: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> list[tuple[int, float]]:
        self.asked.append(query)
        return [(row, 10.0 - place) for place, row in enumerate(self.found.get(query, self.found[""]))]


def rows(indexes: Planted, question: str, *, parts: bool = True, top_k: int = 6) -> list[tuple[int, float]]:
    library = FakeLibrary({row: stored(row, f"d{row}") for row in range(1, 60)})
    searching = Retriever(library, indexes, FakeEmbedder(), RetrievalSettings(parts=parts))
    hits = searching.retrieve(Query(question, top_k=top_k))
    assert [one.rank for one in hits] == list(range(1, len(hits) + 1))
    return [(one.start // 10, one.score) for one in hits]


@pytest.mark.parametrize("question", [*ONE, *SEVERAL])
def test_only_questions_for_several_things_are_searched_otherwise(question: str) -> None:
    indexes = Planted({"": [3, 1, 4, 15, 9, 2, 6]})
    same = rows(indexes, question) == rows(indexes, question, parts=False)
    assert same
    assert len(indexes.asked) == (0 if not question else 2 + len(SEVERAL.get(question, ())))


def test_each_part_gets_its_turn() -> None:
    question = "日当と宿泊費はいくらですか"
    one, other = SEVERAL[question]
    indexes = Planted({"": [1, 2, 3, 4, 5, 6], one: [10, 1, 11], other: [20, 21, 2]})
    found = rows(indexes, question, top_k=7)
    assert [row for row, _ in found] == [1, 10, 2, 20, 3, 4, 21]
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


def ranking(*chunks: str, scores: Sequence[float] = (0.9, 0.8, 0.7, 0.6)) -> list[Hit]:
    return [
        replace(hit("x", document=name, rank=rank, score=score), chunk_id=name)
        for rank, (name, score) in enumerate(zip(chunks, scores, strict=False), start=1)
    ]


def test_a_passage_that_several_find_counts_once_with_its_best_score() -> None:
    found = interleaved(ranking("a", "b"), [ranking("b", "a", scores=(0.95, 0.1))], 4)
    assert [(one.chunk_id, one.score) for one in found] == [("a", 0.9), ("b", 0.9)]


@pytest.mark.parametrize("joined_first", [True, False])
def test_a_piece_of_a_passage_that_is_there_does_not_take_another_place(joined_first: bool) -> None:
    """Neighbours are joined in each search for itself: one may have found only the first of two."""
    joined, piece = hit("一つ目。二つ目。", score=0.8), hit("二つ目。", start=4, score=0.9)
    elsewhere = hit("二つ目。", start=4, document="d2", rank=2, score=0.5)
    whole, part = ([joined], [piece]) if joined_first else ([piece], [joined])
    found = interleaved([*whole, elsewhere], [part], 3)
    assert [(one.document, one.text, one.rank) for one in found] == [
        ("d1", "一つ目。二つ目。", 1), ("d2", "二つ目。", 2),
    ]  # fmt: skip
    assert [one.score for one in found] == [0.9, 0.5]


def test_the_whole_question_keeps_its_best_passages() -> None:
    whole = ranking("a", "b", "c", "d")
    others = [ranking("e", "f", "g", "h"), ranking("i", "j", "k", "l")]
    places = [one.chunk_id for one in interleaved(whole, others, 12)]
    assert "".join(places) == "aebicfdjgkhl"
    assert interleaved(whole, [[], []], 3) == whole[:3] and interleaved([], [[], []], 3) == []
