"""Builds the library of an evaluation data set, and searches it.

A build that was interrupted goes on where it stopped; one that is complete costs only a look.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answers import Query
from assistant.errors import EvaluationError
from assistant.evaluation.datasets import Dataset, Layout, Passage
from assistant.evaluation.gold import Gold
from assistant.evaluation.libraries import EvaluationWorkspace, evaluation_workspace
from assistant.evaluation.retrieval import Candidates, Item
from assistant.retrieval import Retriever
from ingestion.contextual import contextual_text, embedding_text
from ingestion.documents import EVERYTHING, LOCAL_USER, Chunk, Document, Page, document_id
from ingestion.embedding import Embedder, load_embedder
from ingestion.hashing import file_id
from ingestion.indexes import SearchIndexes
from ingestion.library import Library
from ingestion.library_writing import Derived, FileState, LibraryWriter
from ingestion.pipeline import IngestProgress, IngestReport, ingest
from ingestion.readers import PARSER_VERSION
from ingestion.settings import IngestionSettings, Settings
from ingestion.workspace import Workspace

BuildProgress = Callable[[str, int, int], None]
"""Called with (what is being done, how much of it is done, how much in all)."""

_PASSAGES = "passages"
_BATCH = 128


@dataclass(frozen=True, slots=True)
class EvaluationLibrary:
    """An open library of an evaluation, with all that searches it."""

    workspace: Workspace
    settings: Settings
    library: Library
    indexes: SearchIndexes
    embedder: Embedder
    retriever: Retriever

    @property
    def search(self) -> tuple[Library, SearchIndexes, Embedder, Retriever]:
        """The parts in the order of `wiring.open_search`."""
        return self.library, self.indexes, self.embedder, self.retriever

    def close(self) -> None:
        """Give the indexes' and the database's files back."""
        self.indexes.close()
        self.library.close()


@dataclass(frozen=True, slots=True)
class BuiltSet:
    """A data set's library. `names` gives the name that the questions have for a document's id."""

    opened: EvaluationLibrary
    names: Mapping[str, str]
    layout: Layout
    state: str = ""
    """What of the library an answer depends on."""

    @property
    def gold(self) -> Gold:
        """Where the answers stand."""
        return Gold(self.layout, self.names)

    def find(self, question: str) -> Candidates:
        """Both searches' candidates, with the page or passage of each."""
        dense, lexical = self.opened.retriever.candidates(Query(question), LOCAL_USER)
        rows = list(dict.fromkeys(row for row, _ in [*dense, *lexical]))
        stored = self.opened.library.chunks_by_row(rows, LOCAL_USER, EVERYTHING)
        items: dict[int, Item] = {}
        for row, chunk in stored.items():
            if chunk.document in self.names:
                items[row] = (self.names[chunk.document], (chunk.page or 1) if self.layout == "pdf" else 0)
        return Candidates(dense, lexical, items)

    def texts(self, rows: Sequence[int]) -> dict[int, str]:
        """What a reranker reads of rows."""
        return texts_of(self.opened.library, rows)


def texts_of(library: Library, rows: Sequence[int]) -> dict[int, str]:
    """Title, headings and text of the chunks in `rows`, as a reranker reads them."""
    stored = library.chunks_by_row(rows, LOCAL_USER, EVERYTHING)
    return {
        row: contextual_text(
            chunk.title or chunk.path.rsplit("/", 1)[-1], chunk.heading_path, chunk.text, chunk.context
        )
        for row, chunk in stored.items()
    }


def configured_embedder(workspace: Workspace) -> Embedder:
    """The embedder that the workspace's settings name.

    Raises:
        ModelError: it is not there; the message names the ways to get it.
    """
    models = workspace.settings().models
    return load_embedder(models.embedder, workspace.models, models.threads)


def open_evaluation(workspace: EvaluationWorkspace, embedder: Embedder) -> EvaluationLibrary:
    """Open what lies in a nested workspace; empty at first."""
    settings = workspace.settings()
    library = Library.open(workspace.library_path)
    indexes = SearchIndexes.open(workspace.indexes, library, embedder.identity, embedder.dimension)
    retriever = Retriever(library, indexes, embedder, settings.retrieval)
    return EvaluationLibrary(workspace, settings, library, indexes, embedder, retriever)


