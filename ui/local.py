"""The operations done in this process: by the service, and by the command line when no service runs."""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.answers import Language, Mode, Query
from assistant.generation import never
from assistant.owners import Owners
from ingestion.documents import User
from ingestion.errors import ModelError
from ingestion.reading import OCR_MODES
from ingestion.workspace import Workspace
from ui.acts import audited, noted
from ui.asking import Asking, scope_from_json
from ui.errors import UsageError
from ui.jobs import Jobs, Work
from ui.local_adapters import LocalAdapters
from ui.local_audit import LocalAudit
from ui.local_conversations import LocalConversations
from ui.local_documents import LocalDocuments
from ui.local_editor import LocalEditor
from ui.local_evaluations import LocalEvaluations
from ui.local_examples import LocalExamples
from ui.local_figures import LocalFigures
from ui.local_knowledge import LocalKnowledge
from ui.local_models import LocalModels
from ui.local_monitoring import LocalMonitoring
from ui.local_screening import LocalScreening
from ui.local_syncs import LocalSyncs
from ui.local_tasks import LocalTasks
from ui.local_training import LocalTraining
from ui.local_upkeep import LocalUpkeep
from ui.observing import Observer, Unobserved
from ui.operations import EvidenceMode, Json
from ui.reasons import code_of
from ui.resources import Resources
from ui.shown_as import ShownAs
from ui.uploads import store_upload

if TYPE_CHECKING:
    pass


