"""Keeping indexes and caches true to the library. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from assistant.tasks.kept_texts import KeptTexts
from ingestion.workspace import Workspace
from ui import documents_json
from ui.asking import Asking
from ui.jobs import Jobs
from ui.operations import Json
from ui.resources import Resources


class LocalUpkeep:
    """Implements the index operations of `ui.operations.Operations` for a class that has what is declared."""

    workspace: Workspace
    resources: Resources
    _asking: Asking
    _jobs: Jobs
    _owns_lock: bool

    def index_check(self) -> Json:
        """See `Operations.index_check`."""
        indexes = self.resources.indexes
        if indexes is not None:
            return indexes.check()
        # Nothing was embedded yet, so that there is nothing an index could lack.
        library = self.resources.library
        generation = library.generation
        generations = {"library": generation, "vectors": generation, "lexical": generation}
        documents = len(library.documents_list())
        return {
            "ok": True, "documents": documents, "chunks": 0, "vectors": 0, "generations": generations,
            "problems": [],
        }  # fmt: skip

    def index_rebuild(self) -> Iterator[Json]:
        """See `Operations.index_rebuild`."""

        def work(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
            def tell(_index: str, done: int, total: int) -> None:
                progress(documents_json.index_progress(done, total))

            with self._writing():
                indexes = self.resources.indexes
                return {"done": True, **(indexes.rebuild(tell) if indexes is not None else {})}

        return self._jobs.run([], work)

    def index_reembed(self, model: str | None = None) -> Iterator[Json]:
        """See `Operations.index_reembed`."""

        def work(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
            with self._writing():
                return self.resources.reembed(
                    model, lambda state: progress(state.as_json()), self._asking.wait_turn, cancelled
                )

        return self._jobs.run([], work)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the workspace's lock; afterwards nothing is kept of documents that have gone meanwhile."""
        with nullcontext() if self._owns_lock else self.workspace.write_lock(wait_seconds=2.0):
            before = self.resources.library.generation
            try:
                yield
            finally:
                if (library := self.resources.library).generation != before:
                    KeptTexts(self.workspace.kept_texts).sweep(
                        lambda document: bool(library.rows_of(document))
                    )
