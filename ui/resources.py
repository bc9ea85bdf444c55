"""What the operations work on, opened when it is first needed and once only: library, search, chat model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ingestion.documents import LOCAL_USER, User
from ingestion.settings import Settings
from ingestion.workspace import Workspace, WriteGate
from ui.errors import EXPECTED

if TYPE_CHECKING:
    from assistant.adapter_serving import AdapterServing
    from assistant.answering import Assistant
    from assistant.feedback_rows import FeedbackRows
    from assistant.generation import AdapterFile
    from assistant.records import Records
    from assistant.requoting import Requoter
    from assistant.retrieval import Retriever
    from assistant.verified import VerifiedAnswers
    from assistant.wiring import LazyGenerator
    from ingestion.embedding import Embedder
    from ingestion.indexes import SearchIndexes
    from ingestion.ingest_report import IngestProgress
    from ingestion.library import Library
    from ingestion.model_store import ModelStore
    from ingestion.page_images import PageImages
    from ui.auditing import Auditor

Warmth = Literal["cold", "loading", "ready", "failed"]
logger = logging.getLogger(__name__)


class Search(NamedTuple):
    """The library with its indexes and what asks them."""

    library: Library
    indexes: SearchIndexes
    embedder: Embedder
    retriever: Retriever


class Resources:
    """Everything heavy of one workspace; each part is imported and opened by its first use, in any thread."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace = workspace
        self.settings = settings
        self.warmth: Warmth = "cold"
        self.warm_error: str | None = None
        self._opening = threading.RLock()
        self._library: Library | None = None
        self._search: Search | None = None
        self._records: Records | None = None
        self._verified: VerifiedAnswers | None = None
        self._requoter: Requoter | None = None
        self._adapters: AdapterServing | None = None
        self._page_images: PageImages | None = None
        self._audit: Auditor | None = None
        self._bare: SearchIndexes | None = None
        self.owns_lock = False
        """Whether this process holds the workspace's lock as long as it lives."""
        self._generator: LazyGenerator | None = None
        self._assistant: Assistant | None = None
        self._model: str | None = None

    @property
    def user(self) -> User:
        """Who works here: the only user, as long as nobody asks by a name."""
        return LOCAL_USER

    @property
    def user_now(self) -> User:
        """Who asks, with the rights of this moment, which may be others than when the operation began.

        Raises:
            AccountError: there is no such user any more, or it may not come in.
        """
        return self.user

    @property
    def tests_models(self) -> bool:
        """Whether who asks may be answered by other models and adapters than those in use."""
        return True

    @property
    def library(self) -> Library:
        """The library alone, without any model."""
        with self._opening:
            if self._library is None:
                from assistant.wiring import open_library

                self._library = open_library(self.workspace, self.settings)
            return self._library

    @property
    def records(self) -> Records:
        """The conversations."""
        with self._opening:
            if self._records is None:
                from assistant.records import Records

                self._records = Records.open(self.workspace.records_path)
            return self._records

    @property
    def verified(self) -> VerifiedAnswers:
        """The answers that editors confirmed; loads the embedder only for a like question."""
        with self._opening:
            if self._verified is None:
                from assistant.wiring import build_verified

                self._verified = build_verified(
                    self.workspace, self.settings, self.records, self.library,
                    lambda: self.search.embedder,
                )  # fmt: skip
            return self._verified

    @property
    def feedback(self) -> FeedbackRows:
        """What readers said of answers."""
        from assistant.feedback_rows import FeedbackRows

        return FeedbackRows(self.records.engine)

    @property
    def adapters(self) -> AdapterServing:
        """The tuned adapters, and which of them answers."""
        with self._opening:
            if self._adapters is None:
                from assistant.wiring import open_adapters

                self._adapters = open_adapters(self.workspace, self.settings)
            return self._adapters

    @property
    def audit(self) -> Auditor:
        """The audit log."""
        with self._opening:
            if self._audit is None:
                from ui.auditing import Auditor

                self._audit = Auditor(
                    self.workspace, self.settings, lambda: self.adapters,
                    lambda document: self.library.whole_text(document),
                )  # fmt: skip
            return self._audit

    @property
    def requoter(self) -> Requoter:
        """What makes stored answers ones that may be shown now."""
        with self._opening:
            if self._requoter is None:
                from assistant.requoting import Requoter

                self._requoter = Requoter(self.library, self.settings.screening)
            return self._requoter

    @property
    def page_images(self) -> PageImages:
        """What draws pages, in a process of its own."""
        with self._opening:
            if self._page_images is None:
                from ingestion.page_images import PageImages

                self._page_images = PageImages(self.settings.ingestion)
            return self._page_images

    @property
    def model_store(self) -> ModelStore:
        """The models of this workspace."""
        from ingestion.model_store import ModelStore

        return ModelStore(self.workspace.models)

    @property
    def search(self) -> Search:
        """Library, indexes, embedder and retriever; loads the embedder."""
        with self._opening:
            if self._search is None:
                from assistant.wiring import open_search

                self._close_bare()
                self._search = Search(*open_search(self.workspace, self.settings, owns_lock=self.owns_lock))
                self._library = self._library or self._search.library
            return self._search

    @property
    def indexes(self) -> SearchIndexes | None:
        """The indexes without loading an embedder; None while the library holds no vectors."""
        with self._opening:
            if self._search is not None:
                return self._search.indexes
            active = self.library.embedder
            if self._bare is None and active is not None:
                from ingestion.indexes import SearchIndexes

                gate = WriteGate(self.workspace, owns_lock=self.owns_lock)
                self._bare = SearchIndexes.open(
                    self.workspace.indexes, self.library, active.identity, active.dimension, may_write=gate
                )
            return self._bare

    def assistant(self, model: str | None = None) -> Assistant:
        """The assistant with `model`, or with the configured one. Another model takes the place of the last.

        Only one chat model is kept in memory: callers ask for another one only between answers.

        Raises:
            ModelError: `model` is not there; the one in memory stays.
        """
        wanted = model or self.settings.server.model or self.settings.models.chat
        with self._opening:
            from assistant.wiring import build_assistant, open_generator

            search = self.search
            if self._generator is None or self._model != wanted:
                if self._generator is not None and not self.settings.server.base_url:
                    self.model_store.path_of(wanted)
                self._drop_generator()
                self._generator, self._model = open_generator(self.workspace, self.settings, model), wanted
                self._assistant = None
            if self._assistant is None:
                self._assistant = build_assistant(
                    self.workspace, self.settings, generator=self._generator, search=(*search,)
                )
            return self._assistant

    @property
    def loaded(self) -> tuple[bool, bool]:
        """Whether the chat model and the embedder are in memory."""
        generator = self._generator
        return generator is not None and generator.loaded, self._search is not None

    def reembed(
        self,
        model: str | None,
        progress: Callable[[IngestProgress], None],
        wait_turn: Callable[[], None],
        cancelled: Callable[[], bool],
    ) -> dict[str, Any]:
        """Make vectors with `model` or the configured embedder, and search with them from then on."""
        from ingestion.embedding import load_embedder
        from ingestion.upkeep import reembed

        embedder = load_embedder(
            model or self.settings.models.embedder, self.workspace.models, self.settings.models.threads
        )
        indexes = self.indexes
        if indexes is None:  # the first ingest will take the configured embedder
            return {"done": True, "chunks": 0, "embedder": embedder.identity}
        report = reembed(
            library=self.library, indexes=indexes, embedder=embedder, progress=progress, wait_turn=wait_turn,
            cancelled=cancelled,
        )  # fmt: skip
        if report["done"]:
            self._serve_with(embedder)
        return report

    def _serve_with(self, embedder: Embedder) -> None:
        from assistant.retrieval import Retriever

        with self._opening:
            if self._search is not None:
                library, indexes = self._search.library, self._search.indexes
                old = self._search.retriever
                retriever = Retriever(
                    library, indexes, embedder, self.settings.retrieval, old.dictionary, old.currency,
                    old.rescoring, old.clock,
                )  # fmt: skip
                self._search = Search(library, indexes, embedder, retriever)
                self._assistant = self._verified = None  # it keeps vectors of questions

    def warm(self) -> None:
        """Load embedder and chat model now, so that the first question need not wait for them."""
        self.warmth = "loading"
        try:
            self.search.embedder.embed_query("暖機")
            self.assistant()
            if self._generator is not None:
                self._generator.warm_up()
                self.assistant().with_adapter(self._published()).prepare()
            self.warmth, self.warm_error = "ready", None
        except EXPECTED as error:  # a question will raise it again, where a person can read it
            self.warmth, self.warm_error = "failed", str(error)
            logger.warning("models were not loaded: %s", error)
        except Exception as error:  # nobody waits for this thread, and "loading" would be shown for ever
            self.warmth, self.warm_error = "failed", f"{type(error).__name__}: {error}"
            logger.exception("models were not loaded")

    def _published(self) -> AdapterFile | None:
        """The adapter that will answer most questions; None where it cannot, which each answer then says."""
        from assistant.errors import AdapterError

        try:
            return self.adapters.chosen_file(self.adapters.choice())
        except AdapterError as error:
            logger.warning("what is published cannot be served: %s", error)
            return None

    def close(self) -> None:
        """Close what was opened."""
        with self._opening:
            self._drop_generator()
            self._close_bare()
            if self._search is not None:
                self._search.indexes.close()
                self._search.library.close()
            if self._library is not None:
                self._library.close()
            if self._records is not None:
                self._records.close()
            if self._audit is not None:
                self._audit.close()
                self._audit = None
            if self._page_images is not None:
                self._page_images.close()
                self._page_images = None
            self._search = self._assistant = self._library = self._records = None
            self._verified = self._requoter = None

    def _drop_generator(self) -> None:
        if self._generator is not None:
            self._generator.close()
        self._generator = None

    def _close_bare(self) -> None:
        if self._bare is not None:
            self._bare.close()
        self._bare = None
