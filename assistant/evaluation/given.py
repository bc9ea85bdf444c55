"""The layout "given": questions that bring their own chunks, right ones and near misses.

A line of the file is `{id, question, answer, positive_chunk_list, negative_chunk_list, must_abstain}`, or
`{id, question, answers, contexts, answering, answerable}`; a chunk is a string or `{title, content}`. Every
chunk becomes a small document of one library; each question is then asked of its own documents alone.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import EvaluationError
from assistant.evaluation.building import BuildProgress, EvaluationLibrary, open_evaluation, take_in
from assistant.evaluation.datasets import Question, read_jsonl
from assistant.evaluation.gold import Gold
from assistant.evaluation.libraries import evaluation_workspace
from ingestion.documents import Scope, Span
from ingestion.embedding import Embedder
from ingestion.hashing import file_id
from ingestion.readers import PARSER_VERSION
from ingestion.workspace import Workspace

_FOLDER = "chunks"
_NOWHERE = ("", 0)  # a question of this layout has no single target
_LISTS = ("positive_chunk_list", "negative_chunk_list")
_HTML = re.compile(r"</?(?:html|body|div|p|h[1-6]|ul|ol|li|table|tr|th|td)(?:\s[^<>]*)?>", re.IGNORECASE)
_MARKDOWN = re.compile(r"^ {0,3}#{1,6} \S|^\s*\|?\s*:?-{3,}:?\s*\|", re.MULTILINE)
_UNFIT = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')
_LONGEST_TITLE = 60  # characters; four bytes each still make a file's name


@dataclass(frozen=True, slots=True)
class GivenChunk:
    """A chunk as the file has it. Equal ones of several questions are one document."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class GivenQuestion:
    """A question, its chunks, and which of them are right (positions in `chunks`).

    One that is not `answerable` must not be answered, though some of its chunks may seem to answer it.
    `kinds` are its types; `question.kind` is all of them in one word.
    """

    question: Question
    chunks: tuple[GivenChunk, ...]
    right: frozenset[int]
    answerable: bool
    kinds: tuple[str, ...] = ()

    @property
    def right_chunks(self) -> tuple[GivenChunk, ...]:
        """The right ones, in the order of the file."""
        return tuple(chunk for number, chunk in enumerate(self.chunks) if number in self.right)


def read_given(path: Path) -> list[GivenQuestion]:
    """The questions of a JSON Lines file.

    Raises:
        EvaluationError: the file cannot be read, is empty, names an id twice, or a line is no such question.
    """
    found: dict[str, GivenQuestion] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        one = _given(row, number, f"{path}, row {number}")
        if one.question.id in found:
            raise EvaluationError(f"{path}, row {number}: the id {one.question.id!r} is used twice.")
        found[one.question.id] = one
    if not found:
        raise EvaluationError(f"{path} holds no questions. Give lines of question, answers and chunks.")
    return list(found.values())


def _given(row: dict[str, Any], number: int, place: str) -> GivenQuestion:
    row = {name: value for name, value in row.items() if value is not None}  # tables name all columns
    if any(name in row for name in _LISTS):
        chunks, right, answerable = _by_lists(row, place)
    elif "contexts" in row:
        chunks, right, answerable = _by_positions(row, place)
    else:
        raise EvaluationError(
            f"{place} brings no chunks. Give positive_chunk_list and negative_chunk_list, or contexts."
        )
    text, identity = row.get("question"), row.get("id")
    if not isinstance(text, str) or not text.strip():
        raise EvaluationError(f"{place}: the field 'question' is missing or empty.")
    answers = tuple(_strings(row.get("answers", row.get("answer")), "answers", place))
    if answerable and not answers:
        raise EvaluationError(f"{place} has no answer to compare with. Give answer or answers.")
    if answerable and not right:
        raise EvaluationError(f"{place} can be answered, but names no chunk that answers it.")
    kinds = tuple(_strings(row.get("type", row.get("qa_type")), "type", place))
    question = Question(
        str(number) if identity is None else str(identity), text.strip(), _NOWHERE, "+".join(kinds), answers
    )
    return GivenQuestion(question, chunks, right, answerable, kinds)


def _by_lists(row: dict[str, Any], place: str) -> tuple[tuple[GivenChunk, ...], frozenset[int], bool]:
    positive, negative = (_chunks(row.get(name) or [], place) for name in _LISTS)
    refused = row.get("must_abstain", not positive)
    if not isinstance(refused, bool):
        raise EvaluationError(f"{place}: must_abstain is {refused!r}; it must be true or false.")
    return (*positive, *negative), frozenset(range(len(positive))), not refused


def _by_positions(row: dict[str, Any], place: str) -> tuple[tuple[GivenChunk, ...], frozenset[int], bool]:
    chunks, right = _chunks(row["contexts"], place), row.get("answering") or []
    if not isinstance(right, list) or not all(type(one) is int and 0 <= one < len(chunks) for one in right):
        raise EvaluationError(
            f"{place}: answering is {right!r}; it must list positions in contexts, from 0 on."
        )
    answerable = row.get("answerable", bool(right))
    if not isinstance(answerable, bool):
        raise EvaluationError(f"{place}: answerable is {answerable!r}; it must be true or false.")
    return chunks, frozenset(right), answerable


