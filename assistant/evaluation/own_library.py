"""The company's own library as the library of an evaluation: questions name passages of its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.answers import Query
from assistant.evaluation.building import EvaluationLibrary, texts_of
from assistant.evaluation.datasets import Dataset, Layout, Question
from assistant.evaluation.gold import Gold
from assistant.evaluation.retrieval import Candidates, Item
from assistant.wiring import open_search
from ingestion.documents import EVERYTHING, LOCAL_USER, Span
from ingestion.library import Library
from ingestion.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OwnLibrary:
    """The open library, and the questions by their text."""

    opened: EvaluationLibrary
    questions: Mapping[str, Question]
    names: Mapping[str, str]
    layout: Layout = "library"

    @property
    def gold(self) -> Gold:
        """Where the answers stand."""
        return Gold(self.layout, self.names)

    @property
    def state(self) -> str:
        """What of the library an answer depends on."""
        return f"generation {self.opened.library.generation}"

    def find(self, question: str) -> Candidates:
        """Both searches' candidates. An item is a chunk, or the passage asked for where a chunk holds it."""
        asked = self.questions[question]
        dense, lexical = self.opened.retriever.candidates(Query(question), LOCAL_USER)
        rows = list(dict.fromkeys(row for row, _ in [*dense, *lexical]))
        stored = self.opened.library.chunks_by_row(rows, LOCAL_USER, EVERYTHING)
        items: dict[int, Item] = {}
        for row, chunk in stored.items():
            holds = chunk.document == asked.target[0] and Span(chunk.start, chunk.end).overlaps(
                Span(asked.target[1], asked.end)
            )
            # Places below 0 are no passage that a question could ask for.
            items[row] = asked.target if holds else (chunk.document, -1 - chunk.start)
        return Candidates(dense, lexical, items)

    def texts(self, rows: Sequence[int]) -> dict[int, str]:
        """What a reranker reads of rows."""
        return texts_of(self.opened.library, rows)


def open_own(workspace: Workspace, dataset: Dataset) -> tuple[Dataset, OwnLibrary]:
    """The workspace's library, and the questions whose passages still stand in it.

    Raises:
        ModelError, IndexMismatchError: as `open_search`.
    """
    settings = workspace.settings()
    opened = EvaluationLibrary(workspace, settings, *open_search(workspace, settings))
    settled = _settled(dataset, opened.library)
    ids = {question.target[0] for question in settled.questions}
    return settled, OwnLibrary(opened, {one.text: one for one in settled.questions}, {id: id for id in ids})


def _settled(dataset: Dataset, library: Library) -> Dataset:
    """With each passage where it is now; questions whose passage has gone are left out and named."""
    kept, absent = [], list(dataset.absent)
    texts: dict[str, str | None] = {}
    for question in dataset.questions:
        document = question.target[0]
        if document not in texts:
            stored = library.document(document)
            texts[document] = None if stored is None else stored.document.text
        start = place_of(question.quote, question.target[1], texts[document])
        if start is None:
            absent.append(f"{document} ({question.quote[:20]}…)")
        else:
            kept.append(replace(question, target=(document, start), end=start + len(question.quote)))
    return replace(dataset, questions=tuple(kept), absent=tuple(absent))


def place_of(quote: str, start: int, text: str | None) -> int | None:
    """Where `quote` begins in `text`: at `start`, or elsewhere when it stands there once; else None."""
    if text is None or not quote:
        return None
    if text[start : start + len(quote)] == quote:
        return start
    return text.index(quote) if text.count(quote) == 1 else None
