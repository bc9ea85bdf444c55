"""Evaluation data sets on disk: questions over a folder of PDFs, over passages, or over the own library.

PDF layout: `qa.jsonl` (id, question, target_file_name, target_page_no, type, domain) beside `pdf/`.
Passage layout: `corpus.jsonl` (doc_id, title, text) and `qa.jsonl` (id, question, doc_id).
Library layout: `qa.jsonl` alone (id, question, document, start, end, quote).
Accepted answers are `target_answer` or the list `answers`. Unknown keys are left alone.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from assistant.errors import EvaluationError

Layout = Literal["pdf", "passage", "library"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its one relevant item: (file name in NFC, 1-based page), or (passage id, 0).

    In the library layout it is (document id, start of the passage), `end` its end and `quote` its text.
    `kind` is the question's type ("table") or "". Any of `answers` is right; there may be none.
    """

    id: str
    text: str
    target: tuple[str, int]
    kind: str = ""
    answers: tuple[str, ...] = ()
    end: int = 0
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the corpus, its own small document."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions and what they ask about: `files` in the PDF layout, `passages` in the other.

    `digest` is a hash of the documents' names and contents, not of the questions: changing those needs no
    new index. `absent` are targets of questions that were left out because their file is not there.
    """

    layout: Layout
    folder: Path
    questions: tuple[Question, ...]
    digest: str
    files: tuple[Path, ...] = ()
    passages: tuple[Passage, ...] = ()
    absent: tuple[str, ...] = ()


def load_dataset(folder: Path) -> Dataset:
    """Read the data set in `folder`; its layout is told by what lies there.

    Raises:
        EvaluationError: neither layout is there, or a row lacks a field.
    """
    if not (folder / "qa.jsonl").is_file():
        raise EvaluationError(f"{folder} has no qa.jsonl. Give the folder of an evaluation data set.")
    if (folder / "corpus.jsonl").is_file():
        return _load_passages(folder)
    if (folder / "pdf").is_dir():
        return _load_pdfs(folder)
    rows = list(read_jsonl(folder / "qa.jsonl"))
    if rows and all("document" in row for row in rows):
        return _load_library(folder, rows)
    raise EvaluationError(
        f"{folder} has neither corpus.jsonl nor a folder pdf/ beside qa.jsonl, nor do all of its questions "
        f"name a document of the library."
    )


def _load_pdfs(folder: Path) -> Dataset:
    files = tuple(sorted(path for path in (folder / "pdf").iterdir() if path.is_file()))
    if not files:
        raise EvaluationError(f"{folder / 'pdf'} is empty. Put the PDFs of the questions there.")
    names = {unicodedata.normalize("NFC", path.name) for path in files}
    questions, absent = [], []
    for number, row in enumerate(read_jsonl(folder / "qa.jsonl"), start=1):
        target = unicodedata.normalize("NFC", str(_field(row, "target_file_name", folder, number)))
        if target not in names:
            absent.append(target)
            continue
        page = _page_number(_field(row, "target_page_no", folder, number), folder, number)
        questions.append(_question(row, (target, page), folder, number))
    return Dataset("pdf", folder, tuple(questions), _files_digest(files), files, absent=tuple(absent))


def _load_passages(folder: Path) -> Dataset:
    corpus = folder / "corpus.jsonl"
    passages = tuple(
        Passage(
            str(_field(row, "doc_id", corpus, number)),
            str(row.get("title") or ""),
            str(_field(row, "text", corpus, number)),
        )
        for number, row in enumerate(read_jsonl(corpus), start=1)
    )
    known = {passage.id for passage in passages}
    if len(known) != len(passages):
        raise EvaluationError(f"{corpus}: {len(passages) - len(known)} doc_id values occur twice.")
    questions, absent = [], []
    for number, row in enumerate(read_jsonl(folder / "qa.jsonl"), start=1):
        target = str(_field(row, "doc_id", folder, number))
        if target in known:
            questions.append(_question(row, (target, 0), folder, number))
        else:
            absent.append(target)
    digest = hashlib.sha256(corpus.read_bytes()).hexdigest()[:16]
    return Dataset("passage", folder, tuple(questions), digest, passages=passages, absent=tuple(absent))


def _load_library(folder: Path, rows: list[dict[str, Any]]) -> Dataset:
    questions: dict[str, Question] = {}
    for number, row in enumerate(rows, start=1):
        document, quote = str(row["document"]), str(_field(row, "quote", folder, number))
        try:
            start, end = int(row["start"]), int(row["end"])
        except (KeyError, TypeError, ValueError) as error:
            raise EvaluationError(f"{folder}, row {number}: start and end must be numbers.") from error
        question = replace(_question(row, (document, start), folder, number), end=end, quote=quote)
        if question.text in questions:
            raise EvaluationError(f"{folder}, row {number}: {question.text!r} is asked twice.")
        questions[question.text] = question
    digest = hashlib.sha256("\n".join(sorted({one.target[0] for one in questions.values()})).encode())
    return Dataset("library", folder, tuple(questions.values()), digest.hexdigest()[:16])


def _question(row: dict[str, Any], target: tuple[str, int], folder: Path, number: int) -> Question:
    text = str(_field(row, "question", folder, number)).strip()
    identity = str(row["id"]) if row.get("id") is not None else str(number)
    return Question(identity, text, target, str(row.get("type") or ""), _answers(row, folder, number))


def _answers(row: dict[str, Any], folder: Path, number: int) -> tuple[str, ...]:
    given = row.get("answers", row.get("target_answer")) or ()
    given = (given,) if isinstance(given, str) else given
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise EvaluationError(f"{folder}, row {number}: answers must be a string or a list of strings.")
    return tuple(one.strip() for one in given if one.strip())


def _field(row: dict[str, Any], name: str, place: Path, number: int) -> Any:
    if row.get(name) in (None, ""):
        raise EvaluationError(f"{place}, row {number}: the field {name!r} is missing or empty.")
    return row[name]


def _page_number(value: Any, folder: Path, number: int) -> int:
    try:
        page = int(value)
    except (TypeError, ValueError):
        page = 0
    if page < 1:
        raise EvaluationError(
            f"{folder}, row {number}: target_page_no is {value!r}; pages are counted from 1."
        )
    return page


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file; blank lines are skipped, halves of surrogate pairs are "?".

    Raises:
        EvaluationError: the file cannot be read, or a line is not a JSON object.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read as UTF-8 text: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # numbers of 4,301 digits, a thousand brackets
            raise EvaluationError(f"{path}, line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise EvaluationError(f"{path}, line {number} holds {type(row).__name__}, not an object.")
        yield _encodable(row) if "\\u" in line else row


def _encodable(row: dict[str, Any]) -> dict[str, Any]:
    """A row that no dictionary, model or database refuses: programs that cut texts leave half characters."""
    text = json.dumps(row, ensure_ascii=False)
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return row if plain == text else json.loads(plain)


def _files_digest(files: tuple[Path, ...]) -> str:
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{unicodedata.normalize('NFC', path.name)}\0{content}\n".encode())
    return total.hexdigest()[:16]
