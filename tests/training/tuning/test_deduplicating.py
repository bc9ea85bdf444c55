"""Near-duplicates against brute force, and what makes two questions of two that look alike."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import matching
from assistant.answers import Message
from training.tuning.deduplicating import ALIKE, Duplicates, NearTexts, alike
from training.tuning.examples import TuningExample
from training.tuning.leaks import EvaluationSet, Leaks

WORDS = [
    "出張の",
    "宿泊費の",
    "上限は",
    "いくら",
    "ですか",
    "部長の",
    "承認が",
    "必要",
    "海外",
    "国内の",
    "日当",
]
texts = st.lists(st.sampled_from(WORDS), min_size=2, max_size=9).map("".join)


def shared(one: str, other: str) -> float:
    """Jaccard similarity of 3-grams, by the definition."""
    a, b = ({text[i : i + 3] for i in range(len(text) - 2)} for text in (one, other))
    return len(a & b) / len(a | b)


@settings(max_examples=40)
@given(st.lists(texts, min_size=2, max_size=12, unique=True))
def test_what_is_found_is_what_comparing_all_pairs_finds(said: list[str]) -> None:
    near = NearTexts()
    for text in said:
        near.add(text, text)
    for text in said:
        expected = {other for other in said if shared(text, other) >= ALIKE}
        assert {key for key, _, _ in near.near(text, ALIKE)} == expected


def example(question: str, answer: str = "12,000円です。[1]", **more: object) -> TuningExample:
    return replace(TuningExample("answer", answer, question), **more)  # type: ignore[arg-type]


BASE = "国内出張の宿泊費の上限は、1泊いくらまで認められますか。"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("国内出張の宿泊費の上限は１泊いくらまで認められますか？", True),
        ("国内出張の宿泊費の上限は、2泊いくらまで認められますか。", False),
        ("国内出張の宿泊費の上限は、1泊いくらまで認められませんか。", False),
        ("海外出張の日当は、1日いくらですか。", False),
    ],
)
def test_numbers_and_denials_tell_questions_apart(other: str, same: bool) -> None:
    assert alike(BASE, other) is same
    known = Duplicates()
    known.add("a", example(BASE))
    assert known.find(example(other)) == (("duplicate", "a") if same else None)


def test_another_answer_is_a_conflict_and_another_sort_is_neither() -> None:
    known = Duplicates()
    known.add("a", example(BASE))
    assert known.find(example(BASE, "1泊15,000円です。[1]")) == ("conflict", "a")
    assert known.find(example(BASE, "記載がありません。", answerable=False)) is None
    assert known.find(TuningExample("preference", "12,000円", BASE, "知りません")) is None
    pair = TuningExample("preference", "12,000円までです。", BASE, "知りません。")
    known.add("b", pair)
    assert known.find(replace(pair, answer="12,000円までです")) == ("duplicate", "b")
    assert known.find(replace(pair, rejected="9,000円です。")) is None


WHERE = "経費の申請書の提出先はどこですか。"


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("総務部です。", "経理部です。", "conflict"),
        ("はい。", "いいえ。", "conflict"),
        ("総務部です。[1]", "経費の申請書は総務部に提出します。[2]", "duplicate"),
        ("12,000円です。", "12000円です。", "duplicate"),
    ],
)
def test_another_answer_without_a_number_is_a_conflict_too(one: str, other: str, found: str) -> None:
    """Both stay candidates; a duplicate would be set aside."""
    known = Duplicates()
    known.add("a", example(WHERE, one))
    assert known.find(example(WHERE, other)) == (found, "a")


def test_who_asks_the_same_is_known_in_any_sort_of_example() -> None:
    known = Duplicates()
    chat = TuningExample(
        "chat", "", messages=(Message("user", WHERE), Message("assistant", "総務部です。" * 9))
    )
    known.add("chat", chat)
    assert known.asking_same(example(WHERE)) == chat
    assert known.asking_same(example("海外出張の日当は、1日いくらですか。")) is None
    other = Duplicates()
    other.add("a", unanswered := example(WHERE, "記載がありません。", answerable=False))
    assert other.asking_same(chat) == unanswered
    assert other.asking_same(TuningExample("text", WHERE)) is None


def test_many_questions_of_one_pattern_are_compared_in_a_moment() -> None:
    """Each shares more than half of its 3-grams with each other: taking both apart each time took minutes."""
    kinds, sorts = (
        ("冷蔵庫", "洗濯機", "掃除機", "炊飯器", "扇風機", "加湿器"),
        ("台所", "寝室", "倉庫", "工場"),
    )
    asked = [f"{sort}の{kind}の標準の保証期間は何か月ですか。" for sort in sorts for kind in kinds]
    known = Duplicates()
    known.add("warm", example("辞書を読み込むための質問は何ですか。"))
    before = matching._read.cache_info().misses
    for number, question in enumerate(asked):
        known.find(example(question))
        known.add(str(number), example(question))
    assert matching._read.cache_info().misses - before <= len(asked)


def test_chats_are_compared_as_a_whole() -> None:
    def chat(*said: str) -> TuningExample:
        roles = ("user", "assistant")
        return TuningExample(
            "chat", "", messages=tuple(Message(roles[i % 2], text) for i, text in enumerate(said))
        )  # type: ignore[arg-type]

    known = Duplicates()
    known.add("a", chat("出張の申請はいつまでですか。", "5営業日前までです。"))
    assert known.find(chat("出張の申請はいつまでですか?", "5営業日前までです")) == ("duplicate", "a")
    assert known.find(chat("有給休暇は何日もらえますか。", "10日です。")) is None


def test_questions_of_evaluations_are_leaks_in_any_kind_of_example() -> None:
    leaks = Leaks([EvaluationSet("set.jsonl", (BASE, "代休はいつまでに取りますか。"))])
    asked = "国内出張の宿泊費の上限は1泊いくらまで認められますか"
    assert leaks.find(example(asked)) == "set.jsonl"
    assert leaks.find(example(asked, "記載がありません。", answerable=False)) == "set.jsonl"
    chat = TuningExample(
        "chat", "", messages=(Message("user", f"教えてください。\n{BASE}"), Message("assistant", "はい"))
    )
    assert leaks.find(chat) == "set.jsonl"
    rest = "経費の精算は、支出の日から3か月以内に行う。領収書は、電子の画像を添えて提出する。" * 3
    assert leaks.find(TuningExample("text", f"{rest}{BASE}{rest}")) == "set.jsonl"
    assert leaks.find(TuningExample("text", rest)) is None
    assert leaks.find(example("年次有給休暇は、入社後6か月で何日もらえますか。")) is None


@pytest.mark.parametrize(
    "asked",
    [
        f"すみません、急ぎで知りたいのですが、{BASE}",
        f"教えてください。{BASE}よろしくお願いします。",
        f"【至急】\n{BASE}",
    ],
)
def test_polite_words_around_a_question_hide_no_leak(asked: str) -> None:
    leaks = Leaks([EvaluationSet("set.jsonl", (BASE, "締切は？"))])
    assert leaks.find(example(asked)) == "set.jsonl"
    assert leaks.find(example("出張の申請の締切はいつですか。")) is None


def test_earlier_turns_of_a_preference_are_looked_at() -> None:
    turns = (
        Message("user", BASE),
        Message("assistant", "12,000円です。"),
        Message("user", "それは税込みですか。"),
    )
    pair = TuningExample("preference", "はい。", "それは税込みですか。", "いいえ。", messages=turns)
    assert Leaks([EvaluationSet("set.jsonl", (BASE,))]).find(pair) == "set.jsonl"


def test_signs_and_width_do_not_count_but_digits_do() -> None:
    assert alike("ＵＳＢメモリは使えますか？", "usbメモリは 使えますか")
    numbers = [re.findall(r"\d+", unicodedata.normalize("NFKC", text)) for text in ("１２", "12")]
    assert numbers[0] == numbers[1] and alike("第１２条の内容は何ですか", "第12条の内容は何ですか")
