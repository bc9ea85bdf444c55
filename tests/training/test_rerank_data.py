"""What the reranker learns from: only what may be learnt, and groups whose misses lack the answer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch

from training.errors import TrainingDataError
from training.made_questions import make_questions
from training.passages import (
    AnsweredQuestion,
    Passage,
    Passages,
    is_validation,
    load_passages,
    may_be_learnt,
    plain_title,
)
from training.rerank_groups import GroupSizes, make_groups, without_answer
from training.rerank_loop import loss_of

TEXT = (
    "旅費規程は2010年に定められた。宿泊費の上限は一泊12,000円である。日当は2,500円を支給する。"
    "出張の申請は三日前までに上長へ行う。"
)


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty articles of two passages; article 0 and the passage of article 1 are tested elsewhere."""
    corpus: list[dict[str, object]] = [
        {"doc_id": f"{i}-{j}", "title": f"記事{i}", "text": f"記事{i}の{j}番目。答えは{i * 10 + j}番である。"}
        for i in range(40)
        for j in range(2)
    ]
    write(tmp_path / "jaquad" / "corpus.jsonl", corpus)
    asked = [
        {"id": f"q{i}", "question": f"記事{i}の答えは何番か?", "answers": [f"{i * 10}番"],
         "answer_start": [0], "doc_id": f"{i}-0"}
        for i in range(40)
    ]  # fmt: skip
    write(tmp_path / "jaquad" / "qa.jsonl", list(asked))
    tested = [
        {"id": "u", "question": "記事2の答えは何番か?", "title": "記事0",
         "contexts": [str(corpus[2]["text"])], "gold_doc_id_removed": "0-0"}
    ]  # fmt: skip
    write(tmp_path / "unanswerable" / "rows.jsonl", list(tested))
    return tmp_path


def test_nothing_is_learnt_from_that_is_tested(data: Path) -> None:
    found = load_passages(data)
    assert found.passages
    for passage in found.passages:
        assert int.from_bytes(hashlib.sha256(passage.text.encode()).digest(), "big") % 5 != 0
        assert may_be_learnt(passage.text)
        assert passage.title not in ("記事0", "記事1")  # of a removed gold, and of a near miss
    questions = [*found.questions, *found.validation]
    assert questions
    assert "記事2の答えは何番か?" not in [one.text for one in questions]
    assert all(one.passage in found.passages for one in questions)
    assert all(one.answer == f"{int(one.passage.id.split('-')[0]) * 10}番" for one in questions)
    assert {is_validation(one.passage.title) for one in found.validation} <= {True}
    assert {is_validation(one.passage.title) for one in found.questions} <= {False}


def test_a_folder_without_passages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"corpus\.jsonl is missing"):
        load_passages(tmp_path)


def test_titles_are_read_from_addresses() -> None:
    assert plain_title("https://ja.wikipedia.org/wiki/%E6%9D%B1_%28x%29") == "東 (x)"
    assert plain_title("東大寺") == "東大寺"


def source() -> tuple[Passages, AnsweredQuestion]:
    gold = Passage("g", "旅費規程", TEXT)
    others = [
        Passage(
            f"o{i}",
            "旅費規程" if i % 2 else "就業規則",
            f"第{i}の話である。休暇は{i}日を与える。申請は{i}日前まで。",
        )
        for i in range(12)
    ]
    telling = Passage("t", "旅費規程", "別の箇所にも、宿泊費は12,000円とある。")
    start = TEXT.index("12,000円")
    question = AnsweredQuestion("q", "宿泊費の上限はいくらですか?", gold, start, start + len("12,000円"))
    return Passages((gold, telling, *others), (question,)), question


@pytest.mark.parametrize("seed", range(30))
def test_only_the_gold_passage_holds_the_answer(seed: int) -> None:
    passages, question = source()
    near = {"q": ["t", "g", "o0", "o1", "o2", "unknown"]}
    (group,) = make_groups([question], passages, near, seed, GroupSizes(near=2, article=1, made=0))
    first, *rest = group.candidates
    assert first.kind == "gold"
    assert first.answers
    assert "12,000円" in first.text
    assert {one.kind for one in rest} == {"cut", "near", "article"}
    for one in rest:
        assert not one.answers
        assert "12,000円" not in one.text
    again = next(iter(make_groups([question], passages, near, seed, GroupSizes(near=2, article=1, made=0))))
    assert again == group


def test_the_cut_passage_keeps_every_other_sentence_as_it_was() -> None:
    _, question = source()
    assert without_answer(question) == TEXT.replace("宿泊費の上限は一泊12,000円である。", "")


def test_questions_are_made_from_dates_and_counts() -> None:
    text = (
        "旅費規程の初版は東京の本社で2010年4月に定められた。また、1999年に書かれた。"
        "研修の会場となった建物の大広間には椅子が350個ある。"
    )
    found = list(make_questions(text))
    assert [text[one.start : one.end] for one in found] == ["2010年4月", "350個"]
    assert [one.text for one in found] == [
        "旅費規程の初版は東京の本社でいつ定められたか?",
        "研修の会場となった建物の大広間には椅子が何個あるのですか?",
    ]


def test_the_loss_falls_when_the_gold_passage_leads_and_is_worked_out_by_hand() -> None:
    even = torch.zeros(3, 2)
    log2, log3 = float(torch.log(torch.tensor(2.0))), float(torch.log(torch.tensor(3.0)))
    kinds = [("gold", "near", "article")]
    # three equal passages; binary cross entropy of ln 2 each, the yes counted twice
    assert float(loss_of(even, kinds)) == pytest.approx(log3 + (2 + 1 + 1) * log2 / 3)  # type: ignore[arg-type]
    right = torch.tensor([[3.0, 3.0], [-3.0, -3.0], [-3.0, -3.0]])
    assert float(loss_of(right, kinds)) < 0.2 < float(loss_of(-right, kinds))  # type: ignore[arg-type]
    cut = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 0.0]])  # a cut twin is no miss of the gold passage
    with_cut = float(loss_of(cut, [("gold", "cut", "near")]))
    assert with_cut == pytest.approx(log2 + 0.3 * 0.0001234 + (2 + 1 + 1) * log2 / 3, abs=1e-4)
