"""Whether an answer may still be shown while it is being written: rights may be lost meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from assistant.answers import Answer, Timings
from assistant.errors import AccountError
from assistant.requoting import withdrawn
from ingestion.documents import LOCAL_USER, User
from ui.drafts import Draft

if TYPE_CHECKING:
    from assistant.requoting import Requoter

Json = dict[str, Any]
_AGAIN_SECONDS = 1.0
"""Between two words rights are looked at so often; before passages and the whole answer are shown, always."""


class Reading(Protocol):
    """Who asks, and what joins passages to the rights of now."""

    @property
    def user(self) -> User:
        """Who asks, as the question began."""
        ...

    @property
    def user_now(self) -> User:
        """Who asks, with the rights of this moment.

        Raises:
            AccountError: there is no such user any more, or it may not come in.
        """
        ...

    @property
    def requoter(self) -> Requoter:
        """What joins passages to the library."""
        ...


class StillReadable:
    """Asked before each event of one answer."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._asked = time.monotonic()

    def __call__(self, event: Json, draft: Draft) -> bool:
        """Whether `event`, and what `draft` has come to with it, may be shown by the rights of now."""
        if self._reading.user == LOCAL_USER:
            return True
        now = time.monotonic()
        if event["event"] in ("token", "progress") and now - self._asked < _AGAIN_SECONDS:
            return True
        self._asked = now
        try:
            user = self._reading.user_now
        except AccountError:
            return False
        requoter = self._reading.requoter
        if event["event"] == "finished" and requoter.bars(event["answer"], user):
            return False
        return not requoter.bars(draft.stopped_answer(), user)


def withheld_answer(draft: Draft, question: str) -> Json:
    """What is told, and kept, instead of an answer whose reader has lost the right to what it stands on."""
    known = draft.stopped_answer()
    times = Timings(**known["timings"])
    empty = Answer("", True, (), (), "", draft.adapter, times, question=question, stopped=True).as_json()
    answer: Json = withdrawn({"text": question, "answer": empty})["answer"]
    return answer | draft.kind
