"""The operations on what screening found. Part of `ui.operations.Operations`."""

from __future__ import annotations

from typing import Any, Protocol

Json = dict[str, Any]


class ScreeningOperations(Protocol):
    """Personal data and planted instructions in documents."""

    def screening(self) -> Json:
        """What lies where.

        `{folders: [{source, folder, shown_as, documents, personal: {type: n}, planted, masked, quarantined,
        released, refused}], quarantined: [{document, title, shown_as, planted}]}`; the counts are findings
        for `personal` and `planted`, documents or files for the others.
        """
        ...

    def findings(self, document: str) -> Json:
        """What was found in one document.

        `{document, masked, quarantined, released: {at, reason}|None, findings: [{kind: "personal"|"planted",
        type, start, end, confidence, page, text}]}`; `text` is what the document says there now, masked where
        it is masked. A planted instruction of the type "metadata" has no place: `start` and `end` are 0.

        Raises:
            NotFoundError: there is no such document.
        """
        ...

    def release(self, document: str, reason: str) -> Json:
        """Let a quarantined document into answers: `{done, document}`; not done when nothing kept it out.

        Raises:
            NotFoundError: there is no such document.
            UsageError: the reason is empty.
        """
        ...

    def withdraw_release(self, document: str) -> Json:
        """Take a release back: `{done, document}`."""
        ...
