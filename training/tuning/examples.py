"""Examples as they are built, reviewed, learnt from and measured by: one form for all of them.

An example of kind

- `answer` is a question with its evidence and the answer to be learnt; where `answerable` is False that says
  that the documents do not tell
- `preference` has `rejected` too, the worse of two answers to the same prompt
- `chat` has `messages` instead, as they were imported
- `text` has only `answer`, a piece of a document for continued pre-training
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, get_args

from assistant.answers import Language, Message
from training.errors import ExampleError

Kind = Literal["answer", "preference", "chat", "text"]
Split = Literal["train", "validation", "test"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """One source as the prompt shows it: its heading line and its text, and where that stands.

    `document` is the id of the library ("" where the source is not of the library), `start` and `end` the
    code points of the document from the first to the last sentence that is shown.
    """

    heading: str
    text: str
    document: str = ""
    start: int = 0
    end: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class TuningExample:
    """One example. `accepted` are strings any of which a right answer contains, for measuring.

    `documents` are the ids of all documents that it was made from, so a removed one lists what it taught.
    `group` keeps examples of one origin in one split; `type` is the kind of question (fact, number,
    several passages, …), `origin` is "library", "feedback" or "import:FILE".
    """

    kind: Kind
    answer: str
    question: str = ""
    rejected: str = ""
    language: Language = "ja"
    answerable: bool = True
    evidence: tuple[EvidenceText, ...] = ()
    accepted: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    group: str = ""
    type: str = ""
    origin: str = "library"
    split: Split = "train"
    messages: tuple[Message, ...] = ()
    licence: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody can learn from; the message names the field."""
        if self.kind not in KINDS:
            raise ExampleError(f"kind is {self.kind!r}, not one of {', '.join(KINDS)}", field="kind")
        if self.split not in SPLITS:
            raise ExampleError(f"split is {self.split!r}, not one of {', '.join(SPLITS)}", field="split")
        if self.kind == "chat" and not self.messages:
            raise ExampleError("messages are missing", field="messages")
        if self.kind != "chat" and not self.answer.strip():
            raise ExampleError("answer is blank", field="answer")
        if self.kind in ("answer", "preference") and not self.question.strip():
            raise ExampleError("question is blank", field="question")
        if self.kind == "preference" and not self.rejected.strip():
            raise ExampleError("rejected is blank", field="rejected")
        if self.kind == "preference" and self.rejected.strip() == self.answer.strip():
            raise ExampleError("rejected is the same as answer", field="rejected")

    @property
    def id(self) -> str:
        """A hash of what is learnt: the same content is the same example, whatever its split and origin."""
        told = json.dumps(
            [
                self.kind, self.question, self.answer, self.rejected,
                [[one.heading, one.text] for one in self.evidence],
                [[one.role, one.content] for one in self.messages],
            ],
            ensure_ascii=False,
        )  # fmt: skip
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """The example as a JSON line; `from_json` reads it again."""
        return {"id": self.id, **asdict(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read an example.

        Raises:
            ExampleError: a field is missing, unknown or of another type; the message names it.
        """
        known = {name: entry for name, entry in value.items() if name != "id"}
        if unknown := sorted(set(known) - set(cls.__dataclass_fields__)):
            raise ExampleError(f"unknown field {unknown[0]!r}", field=unknown[0])
        try:
            return cls(
                **{
                    **known,
                    "evidence": tuple(EvidenceText(**one) for one in known.get("evidence", ())),
                    "messages": tuple(Message(**one) for one in known.get("messages", ())),
                    "accepted": tuple(known.get("accepted", ())),
                    "documents": tuple(known.get("documents", ())),
                }
            )
        except (TypeError, AttributeError) as error:
            raise ExampleError(f"the row has another form: {error}") from error

    def in_split(self, split: Split) -> TuningExample:
        """The same example in another split."""
        return replace(self, split=split)
