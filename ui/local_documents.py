"""Documents, their pages and files, done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ingestion.documents import Location, Span
from ingestion.workspace import Workspace
from ui import documents_json
from ui.asking import scope_from_json
from ui.errors import NotFoundError, UsageError
from ui.operations import Json
from ui.resources import Resources
from ui.shown_as import ShownAs

if TYPE_CHECKING:
    from ingestion.finding_rows import Counts
    from ingestion.library import StoredDocument


class LocalDocuments:
    """Implements the operations on documents for a class that has what is declared here."""

    workspace: Workspace
    resources: Resources
    _shown_as: ShownAs
    _uploads: str

    if TYPE_CHECKING:  # what the other parts have; a stub that is there at run time would hide theirs

        def _writing(self) -> AbstractContextManager[None]: ...

        def _finding_counts(self) -> dict[str, Counts]: ...

        def _painted_over(self, stored: StoredDocument, path: Path, number: int, image: bytes) -> bytes: ...

        def _refuse_masked(self, document: str) -> None: ...

        def taught(self, document: str) -> Json:
            """See `ExampleOperations.taught`."""
            ...

    def documents(self, *, scope: Json | None = None) -> list[Json]:
        """See `Operations.documents`."""
        found = self.resources.library.documents_list(scope=scope_from_json(scope))
        counts = self._finding_counts()
        return [
            documents_json.summary(document, self._locations(document.locations), counts.get(document.id))
            for document in found
        ]

    def document(self, document: str) -> Json:
        """See `Operations.document`."""
        stored = self._stored(document)
        return documents_json.whole(stored, self._locations(stored.locations))

    def boxes(self, document: str, start: int, end: int) -> list[Json]:
        """See `Operations.boxes`."""
        stored = self._stored(document)
        if not 0 <= start < end <= len(stored.document.text):
            raise UsageError(
                f"[{start}:{end}] is outside the text, which has {len(stored.document.text)} characters."
            )
        from ingestion.page_images import PAGE_FORMATS

        if stored.document.format not in PAGE_FORMATS:
            return []
        boxes = self.resources.page_images.boxes(self._file(document), stored.document, Span(start, end))
        return [{"page": box.page, "x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1} for box in boxes]

    def page_image(self, document: str, page: int, *, scale: float = 1.5) -> bytes:
        """See `Operations.page_image`."""
        path = self._page_file(document, page)
        image = self.resources.page_images.render(path, page, scale=min(max(scale, 0.1), 6.0))
        return self._painted_over(self._stored(document), path, page, image)

    def page_size(self, document: str, page: int) -> Json:
        """See `Operations.page_size`."""
        width, height = self.resources.page_images.size(self._page_file(document, page), page)
        return {"width": width, "height": height}

    def original(self, document: str) -> tuple[str, bytes]:
        """See `Operations.original`."""
        path = self._file(document)
        self._refuse_masked(document)
        place = self._stored(document).locations[0]
        name = path.name if place.parent is None else PurePosixPath(place.path).name
        return name, path.read_bytes()

    def remove_document(self, document: str) -> Json:
        """See `Operations.remove_document`."""
        from ingestion.upkeep import remove_document

        stored = self._stored(document)
        taught = self.taught(document)
        with self._writing():
            search = self.resources.search
            remove_document(document, library=search.library, indexes=search.indexes)
            for location in stored.locations:
                if location.source == self._uploads and location.parent is None:
                    (self.workspace.uploads / location.path).unlink(missing_ok=True)
        adapters = [one["name"] for one in taught["adapters"]]
        told = {"examples": len(taught["examples"]), "adapters": adapters}
        return {"done": True, "document": document, "taught": told}

    def _stored(self, document: str) -> StoredDocument:
        stored = self.resources.library.document(document)
        if stored is None:
            raise NotFoundError(f"there is no document {document!r}. See: konkyo documents list")
        return stored

    def _file(self, document: str) -> Path:
        path = self.resources.library.file_of(document)
        if path is None:
            stored = self._stored(document)
            place = stored.locations[0]
            raise NotFoundError(
                f"the file {place.path} in {place.source} has changed or is not there any more. "
                "Ingest its folder again."
            )
        return path

    def _page_file(self, document: str, page: int) -> Path:
        from ingestion.page_images import PAGE_FORMATS

        stored = self._stored(document).document
        if stored.format not in PAGE_FORMATS or not 1 <= page <= len(stored.pages):
            pages = len(stored.pages) if stored.format in PAGE_FORMATS else 0
            raise NotFoundError(
                f"document {document} ({stored.format}) has no image of page {page}; it has {pages}."
            )
        return self._file(document)

    def _locations(self, locations: Sequence[Location]) -> list[Json]:
        return [
            {"source": place.source, "path": place.path, "parent": place.parent,
             "shown_as": self._shown_as(place.source, place.path)}
            for place in locations
        ]  # fmt: skip