def build(parent: Workspace, dataset: Dataset, embedder: Embedder, progress: BuildProgress) -> BuiltSet:
    """Open the data set's library inside `parent`, first taking in what it lacks.

    Raises:
        EvaluationError: no document of the set can be read.
        WorkspaceBusyError: another evaluation is building the same library.
    """
    passages = dataset.layout == "passage"
    workspace = evaluation_workspace(
        parent, dataset.layout, dataset.digest, *_ingredients(parent, embedder, parsed=not passages)
    )
    with workspace.write_lock():
        opened = open_evaluation(workspace, embedder)
        if passages:
            _take_in_passages(dataset.passages, opened, progress)
            names = {_passage_id(passage): passage.id for passage in dataset.passages}
        else:
            take_in(opened, dataset.folder / "pdf", progress)
            names = {file_id(path): _name(path) for path in dataset.files}
    return BuiltSet(opened, names, dataset.layout, dataset.digest)


QUESTIONS = "questions.jsonl"
DOCUMENTS = "documents"


def build_folder(
    parent: Workspace, folder: Path, embedder: Embedder, progress: BuildProgress
) -> EvaluationLibrary:
    """Open a library of all documents below `folder`, first taking in what it lacks. Raises as `build`.

    A folder `documents` in it holds them all: what lies beside it (questions, examples) would answer itself.
    """
    folder = documents if (documents := folder / DOCUMENTS).is_dir() else folder
    place = folder.resolve().as_posix()
    workspace = evaluation_workspace(parent, "folder", place, *_ingredients(parent, embedder, parsed=True))
    with workspace.write_lock():
        opened = open_evaluation(workspace, embedder)
        take_in(opened, folder, progress)
    return opened


def take_in(
    opened: EvaluationLibrary, folder: Path, progress: BuildProgress, limits: IngestionSettings | None = None
) -> IngestReport:
    """Ingest `folder` as the product does, within `limits` or those of the library's settings.

    Raises:
        EvaluationError: nothing in it could be read.
    """

    def tell(step: IngestProgress) -> None:
        progress(step.phase, step.done, step.total)

    limits = limits or opened.settings.ingestion
    # The questions and their answers lie beside the documents: found, they would answer themselves.
    limits = limits.model_copy(update={"ignore": (*limits.ignore, QUESTIONS)})
    report = ingest(
        [folder], library=opened.library, indexes=opened.indexes, embedder=opened.embedder,
        settings=opened.settings.model_copy(update={"ingestion": limits}), allow_empty=True, progress=tell,
    )  # fmt: skip
    if not opened.library.documents_list():
        reasons = "; ".join(f"{failure.path}: {failure.reason}" for failure in opened.library.failures()[:3])
        raise EvaluationError(f"no file below {folder} could be read. {reasons}")
    return report


def _ingredients(parent: Workspace, embedder: Embedder, *, parsed: bool) -> list[object]:
    """What a library depends on besides its data; passages are neither parsed nor cut."""
    parsing = [PARSER_VERSION, parent.settings().chunking] if parsed else []
    return [embedder.identity, *parsing]


def _name(path: Path) -> str:
    return unicodedata.normalize("NFC", path.name)


def _take_in_passages(
    passages: Sequence[Passage], opened: EvaluationLibrary, progress: BuildProgress
) -> None:
    """Each passage is a document of one chunk: passages are what the questions ask for."""
    writer = LibraryWriter(opened.library)
    writer.add_source(_PASSAGES, None, synced=False)
    known = writer.known_files(_PASSAGES)
    missing = [passage for passage in passages if passage.id not in known]
    for start in range(0, len(missing), _BATCH):
        progress("embed", len(passages) - len(missing) + start, len(passages))
        batch = missing[start : start + _BATCH]
        texts = [embedding_text(one.title, one.text) for one in batch]
        vectors = opened.embedder.embed_passages(texts)
        for passage, vector in zip(batch, vectors, strict=True):
            chunk = Chunk(0, len(passage.text), passage.text)
            document = Document(passage.text, "txt", (Page(1, 0, len(passage.text)),), title=passage.title)
            derived = Derived(
                _passage_id(passage), document, passage.title, (chunk,), vector[None, :],
                opened.embedder.identity, _PASSAGES,
            )  # fmt: skip
            writer.put(derived, [FileState(_PASSAGES, passage.id, 0, len(passage.text.encode()))], None)
    if missing:
        progress("index", len(passages), len(passages))
        opened.indexes.catch_up()


def _passage_id(passage: Passage) -> str:
    """The passage's own name is part of its content: two passages of the same text stay two."""
    return document_id(f"{passage.id}\0{passage.title}\0{passage.text}".encode())
