"""The operation of `ui.monitoring_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assistant.owners import Owners
from ingestion.errors import IngestionError
from ingestion.workspace import Workspace
from ui.resources import Resources
from ui.shown_as import ShownAs

if TYPE_CHECKING:
    from assistant.monitoring.grouping import Embed
    from ingestion.embedding import Embedder

Json = dict[str, Any]

_GROUPED_WITH = "multilingual-e5-small"
"""The bound at which questions are alike was measured with its vectors; with another one words decide."""
_VECTORS_KEPT = 1024


class LocalMonitoring:
    """Implements `MonitoringOperations` for a class that has what is declared here."""

    workspace: Workspace
    resources: Resources
    _owners: Owners
    _shown_as: ShownAs
    _vectors_of: tuple[Embedder, Embed] | None = None

    def monitoring(self, *, days: int = 30, user: str | None = None) -> Json:
        """See `MonitoringOperations.monitoring`."""
        from assistant.adapters import AdapterFolder
        from assistant.monitoring.asked_rows import AskedRows
        from assistant.monitoring.monitor import Monitor

        listed = {one.id: one for one in self.resources.library.documents_list() if one.locations}
        monitor = Monitor(
            AskedRows(self.resources.records.engine), self.resources.requoter,
            AdapterFolder(self.workspace.adapters), self.resources.settings.monitoring,
            places=lambda: {id: one.locations[0] for id, one in listed.items()}, owners=self._owners_of,
            embedder=self._question_vectors,
        )  # fmt: skip
        report = monitor.report(days, user=user, reader=self.resources.user.name)
        for one in report["topics"]["folders"]:
            one["shown_as"] = self._shown_as(one["source"], one["folder"]) if one["source"] else ""
        for one in report["topics"]["documents"]:
            document = listed[one["document"]]
            one |= {
                "title": document.title, "source": document.locations[0].source,
                "path": document.locations[0].path,
            }  # fmt: skip
        named = [one for group in report["unanswered"]["groups"] for one in group["documents"]]
        for one in [*named, *report["topics"]["documents"]]:
            one["shown_as"] = self._shown_as(one["source"], one["path"])
        return report

    def _owners_of(self, documents: Sequence[Json]) -> list[Json]:
        return self._owners.of_hits(documents)

    def _question_vectors(self) -> Embed | None:
        """What gives vectors of questions, kept as long as the embedder is; None where words must do."""
        if self.resources.settings.models.embedder != _GROUPED_WITH:
            return None
        try:
            embedder = self.resources.search.embedder
        except IngestionError:  # absent, or another than the library has vectors of: figures do not need it
            return None
        if self._vectors_of is None or self._vectors_of[0] is not embedder:
            self._vectors_of = embedder, lru_cache(maxsize=_VECTORS_KEPT)(embedder.embed_query)
        return self._vectors_of[1]
