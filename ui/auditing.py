"""Writes into the audit log what is answered and done in a workspace, by whom and with what."""

from __future__ import annotations

import copy
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from assistant.audit.answers import (
    Asked,
    Circumstances,
    digest,
    facts_of,
    settings_that_matter,
    words_of,
)
from assistant.audit.chain import Kind
from assistant.audit.log import AuditLog
from assistant.audit.rows import Selection
from ingestion.documents import LOCAL_USER, User

if TYPE_CHECKING:
    from assistant.adapter_serving import AdapterServing
    from assistant.generation import AdapterFile
    from ingestion.settings import Settings
    from ingestion.workspace import Workspace

Json = dict[str, Any]
SETUP = "setup"
"""The act that says with which settings and prompts answers are given from then on."""
RETENTION = "audit.keep_days"
_REST_DAYS = 7
logger = logging.getLogger(__name__)


class Auditor:
    """The audit log of a workspace, for one user. Thread-safe."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        adapters: Callable[[], AdapterServing],
        text_of: Callable[[str], str | None],
        *,
        user: User = LOCAL_USER,
        log: AuditLog | None = None,
    ) -> None:
        """`text_of` gives the text of a document of the library, None when there is none."""
        self.log = log or AuditLog(workspace.audit)
        self._prompts = workspace.prompts
        self._settings, self._adapters, self.text_of, self._user = settings, adapters, text_of, user
        self._changing = threading.Lock()
        self._swept: str | None = None
        self._setup: Json | None = None
        self._shared = self

    def acting(self, user: User) -> Auditor:
        """The same log, in which rows carry the name of this user."""
        other = copy.copy(self)
        other._user = user
        return other

    @property
    def user(self) -> str:
        """The name that rows carry."""
        return self._user.name

    def ready(self) -> None:
        """Make sure that something can be written down; write first what has changed since the last time.

        Raises:
            AuditError: it cannot.
        """
        self.log.ready()
        with self._changing:  # what was noted last is known to the one that all users share
            self._shared._note_setup()
            self._shared._sweep()

    def answered(
        self, asked: Asked, answer: Json, *, model: str | None = None, adapter: AdapterFile | None = None
    ) -> None:
        """See `ui.asking.AnswerLog`."""
        facts = facts_of(asked, answer, self._circumstances(answer, model, adapter), self.text_of)
        kind: Kind = "task" if asked.task else "question"
        self.log.append(self.user, kind, facts, words_of(asked, answer))

    def act(
        self, act: str, facts: Mapping[str, Any], words: Mapping[str, Any] | None = None, kind: Kind = "act"
    ) -> None:
        """Write down that something was done.

        Raises:
            AuditError: it cannot be written.
        """
        self.log.append(self.user, kind, {"act": act, **facts}, words)

    def now(self) -> Circumstances:
        """What a question of now would be answered with, outside of conversations and trials."""
        serving = self._adapters()
        published = serving.folder.publication()
        sha256 = published.sha256_of(published.current, "publish") if published.current else None
        return self._with(self._model, published.current, sha256)

    def close(self) -> None:
        """Close the log."""
        self.log.close()

    @property
    def _model(self) -> str:
        return self._settings.server.model or self._settings.models.chat

    def _circumstances(self, answer: Json, model: str | None, adapter: AdapterFile | None) -> Circumstances:
        if answer.get("verified"):  # an editor wrote it
            return self._with("", None, None)
        name = str(answer["model"] or model or self._model)
        return self._with(
            name, adapter.name if adapter else None, adapter.sha256 if adapter else None, asked=model
        )

    def _with(
        self, model: str, adapter: str | None, adapter_sha256: str | None, *, asked: str | None = None
    ) -> Circumstances:
        sha256 = self._adapters().model_sha256(asked) if model else None
        values = settings_that_matter(self._settings)
        return Circumstances(model, sha256, adapter, adapter_sha256, values, version("konkyo"))

    def _note_setup(self) -> None:
        """Prompts and settings are files that people edit: what they say is noted when it has changed."""
        found: Json = {
            "settings": digest(settings_that_matter(self._settings)), "version": version("konkyo"),
            "prompts": {
                path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self._prompts.glob("*.toml"))
                if path.is_file()  # some editors mark what they hold open with a link to nowhere
            },
        }  # fmt: skip
        if found == self._setup:
            return
        last = next(self.log.entries(Selection(kind="act", act=SETUP), newest_first=True), None)
        if last is None or {key: last[0].readable.get(key) for key in found} != found:
            self.act(SETUP, {**found, "values": settings_that_matter(self._settings)})
        self._setup = found

    def _sweep(self) -> None:
        """Erase once a day what is older than it may be kept.

        A clock that is years ahead would make everything too old, and nothing brings words back. So after
        a rest of more than a week it begins on the second day: until then somebody has seen the clock.
        """
        days, today = self._settings.audit.keep_days, datetime.now(UTC)
        if not days or self._swept == f"{today:%Y-%m-%d}":
            return
        last = self.log.latest(before=f"{today:%Y-%m-%d}")
        if last is None or last < (today - timedelta(days=_REST_DAYS)).isoformat(timespec="microseconds"):
            if last is not None:
                logger.warning("words that are too old are erased tomorrow: the last row is of %s", last)
            self._swept = f"{today:%Y-%m-%d}"
            return
        before = (today - timedelta(days=days)).isoformat(timespec="microseconds")
        self.log.erase(Selection(before=before), user=self.user, by=RETENTION, reason=f"{RETENTION} = {days}")
        self._swept = f"{today:%Y-%m-%d}"
