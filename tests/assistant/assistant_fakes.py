"""Fakes of the assistant's seams: they obey the Protocols and remember what they were given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from assistant.answers import Hit, Message, Query, Source
from assistant.generation import never
from ingestion.documents import LOCAL_USER, Scope, Span, User
from ingestion.library import StoredChunk

RULES = """第12条（年次有給休暇）
会社は、入社日から6か月間継続勤務し、全労働日の8割以上出勤した従業員に対し、10日の年次有給休暇を与える。
年次有給休暇を取得しようとする者は、原則として3営業日前までに上長へ申請しなければならない。
第13条（出張旅費）
宿泊費の上限は、一般社員は1泊12,000円、管理職は1泊15,000円とする。
日当は1日2,500円を支給する。ただし、日帰り出張には支給しない。
私物のUSBメモリは、会社のパソコンに接続してはならない。
パスワードは12文字以上とし、90日ごとに変更する。本規程は令和6年4月1日から施行する。
"""


def hit(
    text: str = RULES,
    *,
    start: int = 0,
    document: str = "d1",
    rank: int = 1,
    score: float = 1.0,
    title: str = "就業規則",
    page: int | None = None,
    dense: float | None = None,
) -> Hit:
    end = start + len(text)
    return Hit(
        rank=rank,
        document=document,
        source="/docs",
        path=f"{document}.md",
        title=title,
        format="md",
        page=page,
        page_label=None,
        locator=None,
        chunk_id=f"{document}:{start}-{end}",
        start=start,
        end=end,
        score=score,
        text=text,
        dense=dense,
    )


def source(text: str = RULES, number: int = 1, start: int = 0, document: str = "d1") -> Source:
    found = hit(text, start=start, document=document, rank=number)
    return Source(number, found, (Span(found.start, found.end),), (text,))


@dataclass
class FakeRetriever:
    hits: list[Hit]
    queries: list[Query] = field(default_factory=list)

    def retrieve(self, query: Query, user: User = LOCAL_USER) -> list[Hit]:
        self.queries.append(query)
        return self.hits


@dataclass
class FakeGenerator:
    """Replays `reply` in pieces of `size` characters; counts a token a character."""

    reply: str
    size: int = 3
    name: str = "fake"
    context_tokens: int = 4096
    prompts: list[list[Message]] = field(default_factory=list)
    written: str = ""
    closed: bool = False

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        self.prompts.append(list(messages))
        try:
            for i in range(0, len(self.reply), self.size):
                if cancelled():
                    return
                self.written += self.reply[i : i + self.size]
                yield self.reply[i : i + self.size]
        finally:
            self.closed = True


def stored(row: int, document: str = "d1", text: str = "text") -> StoredChunk:
    return StoredChunk(
        row=row,
        document=document,
        start=row * 10,
        end=row * 10 + len(text),
        text=text,
        heading_path=(),
        page=None,
        page_label=None,
        locator=None,
        title="t",
        format="txt",
        source="/docs",
        path=f"{document}.txt",
    )


@dataclass
class FakeLibrary:
    """`chunks` by row; `hidden` rows exist in the indexes but may not be read (any more)."""

    chunks: dict[int, StoredChunk]
    hidden: frozenset[int] = frozenset()
    readable: frozenset[str] | None = None
    text: str | None = None

    def readable_documents(self, user: User, scope: Scope) -> frozenset[str] | None:
        return self.readable

    def chunks_by_row(self, rows: Sequence[int], user: User, scope: Scope) -> dict[int, StoredChunk]:
        return {row: self.chunks[row] for row in rows if row in self.chunks and row not in self.hidden}

    def whole_text(self, document_id: str, user: User) -> str | None:
        return self.text


@dataclass
class FakeIndexes:
    """Returns the first `top_k` of two given rankings, and remembers the limits it was called with."""

    dense_ranking: list[tuple[int, float]]
    lexical_ranking: list[tuple[int, float]]
    asked: list[tuple[str, int, frozenset[str] | None]] = field(default_factory=list)

    def dense(
        self, vector: npt.NDArray[np.float32], top_k: int, documents: frozenset[str] | None
    ) -> list[tuple[int, float]]:
        self.asked.append(("dense", top_k, documents))
        return self.dense_ranking[:top_k]

    def lexical(
        self,
        query: str,
        top_k: int,
        documents: frozenset[str] | None,
        synonyms: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> list[tuple[int, float]]:
        self.asked.append(("lexical", top_k, documents))
        return self.lexical_ranking[:top_k]


@dataclass
class FakeEmbedder:
    """`cosines[text]` is the cosine of `text` to everything else; 0 when absent."""

    cosines: dict[str, float] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        self.queries.append(text)
        return np.array([1.0, 0.0], dtype=np.float32)

    def embed_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = [[1.0, 0.0]]
        for text in texts[1:]:
            cosine = self.cosines.get(text, 0.0)
            rows.append([cosine, float(np.sqrt(1 - cosine * cosine))])
        return np.array(rows, dtype=np.float32)
