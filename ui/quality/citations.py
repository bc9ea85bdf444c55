"""`eval citations`: the quotes of every stored answer held against their documents and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.evaluation.citations import StoredQuote, check_all, figures, quotes_of
from ui.quality.measuring import Progress, evaluations_folder, opened_set

if TYPE_CHECKING:
    from ingestion.documents import Document, Span
    from ingestion.library import Library
    from ingestion.page_images import PageImages
    from ingestion.settings import Settings
    from ingestion.workspace import Workspace

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LibraryPages:
    """The pages of a library's documents, drawn from their files."""

    library: Library
    images: PageImages

    def printed(self, document: str, span: Span) -> str | None:
        """See `assistant.evaluation.citations.Pages`; None too for pages that were read from pictures."""
        stored, path = self.library.document(document), self.library.file_of(document)
        if stored is None or path is None or stored.document.format != "pdf":
            return None
        if any(line.start < span.end and span.start < line.end for line in stored.document.recognised):
            return None
        return self.images.printed_in(path, self.images.boxes(path, stored.document, span))


def check_citations(workspace: Workspace, data: Path | None, *, progress: Progress) -> Json:
    """Of conversations and confirmed answers, or of the kept answers of `eval answers DATA`."""
    settings = workspace.settings()
    with _library(workspace, settings, data, progress) as library:
        quotes = list(_own(workspace) if data is None else _kept(workspace, library))
        with _images(settings) as images:
            checked = check_all(
                quotes, _reader(library), LibraryPages(library, images),
                lambda done, total: progress("quote", done, total),
            )  # fmt: skip
    return figures(checked)


def _reader(library: Library) -> Callable[[str], Document | None]:
    def read(document: str) -> Document | None:
        stored = library.document(document)
        return None if stored is None else stored.document

    return read


def _own(workspace: Workspace) -> Iterator[StoredQuote]:
    """Of conversations and of the answers that editors confirmed."""
    from assistant.records import Records
    from assistant.verified_rows import VerifiedRows

    with closing(Records.open(workspace.records_path)) as records:
        for found in records.list():
            for message in records.show(found["id"])["messages"]:
                if message["answer"] is not None:
                    where = f"conversation {found['id']}, message {message['id']}"
                    yield from quotes_of(where, message["answer"]["claims"])
        for row in VerifiedRows(records.engine).all():
            for one in row.quotes:
                yield StoredQuote(f"verified {row.id}", one.document, one.start, one.end, one.quote)


def _kept(workspace: Workspace, library: Library) -> Iterator[StoredQuote]:
    """Of every kept answer about the documents of this library, whatever configuration gave it."""
    from assistant.evaluation.answer_log import kept_rows

    known = {one.id for one in library.documents_list()}
    for name, row in kept_rows(evaluations_folder(workspace)):
        for one in quotes_of(f"{name}, question {row['id']}", [row]):
            if one.document in known:
                yield one


@contextmanager
def _library(
    workspace: Workspace, settings: Settings, data: Path | None, progress: Progress
) -> Iterator[Library]:
    from assistant.wiring import open_library

    if data is None:
        with closing(open_library(workspace, settings)) as library:
            yield library
        return
    with ExitStack() as closed:
        if data.is_file():
            from assistant.evaluation.building import configured_embedder
            from assistant.evaluation.given import build_given, read_given

            built = build_given(workspace, read_given(data), configured_embedder(workspace), progress)
            yield closed.enter_context(closing(built.opened)).library
        else:
            _, found = closed.enter_context(opened_set(workspace, data, progress))
            yield found.opened.library


@contextmanager
def _images(settings: Settings) -> Iterator[PageImages]:
    from ingestion.page_images import PageImages

    with closing(PageImages(settings.ingestion)) as images:
        yield images
