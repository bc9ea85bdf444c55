"""The events of an answer's stream: Retrieved, Token and Checked, Mending, Finished; and Progress of a task.

`as_json` methods give the keys that docs/api.md fixes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # answers.py gives the events, too
    from assistant.answers import Answer, Claim, Hit


@dataclass(frozen=True, slots=True)
class Retrieved:
    """First event: the hits, before any token. `waiting` is how many questions are ahead in the queue."""

    hits: tuple[Hit, ...]
    question: str = ""
    waiting: int = 0

    def as_json(self) -> dict[str, Any]:
        """One event of the stream."""
        return {"event": "retrieved", "hits": [hit.as_json() for hit in self.hits],
                "question": self.question, "waiting": self.waiting}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text that is being generated."""

    text: str

    def as_json(self) -> dict[str, Any]:
        """One event of the stream."""
        return {"event": "token", "text": self.text}


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence has ended and was checked."""

    claim: Claim

    def as_json(self) -> dict[str, Any]:
        """One event of the stream."""
        return {"event": "checked", "claim": self.claim.as_json()}


@dataclass(frozen=True, slots=True)
class Mending:
    """The text so far had sentences without ground: more was looked for, and another text follows from here.

    `claims` are those sentences, `hits` all hits, the new ones last.
    """

    claims: tuple[Claim, ...]
    hits: tuple[Hit, ...]

    def as_json(self) -> dict[str, Any]:
        """One event of the stream."""
        return {"event": "mending", "claims": [claim.as_json() for claim in self.claims],
                "hits": [hit.as_json() for hit in self.hits]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finished:
    """Last event: the whole answer."""

    answer: Answer

    def as_json(self) -> dict[str, Any]:
        """One event of the stream."""
        return {"event": "finished", "answer": self.answer.as_json()}


@dataclass(frozen=True, slots=True)
class Progress:
    """A task of several steps goes on: `done` of `total`. `label` names the step, `text` what it gave."""

    done: int
    total: int
    label: str = ""
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        """One event of the stream."""
        return {"event": "progress", "done": self.done, "total": self.total, "label": self.label,
                "text": self.text}  # fmt: skip


Event = Progress | Retrieved | Token | Checked | Mending | Finished