@audited
class LocalOperations(
    LocalAdapters,
    LocalAudit,
    LocalUpkeep,
    LocalDocuments,
    LocalEditor,
    LocalEvaluations,
    LocalKnowledge,
    LocalModels,
    LocalMonitoring,
    LocalScreening,
    LocalSyncs,
    LocalFigures,
    LocalConversations,
    LocalTasks,
    LocalExamples,
    LocalTraining,
):
    """Implements `ui.operations.Operations`.

    Reading needs no lock. Each write takes the workspace's lock for its time, unless `owns_lock` says that
    this process holds it anyway (the service does).
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        owns_lock: bool = False,
        resources: Resources | None = None,
        observer: Observer = Unobserved(),
    ) -> None:
        self.workspace = workspace
        self.resources = resources or Resources(workspace, workspace.settings())
        self._owns_lock = self.resources.owns_lock = owns_lock
        self._uploads = workspace.uploads.as_posix()
        self._shown_as = ShownAs(self.resources.settings.sources, self._uploads, workspace.mirrors)
        self._owners = Owners(self.resources.settings.sources, workspace.mirrors, self._properties)
        self._asking = Asking(self.resources, self._shown_as, self._owners.of_hits, observer)
        self._jobs = Jobs(
            lambda work, kind, about, paths: noted(lambda: self.resources.audit, work, kind, about, paths),
            observer.job_ended,
        )
        self._counts: tuple[int, Json] = (-1, {})
        self._syncing: set[str] = set()

    def seen_by(
        self,
        user: User,
        *,
        everything: bool = False,
        tests_models: bool = False,
        renewed: Callable[[], User] | None = None,
    ) -> LocalOperations:
        """The same operations on the same things, done by `user`, who sees only what may be read.

        For `everything` and what follows see `PersonalResources`. It is not to be closed.
        """
        from ui.personal_resources import PersonalResources

        other = copy.copy(self)
        resources = PersonalResources(
            self.resources, user, everything=everything, tests_models=tests_models, renewed=renewed
        )
        other.resources = resources
        other._asking = self._asking.on_behalf(resources)
        other._jobs = self._jobs.on_behalf(
            lambda work, kind, about, paths: noted(lambda: resources.audit, work, kind, about, paths)
        )
        other._counts = (-1, {})
        return other

    # --- state

    @property
    def waiting(self) -> int:
        """Questions that are being answered or wait for it."""
        return self._asking.waiting

    def status(self) -> Json:
        """See `Operations.status`."""
        settings, resources = self.resources.settings, self.resources
        chat_loaded, embedder_loaded = resources.loaded
        return {
            "version": version("konkyo"), "workspace": str(self.workspace.root), "pid": os.getpid(),
            "service": self._owns_lock, "language": settings.interface.language, **self._count(),
            "waiting": self._asking.waiting,
            "chat": self._model_state(settings.server.model or settings.models.chat, chat_loaded),
            "embedder": self._model_state(settings.models.embedder, embedder_loaded),
            "warm": resources.warmth, "warm_error": resources.warm_error, "job": self.job(),
        }  # fmt: skip

    def models(self) -> list[Json]:
        """See `Operations.models`."""
        return [model.as_json() for model in self.resources.model_store.list()]

    def settings(self) -> Json:
        """See `Operations.settings`."""
        shown: Json = self.resources.settings.model_dump(mode="json")
        shown["ingestion"]["passwords"] = len(self.resources.settings.ingestion.passwords)
        if self._limited:  # they name folders and servers
            shown["sources"] = {}
            shown["screening"]["folders"] = shown["ingestion"]["ocr_folders"] = {}
        return shown

    # --- questions

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        mode: Mode | None = None,
        scope: Json | None = None,
        rerank: bool = True,
        explain: bool = False,
    ) -> list[Json]:
        """See `Operations.search`."""
        if not query.strip():
            raise UsageError("the query is empty.")
        defaults = self.resources.settings.retrieval
        limit, how = top_k or defaults.top_k, mode or defaults.mode
        wanted = Query(query, limit, how, scope_from_json(scope), rerank)
        retriever = self.resources.search.retriever
        if explain:
            hits = [{**hit.as_json(), "explain": why.as_json()} for hit, why in retriever.explain(wanted)]
        else:
            hits = [hit.as_json() for hit in retriever.retrieve(wanted)]
        return [{**hit, "shown_as": self._shown_as(hit["source"], hit["path"])} for hit in hits]

    def ask(
        self,
        question: str,
        *,
        conversation: str | None = None,
        scope: Json | None = None,
        language: Language | None = None,
        evidence: EvidenceMode | None = None,
        model: str | None = None,
        verified: bool = True,
        history: Sequence[Json] = (),
        max_tokens: int | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Generator[Json, None, None]:
        """See `Operations.ask`."""
        return self._asking.stream(
            question,
            conversation=conversation,
            scope=scope,
            language=language,
            evidence=evidence,
            model=model,
            verified=verified,
            history=history,
            max_tokens=max_tokens,
            cancelled=cancelled,
        )

    # --- ingestion

    def ingest(
        self,
        paths: Sequence[str],
        *,
        groups: Sequence[str] = (),
        allow_empty: bool = False,
        reparse: bool = False,
        ocr: str | None = None,
    ) -> Iterator[Json]:
        """See `Operations.ingest`."""
        return self._jobs.run(paths, self._ingest_work(paths, groups, allow_empty, reparse, ocr))

    def start_ingest(
        self,
        paths: Sequence[str],
        *,
        groups: Sequence[str] = (),
        allow_empty: bool = False,
        reparse: bool = False,
        ocr: str | None = None,
    ) -> Json:
        """See `Operations.start_ingest`."""
        return self._jobs.start(paths, self._ingest_work(paths, groups, allow_empty, reparse, ocr)).as_json()

    def job(self) -> Json | None:
        """See `Operations.job`."""
        if self._jobs.last is None:
            return None
        job = self._jobs.last.as_json()
        if self._limited:  # paths and reports name files, whoever may read them
            job |= {"about": "", "paths": [], "progress": None, "report": None, "message": None}
        return job

    def cancel_ingest(self) -> Json:
        """See `Operations.cancel_ingest`."""
        job = self._jobs.last
        running = job is not None and job.running
        if job is not None:
            job.cancel()
        return {"done": running}

    def upload(self, name: str, data: bytes) -> Json:
        """See `Operations.upload`."""
        path = store_upload(self.workspace.uploads, name, data)
        return {"path": str(path), "name": path.name}

    # --- what was read

    def failures(self) -> list[Json]:
        """See `Operations.failures`."""
        from ingestion.sync_rows import SyncRows

        if self._limited:  # who may read a file that was not taken in is not known
            return []
        library = self.resources.library
        ignored = SyncRows(library).ignored()
        return [
            {"source": failure.source, "path": failure.path, "reason": failure.reason,
             "code": code_of(failure.reason), "at": failure.at,
             "shown_as": self._shown_as(failure.source, failure.path),
             "ignored": (failure.source, failure.path) in ignored}
            for failure in library.failures()
        ]  # fmt: skip

    def sources(self) -> list[Json]:
        """See `Operations.sources`."""
        return [
            {"source": source, "shown_as": self._shown_as(source, ""), "documents": documents,
             "uploads": source == self._uploads}
            for source, documents in self._sources_seen()
        ]  # fmt: skip

    def close(self) -> None:
        """See `Operations.close`."""
        self._jobs.close()
        self.resources.close()

    def _ingest_work(
        self, paths: Sequence[str], groups: Sequence[str], allow_empty: bool, reparse: bool, ocr: str | None
    ) -> Work:
        wanted = [Path(path) for path in paths]
        if relative := [str(path) for path in wanted if not path.is_absolute()]:
            raise UsageError(f"{relative[0]} is a relative path. Give it from the root on.")
        if ocr not in (None, *OCR_MODES):
            raise UsageError(f"{ocr!r} is no way to recognise text. Choose one of {', '.join(OCR_MODES)}.")

        def work(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
            with self._writing():
                report = self._ingest_paths(
                    wanted, progress, cancelled,
                    groups=frozenset(groups), allow_empty=allow_empty, reparse=reparse,
                    ocr=ocr,
                )  # fmt: skip
                self._remember(wanted, report)
                return report.as_json()

        return work

    @property
    def _limited(self) -> bool:
        """Whether there may be documents that the user may not read."""
        return self.resources.user.groups is not None

    def _sources_seen(self) -> list[tuple[str, int]]:
        library = self.resources.library
        if not self._limited:
            return library.sources()
        seen = [{place.source for place in one.locations} for one in library.documents_list()]
        return sorted(Counter(source for sources in seen for source in sources).items())

    def _count(self) -> Json:
        """Numbers of the library, counted anew only when it has changed."""
        library = self.resources.library
        generation = library.generation
        if generation != self._counts[0]:
            found = library.documents_list()
            chunks = sum(document.chunks for document in found)
            self._counts = (generation, {"documents": len(found), "chunks": chunks})
        return {**self._counts[1], "failures": len(self.failures())}

    def _model_state(self, name: str, loaded: bool) -> Json:
        try:
            self.resources.model_store.path_of(name)
            present = True
        except ModelError:
            present = (
                bool(self.resources.settings.server.base_url) and name == self.resources.settings.server.model
            )
        return {"name": name, "present": present, "loaded": loaded}
