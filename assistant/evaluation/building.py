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
from assistant.evaluation.datasets import Dataset, Passage
from assistant.evaluation.libraries import EvaluationWorkspace, evaluation_workspace
from assistant.evaluation.retrieval import Candidates, Item
from assistant.retrieval import Retriever
from assistant.wiring import open_search
from ingestion.contextual import contextual_text
from ingestion.documents import EVERYTHING, LOCAL_USER, Chunk, Document, Page, document_id
from ingestion.embedding import Embedder, identity_of
from ingestion.hashing import file_id
from ingestion.indexes import SearchIndexes
from ingestion.library import Library
from ingestion.library_writing import Derived, FileState, LibraryWriter
from ingestion.model_store import ModelStore
from ingestion.readers import PARSER_VERSION
from ingestion.settings import Settings
from ingestion.workspace import Workspace

BuildProgress = Callable[[str, int, int], None]
"""Called with (what is being done, how much of it is done, how much in all)."""

_PASSAGES = "passages"
_BATCH = 128


@dataclass(frozen=True, slots=True)
class BuiltSet:
    """A data set's library, ready to be searched. `names` gives a document's name in the questions."""

    workspace: EvaluationWorkspace
    library: Library
    indexes: SearchIndexes
    retriever: Retriever
    names: Mapping[str, str]
    paged: bool

    def find(self, question: str) -> Candidates:
        """Both searches' candidates, with the page or passage of each."""
        dense, lexical = self.retriever.candidates(Query(question), LOCAL_USER)
        rows = list(dict.fromkeys(row for row, _ in [*dense, *lexical]))
        stored = self.library.chunks_by_row(rows, LOCAL_USER, EVERYTHING)
        items: dict[int, Item] = {}
        for row, chunk in stored.items():
            if chunk.document in self.names:
                items[row] = (self.names[chunk.document], (chunk.page or 1) if self.paged else 0)
        return Candidates(dense, lexical, items)

    def close(self) -> None:
        """Give the indexes' and the database's files back."""
        self.indexes.close()
        self.library.close()


def build(parent: Workspace, dataset: Dataset, progress: BuildProgress) -> BuiltSet:
    """Open the data set's library inside `parent`, first taking in what it lacks.

    Raises:
        ModelError: the embedder is not there.
        EvaluationError: a document of the set cannot be read at all.
        WorkspaceBusyError: another evaluation is building the same library.
    """
    settings = parent.settings()
    workspace = evaluation_workspace(parent, *_ingredients(parent, dataset, settings))
    with workspace.write_lock():
        library, indexes, embedder, retriever = open_search(workspace, settings)
        if dataset.layout == "passage":
            names = _take_in_passages(dataset.passages, library, indexes, embedder, progress)
        else:
            names = _take_in_files(dataset, library, indexes, embedder, settings, progress)
    return BuiltSet(workspace, library, indexes, retriever, names, dataset.layout == "pdf")


def _ingredients(parent: Workspace, dataset: Dataset, settings: Settings) -> list[object]:
    """What the library depends on; passages are neither parsed nor cut into chunks."""
    name = settings.models.embedder
    identity = identity_of(name, ModelStore(parent.models).path_of(name))
    common: list[object] = [dataset.layout, dataset.digest, identity]
    return common if dataset.layout == "passage" else [*common, PARSER_VERSION, settings.chunking]


def _take_in_files(
    dataset: Dataset,
    library: Library,
    indexes: SearchIndexes,
    embedder: Embedder,
    settings: Settings,
    progress: BuildProgress,
) -> dict[str, str]:
    from ingestion.pipeline import IngestProgress, ingest

    def tell(step: IngestProgress) -> None:
        progress(step.phase, step.done, step.total)

    ingest(
        [dataset.folder / "pdf"], library=library, indexes=indexes, embedder=embedder, settings=settings,
        allow_empty=True, progress=tell,
    )  # fmt: skip
    known = {summary.id for summary in library.documents_list()}
    if not known:
        reasons = "; ".join(f"{failure.path}: {failure.reason}" for failure in library.failures()[:3])
        raise EvaluationError(f"no file of {dataset.folder / 'pdf'} could be read. {reasons}")
    return {file_id(path): _name(path) for path in dataset.files}


def _name(path: Path) -> str:
    return unicodedata.normalize("NFC", path.name)


def _take_in_passages(
    passages: Sequence[Passage],
    library: Library,
    indexes: SearchIndexes,
    embedder: Embedder,
    progress: BuildProgress,
) -> dict[str, str]:
    """Each passage is a document of one chunk: passages are what the questions ask for."""
    writer = LibraryWriter(library)
    writer.add_source(_PASSAGES, None, synced=False)
    known = writer.known_files(_PASSAGES)
    missing = [passage for passage in passages if passage.id not in known]
    for start in range(0, len(missing), _BATCH):
        progress("embed", len(passages) - len(missing) + start, len(passages))
        batch = missing[start : start + _BATCH]
        vectors = embedder.embed_passages([contextual_text(one.title, (), one.text) for one in batch])
        for passage, vector in zip(batch, vectors, strict=True):
            chunk = Chunk(0, len(passage.text), passage.text)
            document = Document(passage.text, "txt", (Page(1, 0, len(passage.text)),), title=passage.title)
            derived = Derived(
                _passage_id(passage), document, passage.title, (chunk,), vector[None, :], embedder.identity,
                _PASSAGES,
            )  # fmt: skip
            writer.put(derived, [FileState(_PASSAGES, passage.id, 0, len(passage.text.encode()))], None)
    if missing:
        progress("index", len(passages), len(passages))
        indexes.catch_up()
    return {_passage_id(passage): passage.id for passage in passages}


def _passage_id(passage: Passage) -> str:
    """The passage's own name is part of its content: two passages of the same text stay two."""
    return document_id(f"{passage.id}\0{passage.title}\0{passage.text}".encode())
