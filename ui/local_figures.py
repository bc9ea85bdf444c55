"""The operations of `ui.figure_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from ui.errors import NotFoundError
from ui.resources import Resources

if TYPE_CHECKING:
    from ingestion.library import StoredDocument

_SCALE = 2.0  # pixels a point


class LocalFigures(ABC):
    """Implements `ui.figure_operations.FigureOperations` for a class that has what is declared here."""

    resources: Resources

    def figure_image(self, document: str, figure: int) -> bytes:
        """See `FigureOperations.figure_image`."""
        figures = self._stored(document).document.figures
        if not 0 <= figure < len(figures):
            raise NotFoundError(f"document {document} has no figure {figure}; it has {len(figures)}.")
        wanted = figures[figure]
        if wanted.name:
            self._refuse_masked(document)  # nobody knows what of it the picture shows
            return self.resources.page_images.figure(self._file(document), wanted.name)
        from ingestion.figure_images import crop

        page = self.page_image(document, wanted.page, scale=_SCALE)
        width, _ = self.resources.page_images.size(self._file(document), wanted.page)
        return crop(page, (wanted.x0, wanted.y0, wanted.x1, wanted.y1), width)

    @abstractmethod
    def page_image(self, document: str, page: int, *, scale: float = 1.5) -> bytes:
        """See `Operations.page_image`."""
        ...

    @abstractmethod
    def _stored(self, document: str) -> StoredDocument: ...

    @abstractmethod
    def _file(self, document: str) -> Path: ...

    @abstractmethod
    def _refuse_masked(self, document: str) -> None: ...
