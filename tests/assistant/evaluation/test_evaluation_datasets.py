from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.datasets import load_dataset, read_jsonl


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def pdf_folder(folder: Path, questions: list[dict[str, object]], **files: bytes) -> Path:
    (folder / "pdf").mkdir(parents=True)
    for name, content in files.items():
        (folder / "pdf" / f"{name}.pdf").write_bytes(content)
    write_rows(folder / "qa.jsonl", questions)
    return folder


def pdf_row(name: str, page: object = 3) -> dict[str, object]:
    return {
        "id": "q1",
        "question": "いくらか",
        "target_file_name": name,
        "target_page_no": page,
        "type": "table",
    }


def test_pdf_layout_finds_targets_in_another_unicode_form(tmp_path: Path) -> None:
    name = "ガイド"
    folder = pdf_folder(
        tmp_path, [pdf_row(f"{name}.pdf"), pdf_row("gone.pdf")], **{unicodedata.normalize("NFD", name): b"1"}
    )
    dataset = load_dataset(folder)
    assert dataset.layout == "pdf"
    assert [(q.id, q.target, q.kind) for q in dataset.questions] == [("q1", ("ガイド.pdf", 3), "table")]
    assert dataset.absent == ("gone.pdf",)


def test_digest_follows_documents_and_not_questions(tmp_path: Path) -> None:
    first = load_dataset(pdf_folder(tmp_path / "1", [pdf_row("a.pdf")], a=b"1"))
    second = load_dataset(pdf_folder(tmp_path / "2", [pdf_row("a.pdf", 9)], a=b"1"))
    other = load_dataset(pdf_folder(tmp_path / "3", [pdf_row("a.pdf")], a=b"2"))
    renamed = load_dataset(pdf_folder(tmp_path / "4", [pdf_row("b.pdf")], b=b"1"))
    assert first.digest == second.digest
    assert len({first.digest, other.digest, renamed.digest}) == 3


def test_passage_layout(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "corpus.jsonl",
        [{"doc_id": "p1", "title": "題", "text": "本文"}, {"doc_id": "p2", "text": "two\u2028lines"}],
    )
    write_rows(tmp_path / "qa.jsonl", [{"question": "何か", "doc_id": "p2"}])
    dataset = load_dataset(tmp_path)
    assert dataset.layout == "passage"
    assert [(p.id, p.title, p.text) for p in dataset.passages] == [
        ("p1", "題", "本文"),
        ("p2", "", "two\u2028lines"),
    ]
    assert [(q.id, q.target) for q in dataset.questions] == [("1", ("p2", 0))]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"question": "x", "target_file_name": "a.pdf"}, "row 1.*target_page_no"),
        (pdf_row("a.pdf", 0), "row 1.*counted from 1"),
        (pdf_row("a.pdf", "iv"), "row 1.*'iv'"),
        ({"target_file_name": "a.pdf", "target_page_no": 1, "question": ""}, "row 1.*question"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: dict[str, object], words: str) -> None:
    with pytest.raises(EvaluationError, match=words):
        load_dataset(pdf_folder(tmp_path, [row], a=b"1"))


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no qa\.jsonl"):
        load_dataset(tmp_path)
    (tmp_path / "qa.jsonl").write_text("", "utf-8")
    with pytest.raises(EvaluationError, match="neither"):
        load_dataset(tmp_path)
    (tmp_path / "corpus.jsonl").write_text('{"doc_id": "a", "text": "b"}\n[1]\n', "utf-8")
    with pytest.raises(EvaluationError, match="line 2 holds list"):
        load_dataset(tmp_path)
    (tmp_path / "corpus.jsonl").write_text('{"doc_id": "a", "text": "b"}\n' * 2, "utf-8")
    with pytest.raises(EvaluationError, match="twice"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("value", ["1" * 5_000, "[" * 100_000 + "]" * 100_000])
def test_what_python_cannot_read_is_named_by_its_line(tmp_path: Path, value: str) -> None:
    path = tmp_path / "qa.jsonl"
    path.write_text(f'\ufeff{{"id": 1}}\r\n{{"id": {value}}}\r\n', "utf-8")
    with pytest.raises(EvaluationError, match=r"line 2 is not JSON"):
        list(read_jsonl(path))


def test_halves_of_surrogate_pairs_are_question_marks(tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    path.write_text('{"question": "a\\ud83d", "answers": ["\\ud83d\\ude00 \\u3042"]}\n', "utf-8")
    assert list(read_jsonl(path)) == [{"question": "a?", "answers": ["😀 あ"]}]
