"""The words of an answer: Query, Hit, Source, Claim, Verdict, Answer. Events of its stream are in events.py.

`as_json` methods give the keys that docs/cli.md fixes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from assistant.events import Checked as Checked
from assistant.events import Event as Event
from assistant.events import Finished as Finished
from assistant.events import Mending as Mending
from assistant.events import Progress as Progress
from assistant.events import Retrieved as Retrieved
from assistant.events import Token as Token
from ingestion.articles import Mark, article_of
from ingestion.documents import EVERYTHING, Scope, Span, TableRow
from ingestion.validity import State

Mode = Literal["hybrid", "dense", "lexical"]
Language = Literal["ja", "en"]
Mended = Literal["", "removed", "regenerated", "kept"]


class Verdict(Enum):
    """What a check of one claim against the evidence found."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"
    UNCHECKED = "unchecked"  # the check did not run or was overdue: never shown as support


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, where, and how."""

    text: str
    top_k: int = 8
    mode: Mode = "hybrid"
    scope: Scope = EVERYTHING
    rerank: bool = True


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a document counts, and what it is today. Days are ISO, None where nothing is said.

    From `superseded_from` on another version counts.
    """

    state: State
    version: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    superseded_from: str | None = None

    @property
    def in_force(self) -> bool:
        """Whether it counts today."""
        return self.state == "in_force"

    def as_json(self) -> dict[str, Any]:
        """The value of `validity` in a hit and a citation."""
        return {
            "state": self.state, "version": self.version, "valid_from": self.valid_from,
            "valid_to": self.valid_to, "superseded_from": self.superseded_from,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk. `score` is in [0, 1], higher is better; `dense` and `lexical` are its raw parts.

    `dense` is a cosine similarity, `lexical` a BM25 score; None when that search did not return the chunk.
    `fused` is the score before reranking, `relevance` and `answers` what the reranker says (None: not read).
    `source` and `path` are the location through which the asking user may read it. `articles` say where in it
    articles of rules begin, by offset in `text`.
    """

    rank: int
    document: str
    source: str
    path: str
    title: str
    format: str
    page: int | None
    page_label: str | None
    locator: str | None
    chunk_id: str
    start: int
    end: int
    score: float
    text: str
    heading_path: tuple[str, ...] = ()
    dense: float | None = None
    lexical: float | None = None
    fused: float | None = None
    relevance: float | None = None
    answers: float | None = None
    context: str = ""
    rows: tuple[TableRow, ...] = ()
    articles: tuple[Mark, ...] = ()
    validity: Validity | None = None

    @property
    def article(self) -> str | None:
        """The article that the chunk belongs to, as in 第12条第2項; None where there is none."""
        return self.article_at(self.start, self.end)

    def article_at(self, start: int, end: int) -> str | None:
        """The article of [start:end) of the document, which must lie in this chunk."""
        return article_of(self.articles, start - self.start, end - self.start)

    def as_json(self) -> dict[str, Any]:
        """The value of `search --json`, with heading path, title and format added."""
        return {
            "rank": self.rank, "document": self.document, "source": self.source, "path": self.path,
            "page": self.page, "page_label": self.page_label, "locator": self.locator,
            "chunk_id": self.chunk_id, "start": self.start, "end": self.end, "score": round(self.score, 4),
            "text": self.text, "heading_path": list(self.heading_path), "title": self.title,
            "format": self.format, "article": self.article,
            "validity": self.validity.as_json() if self.validity else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """What the model is shown as `[number]`: `spans` of one hit's document, in order, none overlapping.

    `texts[i]` is `document.text[spans[i]]`. Headings are shown to the model too, never counted as text.
    `shown[i]` is what the model is shown for it, where that is more than the text: a table's row with the
    names of its columns; empty where no span has such.
    """

    number: int
    hit: Hit
    spans: tuple[Span, ...]
    texts: tuple[str, ...]
    shown: tuple[str, ...] = ()

    @property
    def prompted(self) -> tuple[str, ...]:
        """What the model reads for each span."""
        return self.shown or self.texts


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sources of one prompt, and how well they seem to answer the question, in [0, 1]."""

    sources: tuple[Source, ...]
    answerability: float


@dataclass(frozen=True, slots=True)
class Citation:
    """The passage a claim stands on: `quote == document.text[start:end]`, always.

    `cell` is the cell of a table's row that holds what the claim says, where it is one.
    """

    document: str
    source: str
    path: str
    page: int | None
    page_label: str | None
    locator: str | None
    start: int
    end: int
    quote: str
    score: float
    number: int
    title: str = ""
    format: str = ""
    cell: Span | None = None
    article: str | None = None
    validity: Validity | None = None

    def as_json(self) -> dict[str, Any]:
        """The value of a citation in `ask --json`; `number` is the source's number in the prompt."""
        return {
            "document": self.document, "source": self.source, "path": self.path, "page": self.page,
            "page_label": self.page_label, "locator": self.locator, "start": self.start, "end": self.end,
            "quote": self.quote, "score": round(self.score, 4), "number": self.number, "title": self.title,
            "cell": None if self.cell is None else {"start": self.cell.start, "end": self.cell.end},
            "format": self.format, "article": self.article,
            "validity": self.validity.as_json() if self.validity else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer: `answer.text[start:end] == text`. `reasons` say which rule failed."""

    start: int
    end: int
    text: str
    verdict: Verdict
    score: float
    citations: tuple[Citation, ...] = ()
    reasons: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The value of a claim in `ask --json`."""
        return {
            "text": self.text, "verdict": self.verdict.value, "score": round(self.score, 4),
            "citations": [citation.as_json() for citation in self.citations],
            "start": self.start, "end": self.end, "reasons": list(self.reasons),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds since the question came in. `first_token_ms` is None when nothing was generated."""

    retrieve_ms: float
    first_token_ms: float | None
    total_ms: float
    tokens: int = 0

    def as_json(self) -> dict[str, Any]:
        """The value of `timings` in `ask --json`."""
        first = None if self.first_token_ms is None else round(self.first_token_ms, 1)
        return {
            "retrieve_ms": round(self.retrieve_ms, 1), "first_token_ms": first,
            "total_ms": round(self.total_ms, 1), "tokens": self.tokens,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two passages of different documents with different values for one statement; `text` names both."""

    text: str
    values: tuple[str, str]
    passages: tuple[Citation, Citation]

    def as_json(self) -> dict[str, Any]:
        """The value of a disagreement in `ask --json`."""
        passages = [passage.as_json() for passage in self.passages]
        return {"text": self.text, "values": list(self.values), "passages": passages}


@dataclass(frozen=True, slots=True)
class Verified:
    """Who confirmed an answer for which question, and when (ISO 8601, UTC)."""

    id: str
    question: str
    editor: str
    at: str

    def as_json(self) -> dict[str, Any]:
        """The value of `verified` in `ask --json`."""
        return {"id": self.id, "question": self.question, "editor": self.editor, "at": self.at}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. When `abstained`, `text` says so and names the closest documents.

    `draft` is what the model wrote before it was withheld or mended, else "". `mended` says what was done
    about sentences without ground: "removed", "regenerated" (the second text was better), "kept" (the first
    was), or "". `question` is the standalone one that was searched. `stopped`: the reader stopped it.
    `warnings` tell people, in its language, that what it cites is not in force. With `verified` an editor
    wrote it. `withheld` says why a draft was not shown: rules that its sentences failed, what it lacks as an
    answer. Not in JSON: `sources`, which the model was or would have been given, their `answerability`.
    """

    text: str
    abstained: bool
    claims: tuple[Claim, ...]
    hits: tuple[Hit, ...]
    model: str
    adapter: str | None
    timings: Timings
    question: str = ""
    draft: str = ""
    stopped: bool = False
    warnings: tuple[str, ...] = ()
    mended: Mended = ""
    disagreements: tuple[Disagreement, ...] = ()
    verified: Verified | None = None
    withheld: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    answerability: float | None = None

    @property
    def grounding(self) -> dict[str, int]:
        """How many sentences have each verdict, every verdict named."""
        counts = {verdict.value: 0 for verdict in Verdict}
        for claim in self.claims:
            counts[claim.verdict.value] += 1
        return counts

    def as_json(self) -> dict[str, Any]:
        """The value of `ask --json`."""
        return {
            "answer": self.text, "abstained": self.abstained,
            "claims": [claim.as_json() for claim in self.claims],
            "hits": [hit.as_json() for hit in self.hits], "model": self.model, "adapter": self.adapter,
            "timings": self.timings.as_json(), "question": self.question, "draft": self.draft,
            "stopped": self.stopped, "warnings": list(self.warnings), "mended": self.mended,
            "grounding": self.grounding, "disagreements": [found.as_json() for found in self.disagreements],
            "verified": self.verified.as_json() if self.verified else None, "withheld": list(self.withheld),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat, as chat models take it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the conversation and its answer, oldest first in a history."""

    question: str
    answer: str
    hits: tuple[Hit, ...] = field(default=())
