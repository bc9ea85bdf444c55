"""Files of examples against a second reading of the same file, and rows that name what is wrong with them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answers import Message
from training.errors import ExampleError
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.exporting import FORMS, export_rows
from training.tuning.importing import parse

SAID = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\x85"),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip() == text and text.strip("|\ufeff") == text)


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


@settings(max_examples=30)
@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=5))
def test_csv_says_what_the_csv_module_reads(pairs: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("質問", "回答"), *pairs])
    parsed = parse("qa.csv", file.getvalue().encode("utf-8-sig"))
    again = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    assert parsed.form == "table" and parsed.failed == ()
    assert [(one.question, one.answer) for _, one in parsed.examples] == [
        (row["質問"], row["回答"]) for row in again
    ]
    assert [number for number, _ in parsed.examples] == list(range(2, len(pairs) + 2))


def book(*rows: tuple[Any, ...]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def test_excel_says_what_openpyxl_reads() -> None:
    data = book(
        ("No", "質問", "回答", "根拠", "出典", "回答可否", "正解"),
        (
            1,
            "上限は？",
            "12,000円です。\n1名あたり。",
            "1人1回１２，０００円",
            "規程 第3条",
            "はい",
            "12,000円|1万2千円",
        ),
        (None, None, None, None, None, None, None),
        (2, "育休は？", "記載がありません。", "年次有給休暇", "", "いいえ", ""),
    )
    parsed = parse("qa.xlsx", data)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    told = [[cell or "" for cell in row] for row in sheet.iter_rows(min_row=2, values_only=True) if row[0]]
    assert [(one.question, one.answer, one.evidence[0].text) for _, one in parsed.examples] == [
        (row[1], row[2], row[3]) for row in told
    ]
    (first, example), (second, unanswered) = parsed.examples
    assert (first, second) == (2, 4)
    assert example.accepted == ("12,000円", "1万2千円") and example.evidence[0].heading == "規程 第3条"
    assert (example.answerable, unanswered.answerable) == (True, False)


def test_legacy_encodings_are_read() -> None:
    text = "質問,回答\r\n宿泊費の上限はいくらですか,一泊一万二千円までです\r\n"
    (found,) = parse("qa.csv", text.encode("cp932")).examples
    assert found[1].question == "宿泊費の上限はいくらですか"


OWN = TuningExample(
    "answer", "12,000円です。[1]", "上限は？", evidence=(EvidenceText("規程", "12,000円まで", "d", 3, 9, 1),),
    accepted=("12,000円",), documents=("d",), group="d", type="number", licence="CC0",
)  # fmt: skip
PAIR = TuningExample("preference", "はい。", "可能ですか？", "いいえ。", language="ja")


def test_our_own_rows_come_back_as_they_were() -> None:
    rows, left_out = export_rows([OWN, PAIR, TuningExample("text", "本文")], "konkyo")
    parsed = parse("own.jsonl", lines(*rows))
    assert left_out == 0 and parsed.form == "konkyo" and parsed.failed == ()
    (_, first), (_, second), (_, third) = parsed.examples
    assert first.origin == "import:own.jsonl" and first.licence == "CC0"
    assert [one.id for one in (first, second, third)] == [row["id"] for row in rows]


@pytest.mark.parametrize("form", FORMS[1:])
def test_other_forms_hold_the_same_words(form: Any) -> None:
    rows, left_out = export_rows([OWN, PAIR, TuningExample("text", "本文")], form)
    assert left_out == 1
    parsed = parse("out.jsonl", lines(*rows))
    (_, chat), (_, pair) = parsed.examples
    assert chat.messages[-1].content == OWN.answer
    assert all(text in chat.messages[0].content for text in ("12,000円まで", "規程", "上限は？", "[1]"))
    assert (pair.question, pair.answer, pair.rejected) == ("可能ですか？", "はい。", "いいえ。")


USER, GOOD, BAD = ({"role": "user", "content": "可？"}, {"role": "assistant", "content": "可。"},
                   {"role": "assistant", "content": "否。"})  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "可？", "chosen": "可。", "rejected": "否。"},
        {"question": "可？", "chosen": "可。", "rejected": "否。"},
        {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]},
        {"chosen": [USER, GOOD], "rejected": [USER, BAD]},
    ],
)
def test_every_way_to_write_a_preference_is_one(row: dict[str, Any]) -> None:
    parsed = parse("pairs.jsonl", lines(row))
    ((_, one),) = parsed.examples
    assert parsed.form == "preference"
    assert (one.kind, one.question, one.answer, one.rejected) == ("preference", "可？", "可。", "否。")


def test_earlier_turns_of_a_preference_are_kept() -> None:
    turns = [{"role": "system", "content": "短く"}, USER]
    ((_, one),) = parse(
        "pairs.jsonl", lines({"prompt": turns, "chosen": "可。", "rejected": "否。"})
    ).examples
    assert one.messages == (Message("system", "短く"), Message("user", "可？")) and one.question == "可？"


GOOD_ROWS = {
    "alpaca": {"instruction": "要約せよ", "input": "", "output": "短文"},
    "sharegpt": {"conversations": [{"from": "human", "value": "問"}, {"from": "gpt", "value": "答"}]},
    "messages": {"messages": [USER, GOOD]},
    "preference": {"prompt": "可？", "chosen": "可。", "rejected": "否。"},
    "konkyo": {"kind": "answer", "question": "問", "answer": "答"},
}


@pytest.mark.parametrize(
    ("form", "row", "field"),
    [
        ("alpaca", {"instruction": "要約せよ"}, "output"),
        ("alpaca", {"output": "短文"}, "instruction"),
        ("alpaca", {"instruction": 3, "output": "短文"}, "instruction"),
        ("sharegpt", {"conversations": [{"from": "robot", "value": "問"}]}, "conversations[0].from"),
        ("messages", {"messages": [{"role": "user"}]}, "messages[0].content"),
        ("messages", {"messages": "問"}, "messages"),
        ("preference", {"prompt": "可？", "chosen": "可。"}, "rejected"),
        ("preference", {"prompt": "可？", "chosen": "同じ", "rejected": "同じ"}, "rejected"),
        ("preference", {"prompt": [GOOD], "chosen": "可。", "rejected": "否。"}, "prompt"),
        ("konkyo", {"kind": "answer", "answer": "答"}, "question"),
        ("konkyo", {"kind": "answer", "question": "問", "answer": "答", "answerable": "no"}, "answerable"),
        ("konkyo", {"kind": "answer", "question": "問", "answer": "答", "evidence": [{"text": "x"}]},
         "evidence[0]"),
        ("konkyo", {"kind": "answer", "question": "問", "answer": "答", "colour": 1}, "colour"),
        ("konkyo", {"kind": "answer", "question": 5, "answer": "答"}, "question"),
    ],
)  # fmt: skip
def test_a_bad_row_names_its_field_and_stops_no_other(form: str, row: dict[str, Any], field: str) -> None:
    parsed = parse("rows.jsonl", lines(GOOD_ROWS[form], row, GOOD_ROWS[form]))
    assert parsed.form == form
    assert [number for number, _ in parsed.examples] == [1, 3]
    ((number, named),) = [(one.row, one.field) for one in parsed.failed]
    assert (number, named) == (2, field)


def test_lines_that_are_no_json_and_tables_with_gaps_are_listed() -> None:
    parsed = parse("rows.jsonl", lines(GOOD_ROWS["alpaca"]) + b"{oops\n[1]\n\n" + lines(GOOD_ROWS["alpaca"]))
    assert [one.row for one in parsed.failed] == [2, 3] and [n for n, _ in parsed.examples] == [1, 5]
    table = "質問,回答,回答可否\n問,,はい\n問,答,たぶん\n問,答,はい,余り\n問,答,はい\n"
    parsed = parse("qa.csv", table.encode())
    assert [(one.row, one.field) for one in parsed.failed] == [(2, "回答"), (3, "回答可否"), (4, "")]
    assert [number for number, _ in parsed.examples] == [5]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", b"%PDF", "no file of examples"), ("a.jsonl", b"", "holds no example"),
        ("a.jsonl", b'{"colour": 1}', "colour"), ("a.json", b"[", "not JSON"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "no column for the question: it has 甲, 乙"),
        ("a.csv", "質問,質問\n1,2\n".encode(), "two columns"), ("a.xlsx", b"PK", "cannot be read"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_says_why(name: str, data: bytes, said: str) -> None:
    with pytest.raises(ExampleError, match=said):
        parse(name, data)


def test_a_json_list_counts_from_one() -> None:
    data = json.dumps([GOOD_ROWS["alpaca"], 3, GOOD_ROWS["alpaca"]]).encode()
    parsed = parse("rows.json", data)
    assert ([number for number, _ in parsed.examples], parsed.failed[0].row) == ([1, 3], 2)
