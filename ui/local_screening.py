"""The operations of `ui.screening_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.examining import REFUSED
from ingestion.screening.masking import is_masked
from ui.errors import NotFoundError, UsageError
from ui.operations import Json
from ui.resources import Resources
from ui.shown_as import ShownAs

if TYPE_CHECKING:
    from ingestion.documents import Document, Span
    from ingestion.finding_rows import Counts
    from ingestion.library import StoredDocument


class LocalScreening(ABC):
    """Implements `ui.screening_operations.ScreeningOperations` for a class that has what is declared here."""

    resources: Resources
    _shown_as: ShownAs

    @abstractmethod
    def _writing(self) -> AbstractContextManager[None]: ...

    @abstractmethod
    def _stored(self, document: str) -> StoredDocument: ...

    def screening(self) -> Json:
        """See `ScreeningOperations.screening`."""
        from ingestion import finding_rows

        library = self.resources.library
        refused = Counter(
            (failure.source, failure.path.rpartition("/")[0])
            for failure in library.failures()
            if failure.reason.startswith(REFUSED) and self.resources.user.groups is None
        )
        folders = [
            {"source": found.source, "folder": found.folder,
             "shown_as": self._shown_as(found.source, found.folder), "documents": found.documents,
             "personal": dict(sorted(found.personal.items())), "planted": found.planted,
             "masked": found.masked, "quarantined": found.quarantined, "released": found.released,
             "refused": refused.pop((found.source, found.folder), 0)}
            for found in finding_rows.by_folder(library)
        ]  # fmt: skip
        folders += [
            {"source": source, "folder": folder, "shown_as": self._shown_as(source, folder), "documents": 0,
             "personal": {}, "planted": 0, "masked": 0, "quarantined": 0, "released": 0, "refused": count}
            for (source, folder), count in sorted(refused.items())
        ]  # fmt: skip
        counts = finding_rows.counts(library)
        quarantined = [
            {"document": summary.id, "title": summary.title, "planted": counts[summary.id].planted,
             "shown_as": self._shown_as(summary.locations[0].source, summary.locations[0].path)}
            for summary in library.documents_list()
            if summary.id in counts and counts[summary.id].quarantined
        ]  # fmt: skip
        return {"folders": folders, "quarantined": quarantined}

    def findings(self, document: str) -> Json:
        """See `ScreeningOperations.findings`."""
        from ingestion import finding_rows

        stored = self._stored(document)
        found = finding_rows.screened(self.resources.library, document)
        text = stored.document.text
        release = found.release
        return {
            "document": document, "masked": found.masked, "quarantined": found.quarantined,
            "released": None if release is None else {"at": release.at, "reason": release.reason},
            "findings": [
                {"kind": one.kind, "type": one.type, "start": one.start, "end": one.end,
                 "confidence": one.confidence, "page": _page(stored.document, one.start, one.end),
                 "text": text[one.start : one.end]}
                for one in found.findings
            ],
        }  # fmt: skip

    def release(self, document: str, reason: str) -> Json:
        """See `ScreeningOperations.release`."""
        from ingestion import finding_rows

        if not reason.strip():
            raise UsageError("a release needs a reason, so that others can see why.")
        self._stored(document)
        with self._writing():
            kept = finding_rows.screened(self.resources.library, document).quarantined
            if kept:
                finding_rows.release(self.resources.library, document, reason.strip())
        return {"done": kept, "document": document}

    def withdraw_release(self, document: str) -> Json:
        """See `ScreeningOperations.withdraw_release`."""
        from ingestion import finding_rows

        self._stored(document)
        with self._writing():
            done = finding_rows.withdraw(self.resources.library, document)
        return {"done": done, "document": document}

    def _finding_counts(self) -> dict[str, Counts]:
        from ingestion import finding_rows

        return finding_rows.counts(self.resources.library)

    def _painted_over(self, stored: StoredDocument, path: Path, number: int, image: bytes) -> bytes:
        """The picture of a page without what is masked in its text.

        Raises:
            NotFoundError: where that stands on the page cannot be told, so the page must not be shown.
        """
        from ingestion import finding_rows
        from ingestion.blackening import blacken, recognised_boxes

        if not finding_rows.screened(self.resources.library, stored.id).masked:
            return image
        spans, images = self._masked_spans(stored, number), self.resources.page_images
        # Running heads and ruby are in no text that could have been looked through.
        boxes = images.unread_boxes(path, stored.document, number)
        for span in spans:
            found = [*images.boxes(path, stored.document, span), *recognised_boxes(stored.document, span)]
            if not found:
                raise NotFoundError(
                    f"page {number} is not shown: it holds personal data whose place on it is not known."
                )
            boxes += [box for box in found if box.page == number]
        if not boxes:
            return image
        return blacken(image, boxes, images.size(path, number)[0])

    def _masked_spans(self, stored: StoredDocument, number: int) -> list[Span]:
        from ingestion import finding_rows
        from ingestion.documents import Span

        page = next((page for page in stored.document.pages if page.number == number), None)
        state = finding_rows.screened(self.resources.library, stored.id)
        if page is None:
            return []
        text, own = stored.document.text, Span(page.start, page.end)
        return [
            Span(one.start, one.end) for one in state.findings
            if one.end and own.overlaps(Span(one.start, one.end)) and is_masked(text[one.start : one.end])
        ]  # fmt: skip

    def _refuse_masked(self, document: str) -> None:
        """Keep the original of a masked document back: it says what the text does not.

        Raises:
            NotFoundError: the document is masked, or a file inside it is masked, was refused, or could not be
                looked through where personal data must not be shown.
        """
        from ingestion import finding_rows

        if finding_rows.withholds_file(self.resources.library, document, REFUSED):
            raise NotFoundError(
                "the original is not handed out: personal data is masked in it or in a file inside, "
                "or a file inside could not be looked through. "
                "Who may read it finds it in its folder."
            )


def _page(document: Document, start: int, end: int) -> int | None:
    page = document.page_at(start) if document.paged and end else None
    return None if page is None else page.number
