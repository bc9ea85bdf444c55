from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.cross_fitting import half_of
from assistant.evaluation.datasets import Dataset, Question
from assistant.evaluation.retrieval import Candidates, collect, evaluated, measure, rank_items, select

ITEMS = {row: (f"{row // 4}.pdf", row % 4 + 1) for row in range(16)}


def question(number: int, target: tuple[str, int] = ("0.pdf", 1), kind: str = "table") -> Question:
    return Question(str(number), f"question {number}", target, kind)


def planted(count: int, seed: int = 0) -> tuple[list[Question], list[Candidates]]:
    """Both searches see the target through their own noise, so that together they see it best."""
    generator = np.random.default_rng(seed)
    questions, found = [], []
    for number in range(count):
        target = int(generator.integers(16))
        truth = np.zeros(16)
        truth[target] = 1.0
        lists = []
        for _ in range(2):
            scores = truth + generator.normal(0, 0.45, 16)
            lists.append([(int(row), float(scores[row])) for row in np.argsort(-scores)])
        questions.append(question(number, ITEMS[target], "table" if number % 3 else "figure"))
        found.append(Candidates(lists[0], lists[1], ITEMS))
    return questions, found


def test_a_page_ranks_by_its_best_chunk_and_foreign_rows_fall_out() -> None:
    items = {1: ("a", 1), 2: ("a", 1), 3: ("b", 1)}
    assert rank_items([(9, 1.0), (2, 0.9), (3, 0.5), (1, 0.4)], items) == [("a", 1), ("b", 1)]


def test_measures_of_a_page_worked_out_by_hand() -> None:
    ranking = [("a", 2), ("a", 1), ("b", 7)]
    assert measure("pdf", ranking, ("b", 7)) == {
        "file_hit@1": 0.0, "page_hit@1": 0.0, "page_hit@5": 1.0, "page_hit@10": 1.0,
        "mrr@10": pytest.approx(1 / 3),
    }  # fmt: skip
    assert measure("pdf", ranking, ("a", 1))["file_hit@1"] == 1.0
    assert measure("passage", [("p", 0)], ("p", 0)) == {
        "recall@1": 1.0, "recall@5": 1.0, "recall@10": 1.0, "mrr@10": 1.0, "ndcg@10": 1.0,
    }  # fmt: skip


def test_hybrid_of_two_independent_searches_beats_both_and_the_interval_says_so() -> None:
    questions, found = planted(400)
    result = evaluated("pdf", questions, found).value
    for other in ("dense", "lexical"):
        single = evaluated("pdf", questions, found, mode=other).value
        assert single["all"]["n"] == 400
        compared = result["comparisons"][other]["mrr@10"]
        assert compared["mean"] == pytest.approx(result["all"]["mrr@10"] - single["all"]["mrr@10"], abs=2e-4)
        assert compared["low"] > 0
    assert all(0.3 <= weight <= 0.7 for weight in result["weights"].values())
    assert result["ci"]["mrr@10"]["low"] < result["all"]["mrr@10"] < result["ci"]["mrr@10"]["high"]
    assert list(result)[:2] == ["mode", "weights"]


def test_types_and_halves_partition_the_questions() -> None:
    questions, found = planted(120)
    whole = evaluated("pdf", questions, found).value
    assert sum(part["n"] for part in whole["by_type"].values()) == 120
    halves = {split: evaluated("pdf", questions, found, split=split).value["all"] for split in ("a", "b")}
    total = sum(part["n"] * part["mrr@10"] for part in halves.values())
    assert total / 120 == pytest.approx(whole["all"]["mrr@10"], abs=1e-4)


def test_a_useless_search_gets_no_weight() -> None:
    questions, found = planted(200)
    reversed_dense = [Candidates([(r, -s) for r, s in reversed(c.dense)], c.lexical, c.items) for c in found]
    result = evaluated("pdf", questions, reversed_dense).value
    assert max(result["weights"].values()) <= 0.2


def test_single_modes_rank_by_their_own_scores() -> None:
    found = [Candidates([(1, 0.9), (0, 0.8)], [(0, 7.0)], ITEMS)]
    dense = evaluated("passage", [question(1, ITEMS[0])], found, mode="dense").value
    lexical = evaluated("passage", [question(1, ITEMS[0])], found, mode="lexical").value
    assert (dense["all"]["recall@1"], lexical["all"]["recall@1"]) == (0.0, 1.0)
    assert "by_type" not in dense
    assert lexical["weights"] == {"a": 0.0, "b": 0.0}


def test_one_half_still_searches_the_other_to_fit_its_weight() -> None:
    dataset = Dataset("pdf", Path("d"), tuple(question(number) for number in range(40)), "digest")
    chosen = select(dataset, "a", 5)
    assert [half_of(q.id) for q in chosen] == ["a"] * 5 + ["b"] * 5
    assert select(dataset, "all", 3) == list(dataset.questions[:3])
    with pytest.raises(EvaluationError, match="no question"):
        select(Dataset("pdf", Path("d"), (), "digest"), "all", None)


def test_every_question_is_searched_once_and_progress_is_told() -> None:
    seen, steps = [], []

    def find(text: str) -> Candidates:
        seen.append(text)
        return Candidates([], [], {})

    collect([question(1), question(2)], find, lambda done, total: steps.append((done, total)))
    assert seen == ["question 1", "question 2"]
    assert steps == [(1, 2), (2, 2)]
