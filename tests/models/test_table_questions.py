"""A question about one cell of a table, from the file to its citation, with the real embedder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from table_files import FORMS

from assistant.answers import Query, Source, Verdict
from assistant.evidence import gather
from assistant.grounding.verdicts import RuleChecker
from assistant.retrieval import Retriever
from ingestion.embedding import Embedder, load_embedder
from ingestion.indexes import SearchIndexes
from ingestion.library import Library
from ingestion.pipeline import ingest
from ingestion.readers import read
from ingestion.settings import Settings

pytestmark = pytest.mark.model

QUESTIONS = {
    "2024年度の法人の正会員の年会費はいくらですか？": ("120,000円", "100,000円"),
    "正会員で個人会員の場合、2023年度の年会費はいくらでしたか？": ("10,000円", "12,000円"),
    "賛助会員である法人会員の年会費は2024年度はいくらになりますか？": ("60,000円", "50,000円"),
}
SAMPLES = Path(__file__).parents[2] / "samples" / "documents"


@pytest.fixture(scope="module")
def embedder(models_dir: Path) -> Embedder:
    return load_embedder("multilingual-e5-small", models_dir, 2)


class Shelf:
    """One file with the table among the samples, searched as the product does."""

    def __init__(self, root: Path, name: str, embedder: Embedder) -> None:
        docs = root / "docs"
        docs.mkdir()
        for sample in sorted(SAMPLES.glob("*.*")):
            if sample.suffix in (".md", ".txt", ".html", ".csv"):
                shutil.copy(sample, docs / sample.name)
        FORMS[name](docs / name)
        self.file = docs / name
        self.library = Library.open(root / "library.db")
        self.indexes = SearchIndexes.open(
            root / "indexes", self.library, embedder.identity, embedder.dimension
        )
        ingest(
            [docs],
            library=self.library,
            indexes=self.indexes,
            embedder=embedder,
            settings=Settings(),
            parse=read,
        )
        self.retriever = Retriever(self.library, self.indexes, embedder, Settings().retrieval)
        self.checker = RuleChecker(Settings().answers, embedder)

    def sources(self, question: str) -> tuple[Source, ...]:
        hits = self.retriever.retrieve(Query(question, top_k=8))
        assert hits[0].path == self.file.name, [hit.path for hit in hits]
        return gather(question, hits, Settings().evidence).sources

    def close(self) -> None:
        self.indexes.close()
        self.library.close()


@pytest.fixture(scope="module", params=FORMS)
def shelf(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, embedder: Embedder
) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), request.param, embedder)
    yield shelf
    shelf.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_about_a_cell_finds_it(shelf: Shelf, question: str) -> None:
    right, wrong = QUESTIONS[question]
    sources = shelf.sources(question)
    document = read(shelf.file)
    shown = [line for source in sources for line in source.prompted]
    assert any(
        f"年会費 2024年度: {right}" in line or f"年会費 2023年度: {right}" in line for line in shown
    ), shown
    for source in sources:
        if source.hit.path == shelf.file.name:
            assert [document.text[span.start : span.end] for span in source.spans] == list(source.texts)
    found = shelf.checker.check(f"{right}です。", sources, question=question)
    assert found.verdict is Verdict.SUPPORTED, found
    citation = found.citations[0]
    assert document.text[citation.start : citation.end] == citation.quote
    assert citation.cell is not None
    assert document.text[citation.cell.start : citation.cell.end] == right
    assert shelf.checker.check(f"{wrong}です。", sources, question=question).verdict is Verdict.CONTRADICTED
