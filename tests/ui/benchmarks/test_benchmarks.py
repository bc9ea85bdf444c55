from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from assistant.answering import Assistant
from assistant.answers import Answer, Event, Finished, Message, Retrieved, Timings, Token, Turn
from assistant.errors import EvaluationError, GenerationError
from assistant.generation import never
from ingestion.vectors import Vectors
from ingestion.workspace import Workspace, open_workspace
from ui.benchmarks.asking import Waiting, follow_ups, summary, watch, watch_both
from ui.benchmarks.ingesting import TimedEmbedder, bench_ingest
from ui.benchmarks.other_parsers import OTHERS, compare_others, read_all
from ui.benchmarks.searching import bench_search, derived_from, generating
from ui.benchmarks.synthetic import make_documents, make_queries, sentence_pool

POOL = sentence_pool([])
SAMPLE_PDF = Path(__file__).parents[3] / "samples" / "documents" / "経費精算規程.pdf"


class CountingEmbedder:
    """Lengths of texts as unit vectors; slow enough to be timed."""

    identity = "counting-8"
    dimension = 8

    def __init__(self) -> None:
        self.passages = 0

    def embed_query(self, text: str) -> Vectors:
        vector = np.zeros(8, np.float32)
        vector[len(text) % 8] = 1
        return vector

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        time.sleep(0.02)
        self.passages += len(texts)
        return np.stack([self.embed_query(text) for text in texts])


class EndlessGenerator:
    """Writes until its stream is closed."""

    name, context_tokens = "endless", 1000

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.written = 0
        self.closed = threading.Event()

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
        if self.error:
            raise self.error
        try:
            while True:
                self.written += 1
                yield "x"
                time.sleep(0.001)
        finally:
            self.closed.set()


def silent(phase: str, done: int, total: int) -> None:
    return None


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(
            f"規程{number}。" + "旅費は5営業日以内に精算する。" * 60, "utf-8"
        )
    (folder / "broken.pdf").write_bytes(b"no pdf at all")
    return folder


def test_parse_only_counts_what_was_read_and_what_failed(workspace: Workspace, documents: Path) -> None:
    result = bench_ingest(workspace, documents, parse_only=True, compare=False, progress=silent)
    assert (result["files"], result["failed"], result["pages"]) == (4, 1, 3)
    assert result["pages_per_s"] == pytest.approx(3 / result["seconds"], rel=0.2)
    assert result["peak_mb"] > 10
    assert "passages_per_s" not in result


def test_whole_ingest_times_the_embedder_and_leaves_nothing_behind(
    workspace: Workspace, documents: Path
) -> None:
    embedder = CountingEmbedder()
    result = bench_ingest(
        workspace, documents, parse_only=False, compare=False, progress=silent, embedder=embedder
    )
    assert (result["pages"], result["failed"], result["chunks"]) == (3, 1, embedder.passages)
    assert result["passages_per_s"] == pytest.approx(embedder.passages / result["embedding_seconds"], rel=0.3)
    assert result["second_run_seconds"] < result["seconds"]
    assert not list(workspace.root.glob("bench-*"))


def test_whole_ingest_recognises_text_only_as_it_is_told(workspace: Workspace, documents: Path) -> None:
    Image.new("RGB", (200, 100), "white").save(documents / "scan.png")
    result = bench_ingest(
        workspace, documents, parse_only=False, compare=False, progress=silent, ocr="off", processes=2,
        embedder=CountingEmbedder(),
    )  # fmt: skip
    assert (result["ocr"], result["failed"], result["pages"]) == ("off", 2, 3)


def test_an_empty_folder_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvaluationError, match="no file"):
        bench_ingest(workspace, tmp_path / "empty", parse_only=True, compare=False, progress=silent)


def test_two_processes_read_the_same_as_one(workspace: Workspace, documents: Path) -> None:
    found = [
        bench_ingest(workspace, documents, parse_only=True, compare=False, progress=silent, processes=number)
        for number in (1, 2)
    ]
    for key in ("files", "failed", "pages", "characters"):
        assert found[0][key] == found[1][key]
    assert [result["processes"] for result in found] == [1, 2]


def test_another_parser_counts_what_it_cannot_read_and_names_what_is_missing(documents: Path) -> None:
    found = compare_others([documents / "broken.pdf", SAMPLE_PDF], 50.0)
    assert found["pypdf"]["failed"] == 1
    assert found["pypdf"]["pages"] == found["pdfplumber"]["pages"] == len(PdfReader(SAMPLE_PDF).pages)
    assert found["pypdf"]["ratio"] == pytest.approx(50.0 / found["pypdf"]["pages_per_s"], abs=0.01)
    with pytest.raises(ImportError):
        OTHERS["no_such_parser"] = OTHERS["pypdf"]
        try:
            read_all("no_such_parser", [SAMPLE_PDF])
        finally:
            del OTHERS["no_such_parser"]


