"""Conversations as they may be shown now. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ui.asking import Asking
from ui.resources import Resources

Json = dict[str, Any]


class LocalConversations:
    """Implements the operations on conversations for a class that has what is declared here."""

    resources: Resources
    _asking: Asking

    def conversations(self, *, search: str = "") -> list[Json]:
        """See `Operations.conversations`."""
        found = self.resources.records.list(search)
        return [item for item in found if self._still_holds(item, search)] if search.strip() else found

    def conversation(self, conversation: str) -> Json:
        """See `Operations.conversation`."""
        shown = self.resources.records.show(conversation)
        shown["messages"] = self._requoted(shown["messages"])
        return shown

    def new_conversation(self, *, title: str = "") -> Json:
        """See `Operations.new_conversation`."""
        return self.resources.records.create(title)

    def rename_conversation(self, conversation: str, title: str) -> Json:
        """See `Operations.rename_conversation`."""
        self.resources.records.rename(conversation, title)
        return {"done": True}

    def delete_conversation(self, conversation: str) -> Json:
        """See `Operations.delete_conversation`."""
        self.resources.records.delete(conversation)
        return {"done": True}

    def _requoted(self, messages: Sequence[Json]) -> list[Json]:
        """Stored messages as they may be shown now."""
        found = self.resources.requoter.messages(messages)
        for message in found:
            self._asking.place(message["answer"] or {})
        return found

    def _still_holds(self, conversation: Json, search: str) -> bool:
        """Whether what is shown of it now holds `search`: what was masked since is not to be found."""
        from assistant.records import fold

        wanted = fold(search.strip())
        if wanted in fold(conversation["title"]):
            return True
        messages = self._requoted(self.resources.records.show(conversation["id"])["messages"])
        return any(wanted in fold(message["text"]) for message in messages)