def _chunks(values: Any, place: str) -> tuple[GivenChunk, ...]:
    if not isinstance(values, list):
        raise EvaluationError(f"{place}: chunks must be a list, not {type(values).__name__}.")
    found = []
    for value in values:
        title, text = (value.get("title"), value.get("content")) if isinstance(value, dict) else ("", value)
        if not isinstance(text, str) or not text.strip():
            raise EvaluationError(f"{place}: a chunk must be a text, or an object with title and content.")
        found.append(GivenChunk(str(title or "").strip(), text))
    return tuple(found)


def _strings(value: Any, name: str, place: str) -> list[str]:
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise EvaluationError(f"{place}: {name} must be a string or a list of strings.")
    return [one.strip() for one in values if one.strip()]


# --- the library


@dataclass(frozen=True, slots=True)
class GivenSet:
    """The library of all chunks; `documents` are their ids, and `files` their paths by id.

    `unread` are the files of chunks that could not be read.
    """

    opened: EvaluationLibrary
    documents: Mapping[GivenChunk, str]
    files: Mapping[str, str]
    unread: tuple[str, ...] = ()

    def ids(self, chunks: Sequence[GivenChunk]) -> frozenset[str]:
        """The documents of chunks."""
        return frozenset(self.documents[chunk] for chunk in chunks)

    def scope(self, asked: GivenQuestion, *, right_only: bool) -> Scope:
        """What a question is asked of: its own chunks, or the right ones of them."""
        return Scope(documents=self.ids(asked.right_chunks if right_only else asked.chunks))

    def gold(self, questions: Sequence[GivenQuestion]) -> GivenGold:
        """Where the answers stand."""
        right = {one.question.id: self.ids(one.right_chunks) for one in questions}
        return GivenGold("passage", self.files, right)


@dataclass(frozen=True, slots=True)
class GivenGold(Gold):
    """Tells whether something is of a right chunk; `right` are their documents by the question's id."""

    right: Mapping[str, frozenset[str]]

    def _holds(self, question: Question, document: str, page: int | None, span: Span) -> bool:
        return document in self.right[question.id]


def build_given(
    parent: Workspace, questions: Sequence[GivenQuestion], embedder: Embedder, progress: BuildProgress
) -> GivenSet:
    """Open the library of all chunks inside `parent`, first taking in what it lacks, as the product does.

    Raises:
        EvaluationError: none of the chunks can be read.
        WorkspaceBusyError: another evaluation is building the same library.
    """
    chunks = sorted(
        {chunk for one in questions for chunk in one.chunks}, key=lambda one: (one.title, one.text)
    )
    if not chunks:
        raise EvaluationError("none of the questions brings a chunk.")
    chunking = parent.settings().chunking
    workspace = evaluation_workspace(
        parent, "given", digest_of(chunks), embedder.identity, PARSER_VERSION, chunking
    )
    folder = workspace.root / _FOLDER
    with workspace.write_lock():
        places = {chunk: _written(chunk, folder, number) for number, chunk in enumerate(chunks)}
        opened = open_evaluation(workspace, embedder)
        # No title may hide a chunk: "~$…" is the name of a temporary file elsewhere.
        take_in(opened, folder, progress, opened.settings.ingestion.model_copy(update={"ignore": ()}))
    documents = {chunk: file_id(place) for chunk, place in places.items()}
    files = {documents[chunk]: place.relative_to(folder).as_posix() for chunk, place in places.items()}
    return GivenSet(opened, documents, files, tuple(one.path for one in opened.library.failures()))


def digest_of(chunks: Sequence[GivenChunk]) -> str:
    """A hash of chunks in their order."""
    total = hashlib.sha256()
    for chunk in chunks:
        for text in (chunk.title, chunk.text):
            content = text.encode("utf-8")
            total.update(len(content).to_bytes(8, "big") + content)
    return total.hexdigest()[:16]


def _written(chunk: GivenChunk, folder: Path, number: int) -> Path:
    """The file of a chunk. Its name is its title, since a text file has no other."""
    own = f"chunk-{letters(number)}"
    title = _UNFIT.sub(" ", chunk.title)[:_LONGEST_TITLE].strip(" .")
    path = folder / own / f"{title}{_suffix(chunk.text)}" if title else folder / f"{own}{_suffix(chunk.text)}"
    content = chunk.text.encode("utf-8")
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def letters(number: int) -> str:
    """0, 1, … as a, b, … z, aa, ab, …: a name that brings no number, which a sentence could be proved by."""
    found, number = "", number + 1
    while number:
        number, place = divmod(number - 1, 26)
        found = string.ascii_lowercase[place] + found
    return found


def _suffix(text: str) -> str:
    """The kind of file that a chunk looks like."""
    if _HTML.search(text):
        return ".html"
    return ".md" if _MARKDOWN.search(text) else ".txt"
