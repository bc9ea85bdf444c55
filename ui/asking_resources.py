"""What answering needs of its surroundings: stored answers, the audit log, and who asks with which rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, User
from ui.operations import Json

if TYPE_CHECKING:
    from assistant.adapter_serving import AdapterServing
    from assistant.answering import Assistant
    from assistant.answers import Answer
    from assistant.audit.answers import Asked
    from assistant.generation import AdapterFile
    from assistant.records import Records
    from assistant.requoting import Requoter
    from ingestion.settings import Settings


class VerifiedSource(Protocol):
    """The answers that editors confirmed."""

    def offer(self, question: str, *, user: User = LOCAL_USER, scope: Scope = EVERYTHING) -> Answer | None:
        """The one to this question that `user` may be told, None without."""
        ...


class AnswerLog(Protocol):
    """Where it is written down who was told what."""

    def ready(self) -> None:
        """Make sure that it can be.

        Raises:
            AuditError: it cannot, and nothing may be answered.
        """
        ...

    def answered(
        self, asked: Asked, answer: Json, *, model: str | None = None, adapter: AdapterFile | None = None
    ) -> None:
        """Write down an answer, or as much of one as was shown.

        Raises:
            AuditError: it cannot be written.
        """
        ...


class AskResources(Protocol):
    """What answering needs of `ui.resources.Resources`."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        ...

    @property
    def user(self) -> User:
        """Who asks."""
        ...

    @property
    def user_now(self) -> User:
        """Who asks, with the rights of this moment.

        Raises:
            AccountError: there is no such user any more, or it may not come in.
        """
        ...

    @property
    def tests_models(self) -> bool:
        """Whether who asks may be answered by other models and adapters than those in use."""
        ...

    @property
    def records(self) -> Records:
        """The conversations."""
        ...

    @property
    def requoter(self) -> Requoter:
        """What makes stored answers ones that the user may be shown now."""
        ...

    @property
    def verified(self) -> VerifiedSource:
        """The answers that editors confirmed."""
        ...

    @property
    def adapters(self) -> AdapterServing:
        """The tuned adapters, and which of them answers."""
        ...

    @property
    def audit(self) -> AnswerLog:
        """The audit log."""
        ...

    def assistant(self, model: str | None = None) -> Assistant:
        """The assistant with `model` or the configured one, replacing the one before."""
        ...
