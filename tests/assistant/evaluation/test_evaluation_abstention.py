from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering_model import log_odds, together
from assistant.errors import EvaluationError
from assistant.evaluation.abstention import AbstentionRow, evaluate_abstention, read_rows
from assistant.evaluation.ranking_curves import auroc, rates_at
from assistant.reranking import Relevance

RULE = "宿泊費の上限は、一般社員は1泊12,000円とする。"


class SaysSo:
    """A passage answers when it holds 円."""

    name, weight = "says so", 0.5

    def rerank(self, query: str, passages: Sequence[str]) -> list[Relevance]:
        return [Relevance(0.5, 0.99 if "円" in text else 0.01) for text in passages]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_auroc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, bool]]) -> None:
    yes = [score for score, label in rows if label]
    no = [score for score, label in rows if not label]
    scores, labels = [float(score) for score, _ in rows], [label for _, label in rows]
    if not yes or not no:
        with pytest.raises(ValueError, match="both classes"):
            auroc(scores, labels)
        return
    right = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    assert auroc(scores, labels) == pytest.approx(right / (len(yes) * len(no)))


def test_rates_by_hand() -> None:
    scores, labels = [0.9, 0.5, 0.4, 0.1], [True, False, True, False]
    assert rates_at(scores, labels, 0.5) == (0.5, 0.5)
    assert rates_at(scores, labels, 0.0) == (1.0, 0.0)
    assert rates_at([0.7], [True], 0.5) == (0.0, 0.0)


def test_model_and_rules_are_put_together_and_either_moves_the_score() -> None:
    assert together(0.6, []) == 0.6
    assert together(0.6, [None]) == 0.6
    assert together(0.0, [0.9]) == 0.0
    assert together(0.6, [0.2, 0.9]) == together(0.6, [0.9, None])
    assert together(0.3, [0.9]) < together(0.6, [0.9]) < together(0.6, [0.95])
    assert log_odds(0.5) == 0.0
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))


def test_questions_are_told_apart_and_counted() -> None:
    rows = [
        AbstentionRow("1", "宿泊費の上限はいくらですか？", ("会社の沿革。", RULE), True),
        AbstentionRow("2", "宿泊費の上限はいくらですか？", ("宿泊費の上限は別に定める。",), False),
        AbstentionRow("3", "宿泊費の上限はいくらですか？", (), False),
    ]
    told: list[tuple[int, int]] = []
    found = evaluate_abstention(rows, SaysSo(), 0.5, lambda done, total: told.append((done, total)))
    assert (found["n"], found["answerable"], found["auroc"]) == (3, 1, 1.0)
    assert (found["false_answers"], found["false_refusals"]) == (0.0, 0.0)
    assert found["reranker"] == "says so"
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [point["false_refusals"] for point in found["curve"]] == sorted(
        point["false_refusals"] for point in found["curve"]
    )
    alone = evaluate_abstention(rows[1:], None, 0.5, lambda done, total: None)
    assert alone["auroc"] is None
    assert alone["reranker"] is None


def test_both_layouts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [
        {"id": 1, "question": "a", "contexts": ["x"], "answerable": True},
        {"id": 2, "question": "b", "contexts": ["y", "z"], "gold_answers_absent": ["w"]},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    assert read_rows(path) == [
        AbstentionRow("1", "a", ("x",), True), AbstentionRow("2", "b", ("y", "z"), False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": "a", "contexts": ["x"]}', "answerable is None"),
        ('{"question": "a", "contexts": "x", "answerable": true}', "contexts a list"),
        ('{"question": "a", "contexts": [1], "answerable": true}', "list of strings"),
        ("", "holds no questions"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(line, "utf-8")
    with pytest.raises(EvaluationError, match=said):
        read_rows(path)


def test_a_question_without_an_id_is_called_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    row = {"question": "q", "contexts": [], "answerable": False}
    path.write_text(
        "".join(json.dumps({**row, **id}) + "\n" for id in ({"id": 9}, {"id": None}, {})), "utf-8"
    )
    assert [row.id for row in read_rows(path)] == ["9", "2", "3"]
