"""What the gate asks, which sources are right, and what counts as said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gate_fakes import EXAMPLES, REFUSAL, example, fact, lines, near_miss, question

from assistant.grounding.verdicts import RuleChecker
from assistant.prompting import build_messages
from ingestion.settings import AnswerSettings
from training.errors import GateError
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.gate.evidence import right_sources, sources_of, without_markers
from training.tuning.gate.questions import (
    GeneralQuestion,
    digest,
    drawn_examples,
    general_in,
    held_out,
    read_general,
    refusal_of,
    shipped_general,
    taught_refusals,
    tells,
)

CHECKER = RuleChecker(AnswerSettings())
ONE = example(101)


def test_markers_say_which_source_is_right() -> None:
    assert right_sources(ONE, CHECKER) == {2}
    assert right_sources(replace(ONE, answer=f"{near_miss(601)} [1]"), CHECKER) == {
        1
    }  # believed: a person wrote it


def test_else_the_source_that_holds_an_accepted_string_is() -> None:
    assert right_sources(replace(ONE, answer=fact(101)), CHECKER) == {2}


def test_else_the_one_that_proves_the_answer_is() -> None:
    assert right_sources(replace(ONE, answer=fact(101), accepted=()), CHECKER) == {2}


def test_a_marker_beyond_the_sources_names_none() -> None:
    assert without_markers("12か月です。[7]", 2)[1] == frozenset()
    assert without_markers("12か月です [1]。20か月です [1, 2]。", 2) == ("12か月です。20か月です。", {1, 2})


def test_the_prompt_shows_the_evidence_as_it_is() -> None:
    messages, shown = build_messages(ONE.question, sources_of(ONE), "ja")
    assert len(shown) == 2
    wanted = ["【資料】", "[1] 保証規程", near_miss(601), "[2] 保証表", fact(101), "【資料おわり】"]
    assert messages[-1].content.splitlines() == [*wanted, "", f"質問: {question(101)}"]


def test_no_evidence_is_no_source() -> None:
    assert sources_of(TuningExample("answer", REFUSAL, "?", answerable=False)) == ()


def test_only_what_was_kept_back_is_asked_and_once() -> None:
    rows = [ONE, ONE, example(102).in_split("train"), example(103).in_split("validation")]
    rows.append(TuningExample("text", "a text", split="test"))
    assert held_out(rows) == [ONE]


def test_a_sample_keeps_the_shares_and_is_the_beginning_of_a_larger_one() -> None:
    six, nine = (drawn_examples(EXAMPLES, number, 0) for number in (6, 9))
    assert [sum(one.answerable for one in drawn) for drawn in (six, nine)] == [4, 6]
    assert nine[:6] == six
    assert set(drawn_examples(EXAMPLES, None, 0)) == set(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "accepted", "said"),
    [
        ("It is part of it.", "art", False), ("It is art.", "Art", True),
        ("Mount  Fuji!", "mount fuji", True),
        ("MountFuji", "mount fuji", False), ("Ａｕです", "Au", True), ("Because", "Au", False),
        ("富士山です。", "富士山", True), ("富 士 山", "富士山", True), ("110です", "10", False),
        ("1,000 m", "1000", True), ("the answer is 42.", "42", True), ("x", "", False),
    ],
)  # fmt: skip
def test_what_counts_as_said(text: str, accepted: str, said: bool) -> None:
    assert tells(text, accepted) is said


def test_wordings_that_examples_teach_are_refusals() -> None:
    odd = replace(example(201, answerable=False), answer="社内の文書では触れていない話です。 [1]")
    taught = taught_refusals([odd, example(202, answerable=False), ONE])
    assert taught == {"社内の文書では触れていない話です。"}
    refusing = refusal_of(taught)
    assert refusing("社内の文書では 触れていない話です。") and refusing(REFUSAL) and refusing(" ")
    assert not refusing(fact(101))
    assert not refusal_of(())("社内の文書では触れていない話です。")


def test_general_questions_are_read() -> None:
    wanted = [GeneralQuestion("a", "Capital of Japan?", ("Tokyo", "東京"), "en")]
    assert read_general(lines(wanted) + "\n", "x.jsonl") == wanted


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "x.jsonl:1"), ('{"id": "a"}', "question"), ("[]", "x.jsonl:1"),
        ('{"id": "a", "question": "?", "accepted": [], "language": "ja"}', "accepted must hold text"),
        ('{"id": "a", "question": " ", "accepted": ["x"], "language": "ja"}', "must hold text"),
        ('{"id": "a", "question": "?", "accepted": "x", "language": "ja"}', "a list of strings"),
        ('{"id": "a", "question": "?", "accepted": [3], "language": "ja"}', "must hold text"),
        ('{"id": "a", "question": "?", "accepted": ["x"], "language": "de"}', "'de'"),
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_named(line: str, said: str) -> None:
    with pytest.raises(GateError, match=said):
        read_general(line, "x.jsonl")


def test_a_folder_is_read_without_what_is_no_question(tmp_path: Path) -> None:
    first, second = (GeneralQuestion(id, "?", ("x",), "en") for id in "ab")
    (tmp_path / "general_2.jsonl").write_text(lines([first]), "utf-8")
    (tmp_path / "general_1.jsonl").write_text(lines([second]), "utf-8")
    (tmp_path / "replay.jsonl").write_text('{"question": "?", "answer": "!"}\n', "utf-8")
    assert general_in(tmp_path) == [second, first]
    assert general_in(tmp_path / "none") == []
    (tmp_path / "general_3.jsonl").write_text(lines([first]), "utf-8")
    with pytest.raises(GateError, match="the id 'a'"):
        general_in(tmp_path)


def test_a_decimal_is_held_beside_its_unit() -> None:
    assert tells("It is 4.5km.", "4.5")
    assert tells("4.5キロメートルです", "4.5")
    assert not tells("14.5km", "4.5")
    assert not tells("4.55km", "4.5")


def test_an_apostrophe_is_one_in_either_form() -> None:
    assert tells("I’m a student.", "I'm a student")


def test_the_shipped_ones_can_be_read_each_with_its_own_id() -> None:
    found = shipped_general()
    assert len({one.id for one in found}) == len(found)
    assert all(tells(accepted, accepted) for one in found for accepted in one.accepted)


def test_a_digest_is_of_all_that_is_measured_by() -> None:
    assert digest(ONE) == digest(ONE.in_split("train"))
    others = (
        replace(ONE, accepted=("12",)), replace(ONE, answerable=False),
        replace(ONE, evidence=(EvidenceText("a", "b"),)),
    )  # fmt: skip
    assert len({digest(one) for one in (ONE, *others)}) == 4
    assert digest([ONE, EXAMPLES[1]]) == digest([EXAMPLES[1], ONE])
