"""`konkyo bench ingest`: pages a second for reading alone, and for the whole way into the library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import EvaluationError
from assistant.evaluation.building import configured_embedder, take_in
from ingestion.embedding import Embedder, Vector, Vectors
from ingestion.errors import ReadError
from ingestion.parsing import ParserProcess
from ingestion.process_memory import PeakMemory
from ingestion.readers import supported
from ingestion.workspace import Workspace
from ui.benchmarks.workspaces import temporary_library

Progress = Callable[[str, int, int], None]

_ALTERNATIVE_PAGES = 200
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
    embedder: Embedder | None = None,
) -> dict[str, Any]:
    """The value of `bench ingest`. Rates hold the start of the parsing child, not of models.

    `embedder` None: the configured one.
    """
    files = files_below(path)
    if parse_only:
        with PeakMemory() as memory:
            figures = _parse(workspace, files, progress)
        texts: tuple[str, ...] = ()
    else:
        figures, texts, memory = _ingest(
            workspace, path, embedder or configured_embedder(workspace), progress
        )
    result = {**figures, "peak_mb": round(memory.peak_mb, 1)}
    if compare:
        result["comparison"] = compare_parsing(files)
        if texts:
            result["comparison"] |= compare_embedding(workspace, texts)
    return result


def _parse(workspace: Workspace, files: Sequence[Path], progress: Progress) -> dict[str, Any]:
    pages = characters = failed = 0
    began = time.perf_counter()
    with ParserProcess(workspace.settings().ingestion) as parser:
        for number, file in enumerate(files, start=1):
            try:
                document = parser.parse(file)
            except ReadError:
                failed += 1
                continue
            finally:
                progress("parse", number, len(files))
            pages += len(document.pages)
            characters += len(document.text)
    seconds = time.perf_counter() - began
    return {
        "files": len(files), "failed": failed, "pages": pages, "characters": characters,
        "seconds": round(seconds, 2), "pages_per_s": round(pages / seconds, 1),
    }  # fmt: skip


def _ingest(
    workspace: Workspace, path: Path, embedder: Embedder, progress: Progress
) -> tuple[dict[str, Any], tuple[str, ...], PeakMemory]:
    timed = TimedEmbedder(embedder)
    with temporary_library(workspace, timed) as opened, PeakMemory() as memory:
        began = time.perf_counter()
        report = take_in(opened, path, progress)
        seconds = time.perf_counter() - began
        again = time.perf_counter()
        take_in(opened, path, progress)
        second = time.perf_counter() - again
    figures = {
        "files": report.seen, "failed": len(report.failed), "pages": report.pages, "chunks": report.chunks,
        "seconds": round(seconds, 2), "pages_per_s": round(report.pages / seconds, 1),
        "passages_per_s": round(timed.passages / timed.seconds, 1) if timed.seconds else None,
        "characters_per_passage": round(timed.characters / max(timed.passages, 1), 1),
        "embedding_seconds": round(timed.seconds, 2), "second_run_seconds": round(second, 2),
    }  # fmt: skip
    return figures, timed.kept, memory


def compare_parsing(files: Sequence[Path]) -> dict[str, Any]:
    """Text of the same PDFs by pypdf alone, and by the product's reader in this process."""
    from ingestion.readers import read

    chosen = list(_some_pdfs(files))
    if not chosen:
        return {}
    began = time.perf_counter()
    pages = sum(len(read(file).pages) for file in chosen)
    ours = pages / (time.perf_counter() - began)
    began = time.perf_counter()
    theirs = sum(_pypdf_pages(file) for file in chosen) / (time.perf_counter() - began)
    return {
        "parsing": {
            "pages": pages, "konkyo_pages_per_s": round(ours, 1), "pypdf_pages_per_s": round(theirs, 1),
            "ratio": round(ours / theirs, 2),
        }
    }  # fmt: skip


def _some_pdfs(files: Sequence[Path]) -> Iterator[Path]:
    """PDFs that both can open, until they hold enough pages."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    pages = 0
    for file in files:
        if file.suffix.lower() != ".pdf" or pages >= _ALTERNATIVE_PAGES:
            continue
        try:
            reader = PdfReader(file)
            count = 0 if reader.is_encrypted else len(reader.pages)
        except (PyPdfError, OSError, ValueError):
            continue
        if count:
            pages += count
            yield file


def _pypdf_pages(file: Path) -> int:
    from pypdf import PdfReader

    pages = PdfReader(file).pages
    for page in pages:
        page.extract_text()
    return len(pages)


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
