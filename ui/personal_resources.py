"""The workspace's resources as one user may see them: what reads documents or keeps words knows who asks.

Models, indexes and files are shared. Nothing here is opened twice, and nothing is closed: whoever owns the
resources does that. A test holds that no part of `Resources` is left to the way all see it by mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ingestion.documents import User
from ui.resources import Resources, Search

if TYPE_CHECKING:
    from assistant.adapter_serving import AdapterServing
    from assistant.answering import Assistant
    from assistant.feedback_rows import FeedbackRows
    from assistant.records import Records
    from assistant.requoting import Requoter
    from assistant.verified import VerifiedAnswers
    from ingestion.indexes import SearchIndexes
    from ingestion.ingest_report import IngestProgress
    from ingestion.library import Library
    from ingestion.model_store import ModelStore
    from ingestion.page_images import PageImages
    from ui.auditing import Auditor


class PersonalResources(Resources):
    """`shared`, as `user` may see them.

    With `everything` documents are not filtered: for those whose work is on the whole library. Conversations,
    feedback and the audit log are the user's all the same. `renewed` reads the user anew.
    """

    def __init__(
        self,
        shared: Resources,
        user: User,
        *,
        everything: bool = False,
        tests_models: bool = False,
        renewed: Callable[[], User] | None = None,
    ) -> None:
        self._shared = shared
        self._tests_models = tests_models
        self._renewed = renewed
        self._named = user
        self._reader = User(user.name, None) if everything else user
        self.workspace, self.settings = shared.workspace, shared.settings

    def __getattr__(self, name: str) -> Any:
        """State of the shared resources: `warmth`, `warm_error`, `owns_lock`."""
        if name.startswith("_"):  # theirs alone: a view opens nothing
            raise AttributeError(name)
        return getattr(self._shared, name)

    @property
    def user(self) -> User:
        """Who asks, with what may be read."""
        return self._reader

    @property
    def user_now(self) -> User:
        """See `Resources.user_now`."""
        return self.user if self._renewed is None else self._renewed()

    @property
    def tests_models(self) -> bool:
        """See `Resources.tests_models`."""
        return self._tests_models

    @property
    def library(self) -> Library:
        """See `Resources.library`."""
        return self._shared.library.seen_by(self._reader)

    @property
    def search(self) -> Search:
        """See `Resources.search`."""
        found = self._shared.search
        return Search(
            found.library.seen_by(self._reader), found.indexes, found.embedder,
            found.retriever.seen_by(self._reader),
        )  # fmt: skip

    @property
    def records(self) -> Records:
        """See `Resources.records`."""
        return self._shared.records.seen_by(self._named.name)

    @property
    def feedback(self) -> FeedbackRows:
        """See `Resources.feedback`."""
        from assistant.feedback_rows import FeedbackRows

        own_only = self._reader.groups is not None
        return FeedbackRows(self._shared.records.engine, self._named.name, own_only=own_only)

    @property
    def requoter(self) -> Requoter:
        """See `Resources.requoter`."""
        return self._shared.requoter.seen_by(self._reader)

    @property
    def audit(self) -> Auditor:
        """See `Resources.audit`."""
        return self._shared.audit.acting(self._named)

    @property
    def verified(self) -> VerifiedAnswers:
        """See `Resources.verified`; who asks is told it with each question."""
        return self._shared.verified

    @property
    def adapters(self) -> AdapterServing:
        """See `Resources.adapters`."""
        return self._shared.adapters

    @property
    def page_images(self) -> PageImages:
        """See `Resources.page_images`."""
        return self._shared.page_images

    @property
    def model_store(self) -> ModelStore:
        """See `Resources.model_store`."""
        return self._shared.model_store

    @property
    def indexes(self) -> SearchIndexes | None:
        """See `Resources.indexes`."""
        return self._shared.indexes

    @property
    def loaded(self) -> tuple[bool, bool]:
        """See `Resources.loaded`."""
        return self._shared.loaded

    def assistant(self, model: str | None = None) -> Assistant:
        """See `Resources.assistant`; who asks is told it with each question."""
        return self._shared.assistant(model)

    def reembed(
        self,
        model: str | None,
        progress: Callable[[IngestProgress], None],
        wait_turn: Callable[[], None],
        cancelled: Callable[[], bool],
    ) -> dict[str, Any]:
        """See `Resources.reembed`."""
        return self._shared.reembed(model, progress, wait_turn, cancelled)

    def warm(self) -> None:
        """See `Resources.warm`."""
        self._shared.warm()

    def close(self) -> None:
        """Nothing: whoever owns the shared resources closes them."""