def test_timed_embedder_gives_the_same_vectors_and_keeps_the_first_texts() -> None:
    timed = TimedEmbedder(CountingEmbedder())
    texts = [f"text {number}" for number in range(50)]
    assert np.array_equal(timed.embed_passages(texts), CountingEmbedder().embed_passages(texts))
    assert (timed.passages, timed.kept) == (50, tuple(texts[:48]))
    assert 0.02 <= timed.seconds < 1


def test_search_bench_searches_exactly_so_many_chunks(workspace: Workspace) -> None:
    result = bench_search(
        workspace, chunks=230, queries=20, texts=[], while_generating=False, compare=True, progress=silent,
        embedder=CountingEmbedder(),
    )  # fmt: skip
    assert (result["chunks"], result["queries"]) == (230, 20)
    assert 0 < result["p50_ms"] <= result["p95_ms"]
    assert set(result["parts_p50_ms"]) == {"embed", "dense", "lexical"}
    assert result["comparison"]["dense"]["numpy_p50_ms"] >= 0
    assert not list(workspace.root.glob("bench-*"))


def test_made_documents_slice_exactly_and_repeat_with_the_seed() -> None:
    first = list(make_documents(230, POOL, CountingEmbedder()))
    again = list(make_documents(230, POOL, CountingEmbedder()))
    assert [len(made.chunks) for made in first] == [200, 30]
    assert [made.chunks for made in first] == [made.chunks for made in again]
    for made in first:
        assert np.allclose(np.linalg.norm(made.vectors, axis=1), 1, atol=1e-5)
        derived = derived_from(made, "e")
        assert all(derived.document.text[c.start : c.end] == c.text for c in derived.chunks)
        assert all(400 <= len(chunk.text) <= 600 for chunk in derived.chunks)


def test_queries_differ() -> None:
    queries = make_queries(200, POOL)
    assert len(set(queries)) > 150
    assert all(len(query) > 5 for query in queries)


def test_generation_runs_during_the_block_and_ends_with_it() -> None:
    generator = EndlessGenerator()
    with generating(generator):
        before = generator.written
        time.sleep(0.1)
        assert generator.written > before > 0
    assert generator.closed.is_set()


def test_a_generator_that_fails_is_no_quiet_measurement() -> None:
    with (
        pytest.raises(GenerationError, match="no model"),
        generating(EndlessGenerator(GenerationError("no model"))),
    ):
        pytest.fail("the block must not run")


def test_waiting_times_of_a_stream() -> None:
    answer = Answer("ab", False, (), (), "fake", None, Timings(0, 0, 0))
    events: list[Event] = [Retrieved(()), Token("a"), Token("b"), Token("c"), Finished(answer)]
    ticks = iter([0.0, 0.2, 1.0, 1.5, 2.0, 2.5])
    assert watch(iter(events), lambda: next(ticks)) == Waiting(200.0, 1000.0, 2.0, 2500.0)


def test_answers_that_were_withheld_count_for_sources_only() -> None:
    waits = [Waiting(10.0, None, None, 20.0), Waiting(30.0, 500.0, 25.0, 900.0)]
    result = summary(waits)
    assert (result["questions"], result["written"]) == (2, 1)
    assert (result["sources_ms"], result["first_token_ms"], result["tokens_per_s"]) == (10.0, 500.0, 25.0)


def test_follow_ups_that_were_not_asked_or_written_do_not_count() -> None:
    times = (900.0, 300.0, 500.0)
    waits = [None, Waiting(1.0, None, None, 2.0), *(Waiting(1.0, one, None, 2.0) for one in times)]
    assert follow_ups(waits) == {"followed": 3, "follow_up_ms": 500.0, "follow_up_p95_ms": 900.0}
    assert follow_ups([None]) == {"followed": 0, "follow_up_ms": None, "follow_up_p95_ms": None}


class Asked:
    """An assistant that remembers what it was asked, and withholds when told to."""

    def __init__(self, *, withholds: bool) -> None:
        self.withholds = withholds
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []

    def stream(self, question: str, history: tuple[Turn, ...] = ()) -> Iterator[Event]:
        self.asked.append((question, tuple(history)))
        answer = Answer("a", self.withholds, (), (), "fake", None, Timings(0, 0, 0))
        yield from (Retrieved(()), Token("a"), Finished(answer))


def test_a_follow_up_knows_the_answer_before_it_and_none_follows_silence() -> None:
    talks, silent = Asked(withholds=False), Asked(withholds=True)
    first, second = watch_both(cast(Assistant, talks), "q", "more")
    assert first.first_token is not None and second is not None
    assert talks.asked == [("q", ()), ("more", (Turn("q", "a"),))]
    assert watch_both(cast(Assistant, silent), "q", "more")[1] is None
    assert len(silent.asked) == 1
