from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["休暇は10日とする。", "ただし、例外がある。"],
        ["本当ですか?", "はい、本当です!", "そうですか。"],
        ["彼は「行く。」と言った。", "私は残った。"],
        ["「はい。」", "「いいえ。」", "彼女は黙った。"],
        ["『規程(以下「本規程」という。)は、別に定める。』とある。", "以上。"],
        ["従業員(パートを除く。)は、届け出る。", "(注1を参照。)", "次に進む。"],
        ["Yahoo!ニュースで読んだ。", "驚いた!!", "終わり。"],
        ["価格は3.5万円です。", "型番はNo. 5です。"],
        ["Mr. Smith arrived at 3.30 p.m. on Monday.", "He met Dr. Brown, e.g. for lunch.", "It was fun."],
        ["See Fig. 3 and Sec. 4.2 for details.", "Version 2.0.1 is out.", "J. R. Brown wrote it."],
        ["It costs $3.50.", "Is that all?", "Yes!", '"Really?"', "She left."],
        ["待って...そして行った。", "よし。"],
        ["Wait... what happened?", "Nothing."],
    ],
)
def test_running_text(expected: list[str]) -> None:
    english = expected[0].isascii()
    assert sentences((" " if english else "").join(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. 目的\n2. 範囲\n", ["1. 目的", "2. 範囲"]),
        ("・りんご\n・みかん\n\n以上", ["・りんご", "・みかん", "以上"]),
        ("第1条 この規程は定める。\n第2条 適用する。", ["第1条 この規程は定める。", "第2条 適用する。"]),
        ("A | B\n1 | 2", ["A | B", "1 | 2"]),
        (
            "This line is wrapped by a mail program because it is longer\n"
            "than the window. The next one is not.",
            [
                "This line is wrapped by a mail program because it is longer\nthan the window.",
                "The next one is not.",
            ],
        ),
        (
            "この文は電子メールの作成ソフトによって三十五文字ごとに折り返されているので、\nここまでが一つの文である。次の文。",
            [
                "この文は電子メールの作成ソフトによって三十五文字ごとに折り返されているので、\nここまでが一つの文である。",
                "次の文。",
            ],
        ),
        ("見出し\n本文はここから始まる。", ["見出し", "本文はここから始まる。"]),
        ("である.次に、3.5倍とする.", ["である.", "次に、3.5倍とする."]),
        ("「閉じない括弧。次の文。", ["「閉じない括弧。", "次の文。"]),
        ("   \n\n ", []),
        ("", []),
    ],
)
def test_lines_and_lists(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


PIECES = st.sampled_from(
    [*"あ漢aZ1。！？!?.「」()（）\n 、…・|\"'", "Mr.", "No. ", "\n\n", "第1条", "3.5", "\u3000"]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_every_visible_character_is_in_one_sentence(text: str) -> None:
    spans = split_sentences(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert all(text[s.start : s.end] == text[s.start : s.end].strip() != "" for s in spans)
    assert "".join("".join(text[s.start : s.end].split()) for s in spans) == "".join(text.split())


def test_rows_of_a_table_stay_apart() -> None:
    rows = [
        "会議費(社外) 社外の者を交えた会議の茶菓、弁当 1人1回 3,000円 課長",
        "接待交際費 取引先との会食 1人1回 12,000円 部長(事前申請)",
    ]
    text = "\n".join(rows)
    assert [text[span.start : span.end] for span in split_sentences(text)] == rows
