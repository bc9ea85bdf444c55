"""The passages and questions that the reranker may learn from, and which of them are kept aside.

The rule of the data folder: a passage may be learnt from when int(sha256(passage)) % 5 != 0, so that all that
is said about one passage stays on one side. Articles of the unanswerable questions are for testing only, with
every passage of theirs. Validation takes whole articles by a second hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from assistant.evaluation.datasets import read_jsonl
from training.errors import TrainingDataError

_HELD_OUT = 5
_VALIDATION = 12
_ADDRESS = re.compile(r"https?://[^/]+/wiki/")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of an article; `title` is the article's."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question whose answer stands at `passage.text[start:end]`."""

    id: str
    text: str
    passage: Passage
    start: int
    end: int

    @property
    def answer(self) -> str:
        """The words that answer it."""
        return self.passage.text[self.start : self.end]


@dataclass(frozen=True)
class Passages:
    """What may be learnt from. `questions` are for training, `validation` for choosing and calibrating."""

    passages: tuple[Passage, ...]
    questions: tuple[AnsweredQuestion, ...]
    validation: tuple[AnsweredQuestion, ...] = field(default=())

    @cached_property
    def by_id(self) -> Mapping[str, Passage]:
        """Passages by id."""
        return {passage.id: passage for passage in self.passages}

    @cached_property
    def by_title(self) -> Mapping[str, tuple[Passage, ...]]:
        """The passages of each article, in the order of the corpus."""
        found: dict[str, list[Passage]] = {}
        for passage in self.passages:
            found.setdefault(passage.title, []).append(passage)
        return {title: tuple(passages) for title, passages in found.items()}


def may_be_learnt(text: str) -> bool:
    """Whether the data folder's rule leaves a passage to training."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % _HELD_OUT != 0


def is_validation(title: str) -> bool:
    """Whether an article is kept aside for choosing and calibrating."""
    return int(hashlib.sha256(f"validation:{title}".encode()).hexdigest(), 16) % _VALIDATION == 0


def load_passages(folder: Path) -> Passages:
    """Read `folder/jaquad`, leaving out what `folder/unanswerable` tests.

    Raises:
        TrainingDataError: there is no corpus, or nothing in it may be learnt from.
    """
    corpus = folder / "jaquad" / "corpus.jsonl"
    if not corpus.is_file():
        raise TrainingDataError(f"{corpus} is missing. Give the folder that holds jaquad/corpus.jsonl.")
    rows = list(read_jsonl(corpus))
    titles, texts, asked = _tested(folder / "unanswerable", rows)
    passages = {
        str(row["doc_id"]): Passage(str(row["doc_id"]), plain_title(str(row.get("title") or "")), row["text"])
        for row in rows
        if may_be_learnt(row["text"])
        and row.get("title") not in titles
        and squeezed(row["text"]) not in texts
    }
    questions = [
        found
        for row in read_jsonl(folder / "jaquad" / "qa.jsonl")
        if squeezed(row["question"]) not in asked and (found := _question(row, passages)) is not None
    ]
    if not questions:
        raise TrainingDataError(f"no question in {folder / 'jaquad'} may be learnt from.")
    return Passages(
        tuple(passages.values()),
        tuple(one for one in questions if not is_validation(one.passage.title)),
        tuple(one for one in questions if is_validation(one.passage.title)),
    )


def _tested(
    folder: Path, corpus: Iterable[Mapping[str, str]]
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """(titles, passages, questions) of the test of unanswerable questions, the latter two squeezed."""
    if not folder.is_dir():
        return frozenset(), frozenset(), frozenset()
    rows = [row for path in sorted(folder.glob("*.jsonl")) for row in read_jsonl(path)]
    removed = {row.get("gold_doc_id_removed") for row in rows}
    texts = {squeezed(text) for row in rows for text in row["contexts"]}
    titles = {row["title"] for row in corpus if row["doc_id"] in removed or squeezed(row["text"]) in texts}
    titles |= {str(row["title"]) for row in rows if row.get("title")}
    return frozenset(titles), frozenset(texts), frozenset(squeezed(row["question"]) for row in rows)


def _question(row: Mapping[str, list[str]], passages: Mapping[str, Passage]) -> AnsweredQuestion | None:
    passage = passages.get(str(row["doc_id"]))
    if passage is None or not row["answers"]:
        return None
    answer, start = row["answers"][0], int(row["answer_start"][0])
    if passage.text[start : start + len(answer)] != answer:
        start = passage.text.find(answer)
    if start < 0:
        return None
    return AnsweredQuestion(str(row["id"]), str(row["question"]), passage, start, start + len(answer))


def plain_title(title: str) -> str:
    """A title as people read it: of a Wikipedia address the article's name."""
    return unquote(_ADDRESS.sub("", title)).replace("_", " ")


def squeezed(text: str) -> str:
    """`text` without white space, to compare passages that were wrapped anew."""
    return _SPACES.sub("", text)
