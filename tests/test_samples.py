"""The samples hold what their questions say: the answers where they should be, the unanswerable nowhere."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.containing import contains
from assistant.evaluation.samples import load_questions
from ingestion.chunking import chunk_document
from ingestion.documents import Document
from ingestion.readers import read, supported

SAMPLES = Path(__file__).parents[1] / "samples" / "documents"
QUESTIONS_FILE = SAMPLES.parent / "questions.jsonl"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in QUESTIONS_FILE.read_text("utf-8").splitlines()
]
ANSWERABLE = [row for row in QUESTIONS if row["answerable"]]
UNANSWERABLE = [row for row in QUESTIONS if not row["answerable"]]
FILES = sorted(SAMPLES.iterdir())

# A sentence of each document as its author wrote it, so that a wrong encoding or a lost table is noticed.
PLANTED = {
    "Employee_Handbook.docx": "Lunch with your buddy is paid by the company once a month",
    "MP-300取扱説明書.pdf": "D種接地工事を行ったコンセントに接続してください",
    "MP-500開発会議_議事録.md": "ギヤの研削と吸音材の両方を採用する",
    "SB-2025-07_Service_Bulletin.pdf": "Pumps in PVDF or stainless steel are not concerned.",
    "よくある質問.html": "軽音楽部",
    "会社概要.pptx": "契約社員とパートタイマーを含めると503名",
    "価格表_2025年度.xlsx": "営業本部長",
    "出張旅費規程.md": "15日目から日当を2割減額し",
    "品質マニュアル.txt": "国家標準にトレーサブルな校正",
    "品質会議議事録_2025-09-12.txt": "リフロー炉の温度プロファイルを見直していなかった",
    "夏季休業のお知らせ.txt": "全館が停電します",
    "就業規則.docx": "諭旨退職及び懲戒解雇",
    "創業の心得.pdf": "叱られはしなかったが、その一枚を今も机の引き出しに入れている",
    "安全衛生委員会議事録.pdf": "資材倉庫の通路の幅を2.4メートルから3.0メートルに広げる工事",
    "情報セキュリティポリシー.pdf": "早く知らせた者を責めてはならない",
    "納期変更のご連絡.eml": "水晶振動子の入荷が遅れているため",
    "経費精算規程.pdf": "二次会の費用は、会社の経費として認めない",
    "部品表.csv": "PTFE/EPDM φ125",
}


@cache
def document(name: str) -> Document:
    return read(SAMPLES / name)


def flat(text: str) -> str:
    """Without white space and differences of width: a PDF breaks lines inside sentences."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def page_texts(name: str) -> dict[int, str]:
    found = document(name)
    return {page.number: found.text[page.start : page.end] for page in found.pages}


def test_the_samples_are_as_many_as_they_should_be() -> None:
    assert len(FILES) >= 12
    assert (len(QUESTIONS), len(UNANSWERABLE)) == (32, 8)
    assert sum(row["language"] == "en" for row in ANSWERABLE) == 4
    assert len({row["id"] for row in QUESTIONS}) == len({row["question"] for row in QUESTIONS}) == 32


def test_evaluation_reads_the_questions() -> None:
    assert [question.id for question in load_questions(QUESTIONS_FILE)] == [row["id"] for row in QUESTIONS]


def test_every_document_has_a_planted_sentence() -> None:
    assert {unicodedata.normalize("NFC", path.name) for path in FILES} == PLANTED.keys()


def test_every_sample_can_be_read() -> None:
    """So that the first run of a new user ends without a failed file."""
    assert [path.name for path in FILES if not supported(path)] == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_sample_reads_as_it_was_written(name: str) -> None:
    assert flat(PLANTED[name]) in flat(document(name).text)
    assert document(name).warnings == ()


def test_the_legacy_samples_are_really_legacy() -> None:
    """Otherwise they would prove nothing about decoding."""
    for name, encoding in {"部品表.csv": "cp932", "品質マニュアル.txt": "euc_jp"}.items():
        data = (SAMPLES / name).read_bytes()
        data.decode(encoding)
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")
    assert (SAMPLES / "夏季休業のお知らせ.txt").read_bytes()[:2] == b"\xff\xfe"
    assert b'charset="iso-2022-jp"' in (SAMPLES / "納期変更のご連絡.eml").read_bytes()


def test_one_sample_is_a_picture_and_one_is_written_vertically() -> None:
    scanned, vertical = document("安全衛生委員会議事録.pdf"), document("創業の心得.pdf")
    assert {line.page for line in scanned.recognised} == {1} and not vertical.recognised
    order = [vertical.text.index(word) for word in ("はかること", "水道局", "おくること", "初代社長")]
    assert order == sorted(order)


def test_the_samples_are_large_enough_to_search() -> None:
    chunks = [chunk for name in PLANTED for chunk in chunk_document(document(name), target=400, maximum=600)]
    assert 60 <= len(chunks) <= 160


@pytest.mark.parametrize("row", ANSWERABLE, ids=lambda row: row["id"])
def test_an_answer_stands_in_its_document(row: dict[str, Any]) -> None:
    text = document(row["document"]).text
    # The first accepted answer is the document's own wording; the others are ways to say the same.
    assert contains(text, row["answers"][0])


@pytest.mark.parametrize("row", [row for row in ANSWERABLE if row["pages"]], ids=lambda row: row["id"])
def test_an_answer_stands_on_each_accepted_page(row: dict[str, Any]) -> None:
    pages = page_texts(row["document"])
    assert document(row["document"]).paged
    for number in row["pages"]:
        assert contains(pages[number], row["answers"][0]), number


@pytest.mark.parametrize("row", ANSWERABLE, ids=lambda row: row["id"])
def test_pages_are_given_where_the_document_has_them(row: dict[str, Any]) -> None:
    assert bool(row["pages"]) == document(row["document"]).paged


@pytest.mark.parametrize("row", UNANSWERABLE, ids=lambda row: row["id"])
def test_the_unanswerable_is_nowhere(row: dict[str, Any]) -> None:
    assert row["absent"]
    for name in PLANTED:
        for word in row["absent"]:
            assert flat(word) not in flat(document(name).text), f"{word} in {name}"
