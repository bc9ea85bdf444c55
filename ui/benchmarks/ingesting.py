"""`konkyo bench ingest`: pages a second for reading alone, and for the whole way into the library."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from assistant.errors import EvaluationError
from assistant.evaluation.building import configured_embedder, take_in
from ingestion.embedding import Embedder, Vector, Vectors
from ingestion.errors import ReadError
from ingestion.parsing import ParserProcess
from ingestion.process_memory import PeakMemory
from ingestion.readers import supported
from ingestion.reading import OcrMode, ReadOptions
from ingestion.settings import IngestionSettings
from ingestion.workspace import Workspace
from ui.benchmarks.other_parsers import compare_others
from ui.benchmarks.workspaces import temporary_library

Progress = Callable[[str, int, int], None]

_ALTERNATIVE_PASSAGES = 48


@dataclass(slots=True)
class TimedEmbedder:
    """An embedder that remembers how long it worked; `kept` are the first texts it was given."""

    inner: Embedder
    seconds: float = 0.0
    passages: int = 0
    characters: int = 0
    kept: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """As the inner one's."""
        return self.inner.identity

    @property
    def dimension(self) -> int:
        """As the inner one's."""
        return self.inner.dimension

    @property
    def max_tokens(self) -> int:
        """As the inner one's."""
        return self.inner.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As the inner one's."""
        return self.inner.count_tokens(texts)

    def embed_query(self, text: str) -> Vector:
        """As the inner one's; not timed."""
        return self.inner.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """As the inner one's."""
        began = time.perf_counter()
        vectors = self.inner.embed_passages(texts)
        self.seconds += time.perf_counter() - began
        self.passages += len(texts)
        self.characters += sum(map(len, texts))
        self.kept = (*self.kept, *texts)[:_ALTERNATIVE_PASSAGES]
        return vectors


def files_below(path: Path) -> list[Path]:
    """The files that the product would read, sorted.

    Raises:
        EvaluationError: there is none.
    """
    every = [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
    found = [entry for entry in every if supported(entry)]
    if not found:
        raise EvaluationError(f"{path} holds no file that can be read. Give a file or a folder of documents.")
    return found


def bench_ingest(
    workspace: Workspace,
    path: Path,
    *,
    parse_only: bool,
    compare: bool,
    progress: Progress,
    processes: int | None = None,
    ocr: OcrMode | None = None,
    embedder: Embedder | None = None,
) -> dict[str, Any]:
    """The value of `bench ingest`. Rates hold the start of the parsing children, not of models.

    So many `processes` read at once; None: one with `parse_only`, else as the settings say. `ocr` None: as
    they say, too. `embedder` None: the configured one.
    """
    files = files_below(path)
    settings = workspace.settings().ingestion
    if parse_only:
        with PeakMemory() as memory:
            figures = parse_all(settings, files, progress, processes or 1, ocr or settings.ocr)
        texts: tuple[str, ...] = ()
    else:
        wanted = settings.model_copy(
            update={"processes": processes or settings.processes, "ocr": ocr or settings.ocr}
        )
        figures, texts, memory = _ingest(
            workspace, path, embedder or configured_embedder(workspace), wanted, progress
        )
    result = {**figures, "peak_mb": round(memory.peak_mb, 1)}
    if compare:
        result["comparison"] = {}
        pdfs = [file for file in files if file.suffix.lower() == ".pdf"]
        if parse_only and pdfs:
            result["comparison"] = compare_others(pdfs, figures["pages_per_s"])
        if texts:
            result["comparison"] |= compare_embedding(workspace, texts)
    return result


def parse_all(
    settings: IngestionSettings, files: Sequence[Path], progress: Progress, processes: int, ocr: OcrMode
) -> dict[str, Any]:
    """Read `files` with so many child processes at once."""
    options = ReadOptions(settings.passwords, ocr)
    found: list[tuple[int, int] | None] = []
    began = time.perf_counter()
    with ExitStack() as stack:
        parsers: SimpleQueue[ParserProcess] = SimpleQueue()
        for _ in range(processes):
            parsers.put(stack.enter_context(ParserProcess(settings)))
        pool = stack.enter_context(ThreadPoolExecutor(processes))
        for figures in pool.map(lambda file: _read_one(parsers, file, options), files):
            found.append(figures)
            progress("parse", len(found), len(files))
        seconds = time.perf_counter() - began
    read = [figures for figures in found if figures is not None]
    pages = sum(count for count, _ in read)
    return {
        "files": len(files), "failed": len(files) - len(read), "pages": pages,
        "characters": sum(count for _, count in read), "processes": processes, "ocr": ocr,
        "seconds": round(seconds, 2), "pages_per_s": round(pages / seconds, 1),
    }  # fmt: skip


def _read_one(
    parsers: SimpleQueue[ParserProcess], file: Path, options: ReadOptions
) -> tuple[int, int] | None:
    """Pages and characters, None for a file that cannot be read."""
    parser = parsers.get()
    try:
        document = parser.parse(file, options)
    except ReadError:
        return None
    finally:
        parsers.put(parser)
    return len(document.pages), len(document.text)


def _ingest(
    workspace: Workspace, path: Path, embedder: Embedder, settings: IngestionSettings, progress: Progress
) -> tuple[dict[str, Any], tuple[str, ...], PeakMemory]:
    timed = TimedEmbedder(embedder)
    with temporary_library(workspace, timed) as opened, PeakMemory() as memory:
        began = time.perf_counter()
        report = take_in(opened, path, progress, settings)
        seconds = time.perf_counter() - began
        again = time.perf_counter()
        take_in(opened, path, progress, settings)
        second = time.perf_counter() - again
    figures = {
        "files": report.seen, "failed": len(report.failed), "pages": report.pages, "chunks": report.chunks,
        "seconds": round(seconds, 2), "pages_per_s": round(report.pages / seconds, 1),
        "passages_per_s": round(timed.passages / timed.seconds, 1) if timed.seconds else None,
        "ocr": settings.ocr, "characters_per_passage": round(timed.characters / max(timed.passages, 1), 1),
        "embedding_seconds": round(timed.seconds, 2), "second_run_seconds": round(second, 2),
    }  # fmt: skip
    return figures, timed.kept, memory


def compare_embedding(workspace: Workspace, texts: Sequence[str]) -> dict[str, Any]:
    """The same passages through sentence-transformers with torch in float32, and through the product."""
    from ingestion.embedding import SentenceTransformerEmbedder, identity_of, load_embedder
    from ingestion.model_store import ModelStore

    models = workspace.settings().models
    folder = ModelStore(workspace.models).path_of(models.embedder)
    ours = load_embedder(models.embedder, workspace.models, models.threads)
    theirs = SentenceTransformerEmbedder(
        folder, identity=identity_of(models.embedder, folder), threads=models.threads or 2
    )
    first, ours_rate = _rate(ours, texts)
    second, theirs_rate = _rate(theirs, texts)
    return {
        "embedding": {
            "passages": len(texts), "konkyo_passages_per_s": round(ours_rate, 1),
            "sentence_transformers_passages_per_s": round(theirs_rate, 1),
            "ratio": round(ours_rate / theirs_rate, 2),
            "cosine_min": round(float(np.min(np.sum(first * second, axis=1))), 4),
        }
    }  # fmt: skip


def _rate(embedder: Embedder, texts: Sequence[str]) -> tuple[Vectors, float]:
    embedder.embed_passages(texts[:2])  # the first call pays for what is loaded late
    began = time.perf_counter()
    vectors = embedder.embed_passages(texts)
    return vectors, len(texts) / (time.perf_counter() - began)
