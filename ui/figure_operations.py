"""The operations on the figures of documents. Part of `ui.operations.Operations`."""

from __future__ import annotations

from typing import Protocol


class FigureOperations(Protocol):
    """Pictures, charts and drawings in documents."""

    def figure_image(self, document: str, figure: int) -> bytes:
        """The figure at place `figure` (0-based) of `document()["figures"]`, as PNG.

        Raises:
            NotFoundError: there is no such document or figure, its file is gone, or personal data
                is masked in it, which a picture could show.
            ReadError: it cannot be shown.
        """
        ...
