"""Files as people really have them: titles above tables, open quotations, broken characters, odd fields."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest

from training.errors import ExampleError
from training.tuning.importing import Parsed, parse

BLANK = {"role": "assistant", "content": " "}
GOOD = {"instruction": "要約せよ", "output": "短文"}


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def pairs(parsed: Parsed) -> list[tuple[int, str, str]]:
    return [(number, one.question, one.answer) for number, one in parsed.examples]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932", "utf-16"])
def test_titles_above_a_table_are_no_columns(encoding: str) -> None:
    table = "社内のよくある質問,,\n更新日,2026-11-01,\n\n番号,質問,回答\n1,宿泊費の上限は？,一万円です\n"
    assert pairs(parse("qa.csv", table.encode(encoding))) == [(5, "宿泊費の上限は？", "一万円です")]


def test_titles_above_a_sheet_are_no_columns() -> None:
    made = openpyxl.Workbook()
    for row in (("社内のよくある質問",), (), ("質問", "回答"), ("上限は？", "一万円です")):
        made.active.append(row)
    file = io.BytesIO()
    made.save(file)
    assert pairs(parse("qa.xlsx", file.getvalue())) == [(4, "上限は？", "一万円です")]


def test_a_quotation_that_is_never_closed_swallows_no_other_row() -> None:
    table = '質問,回答\n問1,"答1\n二行目"\n問2,"答2\n問3,答3\n問4,答4\n'
    parsed = parse("qa.csv", table.encode())
    assert [(one.row, one.reason) for one in parsed.failed] == [(3, "a quotation mark in it is never closed")]
    assert pairs(parsed) == [(2, "問1", "答1\n二行目"), (4, "問3", "答3"), (5, "問4", "答4")]


def test_a_quotation_that_is_closed_at_the_end_of_the_file_is_read() -> None:
    said = [("問1", "一行目\n二行目"), ("問2", 'かぎ"かっこ"\n')]
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("質問", "回答"), *said])
    parsed = parse("qa.csv", file.getvalue().rstrip("\r\n").encode())
    assert [(one.question, one.answer) for _, one in parsed.examples] == [
        (question, answer.strip()) for question, answer in said
    ]


def test_a_long_cell_is_read() -> None:
    long = "長い回答。" * 250_000
    parsed = parse("qa.tsv", f"質問\t回答\n問1\t{long}\n問2\t答2\n".encode())
    assert [len(one.answer) for _, one in parsed.examples] == [len(long), 2]


def test_a_number_of_five_thousand_digits_costs_its_row_only() -> None:
    bad = b'{"instruction": "x", "output": ' + b"9" * 5000 + b"}\n"
    parsed = parse("rows.jsonl", lines(GOOD) + bad + lines(GOOD))
    assert [one.row for one in parsed.failed] == [2] and len(parsed.examples) == 2
    with pytest.raises(ExampleError, match="not JSON"):
        parse("rows.json", b"[" + bad.strip() + b"]")


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_half_a_character_does_not_stop_the_file(name: str) -> None:
    row = b'{"instruction": "\\ud83d", "output": "\\u7b54"}'
    ((_, one),) = parse(name, row if name.endswith("l") else b"[" + row + b"]").examples
    assert [each.content for each in one.messages] == ["?", "答"] and len(one.id) == 16


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"kind": "answer", "question": "問", "answer": "答",
          "evidence": [{"heading": "h", "text": "t", "url": "x"}]}, "evidence[0].url", "unknown field 'url'"),
        ({"kind": "chat", "messages": [{"role": "user", "content": "問"}]}, "messages", "end with the"),
        ({"kind": "chat", "messages": [{"role": "user", "content": "問"}, BLANK]}, "messages", "blank"),
    ],
)  # fmt: skip
def test_rows_of_our_own_form_are_checked_as_the_others(row: Any, field: str, reason: str) -> None:
    (failed,) = parse("own.jsonl", lines({"kind": "text", "answer": "本文"}, row)).failed
    assert (failed.row, failed.field) == (2, field) and reason in failed.reason


def test_a_field_named_kind_makes_no_row_ours() -> None:
    parsed = parse("rows.jsonl", lines({**GOOD, "kind": "qa"}))
    assert parsed.form == "alpaca" and parsed.failed == ()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", lines({"prompt": "問", "chosen": "可", "rejected": "否", "licence": "CC-BY-4.0"})),
        ("a.jsonl", lines({**GOOD, "license": "CC-BY-4.0"})),
        ("a.csv", "質問,回答,ライセンス\n問,答,CC-BY-4.0\n".encode()),
    ],
)
def test_a_row_keeps_its_own_licence(name: str, data: bytes) -> None:
    ((_, one),) = parse(name, data, licence="CC0-1.0").examples
    assert one.licence == "CC-BY-4.0"
