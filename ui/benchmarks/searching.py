"""`konkyo bench search`: time of a search over many chunks, quiet and while the chat model writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assistant.answers import Message, Query
from assistant.evaluation.building import EvaluationLibrary, configured_embedder
from assistant.evaluation.metrics import percentile
from assistant.generation import Generator
from assistant.wiring import open_generator
from ingestion.documents import Chunk, Document, Page, document_id
from ingestion.embedding import Embedder, Vectors
from ingestion.library_writing import Derived, FileState, LibraryWriter
from ingestion.process_memory import PeakMemory
from ingestion.workspace import Workspace
from ui.benchmarks.synthetic import MadeDocument, make_documents, make_queries, sentence_pool
from ui.benchmarks.workspaces import temporary_library

Progress = Callable[[str, int, int], None]

_SOURCE = "synthetic"
_WARM_UP = 10


@dataclass(slots=True)
class Times:
    """Milliseconds of whole searches and of their parts."""

    whole: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Median and 95th percentile of the whole, medians of the parts."""
        return {
            "p50_ms": round(percentile(self.whole, 0.5), 1), "p95_ms": round(percentile(self.whole, 0.95), 1),
            "parts_p50_ms": {name: round(percentile(times, 0.5), 1) for name, times in self.parts.items()},
        }  # fmt: skip


def bench_search(
    workspace: Workspace,
    *,
    chunks: int,
    queries: int,
    texts: Sequence[str],
    while_generating: bool,
    compare: bool,
    progress: Progress,
    embedder: Embedder | None = None,
) -> dict[str, Any]:
    """The value of `bench search`.

    `texts` are what made-up chunks take their sentences from; `embedder` None: the configured one. A search
    is what a question causes: embed the query, both indexes, fusion, and the join to the library. Making
    chunks and indexes is not counted.
    """
    pool = sentence_pool(texts)
    with temporary_library(workspace, embedder or configured_embedder(workspace)) as opened:
        vectors = store(opened, make_documents(chunks, pool, opened.embedder), chunks, progress)
        progress("index", 0, 1)
        opened.indexes.catch_up()
        progress("index", 1, 1)
        asked = make_queries(queries + _WARM_UP, pool)
        with PeakMemory() as memory:
            idle = time_searches(opened, asked, progress)
            times = _while_generating(workspace, opened, asked, progress) if while_generating else idle
        result = {
            "chunks": chunks, "queries": queries, "while_generating": while_generating, **times.as_json(),
            "peak_mb": round(memory.peak_mb, 1), "text": f"shuffled from {len(pool)} sentences",
            "vectors": "synthetic, mixed from really embedded sentences with noise; queries really embedded",
        }  # fmt: skip
        if while_generating:
            result["idle"] = idle.as_json()
        if compare:
            result["comparison"] = compare_dense(opened, vectors, asked[_WARM_UP:], times)
    return result


def _while_generating(
    workspace: Workspace, opened: EvaluationLibrary, asked: Sequence[str], progress: Progress
) -> Times:
    generator = open_generator(workspace, opened.settings)
    try:
        with generating(generator):
            return time_searches(opened, asked, progress)
    finally:
        generator.close()


def store(
    opened: EvaluationLibrary, documents: Iterator[MadeDocument], total: int, progress: Progress
) -> Vectors:
    """Write made-up documents into the library; returns all their vectors, `(chunks, dimension)`."""
    writer = LibraryWriter(opened.library)
    writer.add_source(_SOURCE, None, synced=False)
    vectors, done = [], 0
    for made in documents:
        writer.put(derived_from(made, opened.embedder.identity), [FileState(_SOURCE, made.title, 0, 0)], None)
        vectors.append(made.vectors)
        done += len(made.chunks)
        progress("store", done, total)
    return np.concatenate(vectors)


def derived_from(made: MadeDocument, embedder: str) -> Derived:
    """One document whose text is its chunks, a line each."""
    text = "\n".join(made.chunks)
    chunks, start = [], 0
    for part in made.chunks:
        chunks.append(Chunk(start, start + len(part), part))
        start += len(part) + 1
    document = Document(text, "txt", (Page(1, 0, len(text)),), title=made.title)
    identity = document_id(f"{made.title}\n{text}".encode())
    return Derived(identity, document, made.title, tuple(chunks), made.vectors, embedder, _SOURCE)


def time_searches(opened: EvaluationLibrary, queries: Sequence[str], progress: Progress) -> Times:
    """Time every query after the first few, and, apart from that, the parts of each."""
    times = Times(parts={"embed": [], "dense": [], "lexical": []})
    depth = opened.settings.retrieval.candidates
    for number, query in enumerate(queries):
        began = time.perf_counter()
        opened.retriever.retrieve(Query(query, opened.settings.retrieval.top_k))
        whole = _since(began)
        began = time.perf_counter()
        vector = opened.embedder.embed_query(query)
        embed = _since(began)
        began = time.perf_counter()
        opened.indexes.dense(vector, depth)
        dense = _since(began)
        began = time.perf_counter()
        opened.indexes.lexical(query, depth)
        lexical = _since(began)
        progress("search", number + 1, len(queries))
        if number >= _WARM_UP:
            times.whole.append(whole)
            for name, value in (("embed", embed), ("dense", dense), ("lexical", lexical)):
                times.parts[name].append(value)
    return times


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000.0


@contextmanager
def generating(generator: Generator) -> Iterator[None]:
    """Keep the chat model writing in another thread; the block begins with its first token.

    Raises:
        GenerationError, ModelError: the model does not write.
    """
    began, ended = threading.Event(), threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        try:
            while not ended.is_set():
                messages = [
                    Message("user", "社内規程の役割を、例を挙げながらできるだけ長く説明してください。")
                ]
                pieces = generator.generate(messages, max_tokens=512)
                for _ in pieces:
                    began.set()
                    if ended.is_set():
                        break
        except Exception as error:  # whatever stops the thread must reach the caller, not vanish with it
            failures.append(error)
            began.set()

    thread = threading.Thread(target=write, name="bench-generation", daemon=True)
    thread.start()
    began.wait()
    try:
        if not failures:
            yield
    finally:
        ended.set()
        thread.join()
    if failures:
        raise failures[0]


def compare_dense(
    opened: EvaluationLibrary, vectors: Vectors, queries: Sequence[str], times: Times
) -> dict[str, Any]:
    """The dense part by brute force in numpy, float32, over the same vectors."""
    depth = min(opened.settings.retrieval.candidates, len(vectors))
    brute = []
    for query in queries[:50]:
        vector = opened.embedder.embed_query(query)
        began = time.perf_counter()
        scores = vectors @ vector
        best = np.argpartition(-scores, depth - 1)[:depth]
        best[np.argsort(-scores[best])]
        brute.append(_since(began))
    theirs, ours = percentile(brute, 0.5), percentile(times.parts["dense"], 0.5)
    return {
        "dense": {
            "konkyo_p50_ms": round(ours, 2),
            "numpy_p50_ms": round(theirs, 2),
            "ratio": round(theirs / ours, 2),
        }
    }
