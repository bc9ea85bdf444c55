"""A library of two small documents in memory and a chat model that answers by what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.answers import Answer, Event, Finished, Message, Progress, Token
from assistant.generation import never
from assistant.grounding.verdicts import RuleChecker
from assistant.task_prompts import TaskPrompts
from assistant.tasks.kept_texts import KeptTexts
from assistant.tasks.steps import Steps, TaskRequest
from assistant.writing import Writer
from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, User
from ingestion.library import StoredChunk
from ingestion.settings import Settings

OLD = [
    ("第1条（宿泊費）", "宿泊費の上限は、一般社員は1泊12,000円とする。領収書を7日以内に提出する。"),
    ("第2条（日当）", "日当は1日2,500円を支給する。日帰り出張には支給しない。"),
    ("第3条（交通費）", "交通費は実費を支給する。"),
]
NEW = [
    ("第1条（宿泊費）", "宿泊費の上限は、一般社員は1泊13,000円とする。領収書を7日以内に提出する。"),
    ("第2条（日当）", "日当は1日2,500円を支給する。日帰り出張には支給しない。"),
    ("第4条（海外出張）", "海外出張には支度金3万円を支給する。"),
]


@dataclass
class FakeDocuments:
    """Documents by id, each a list of (heading, text); `hidden` may not be read by anyone."""

    documents: Mapping[str, Sequence[tuple[str, str]]] = field(
        default_factory=lambda: {"old": OLD, "new": NEW}
    )
    hidden: frozenset[str] = frozenset()

    def rows_of(self, document_id: str) -> list[int]:
        return [row for row, (document, _) in enumerate(self._all()) if document == document_id]

    def chunks_by_row(
        self, rows: Sequence[int], user: User = LOCAL_USER, scope: Scope = EVERYTHING
    ) -> dict[int, StoredChunk]:
        found = {}
        for row in rows:
            document, at = self._all()[row]
            heading, text = self.documents[document][at]
            start = sum(len(one) + 1 for _, one in self.documents[document][:at])
            if document not in self.hidden:
                found[row] = StoredChunk(
                    row, document, start, start + len(text), text, (heading,), None, None, None,
                    f"旅費規程 {document}", "md", "/docs", f"{document}.md",
                )  # fmt: skip
        return found

    def text(self, document: str) -> str:
        """As the offsets count."""
        return "\n".join(text for _, text in self.documents[document])

    def _all(self) -> list[tuple[str, int]]:
        return [(name, at) for name, chunks in self.documents.items() for at in range(len(chunks))]


@dataclass
class ScriptedModel:
    """Replies with what the first matching key of `script` says, whole; counts a token a character."""

    script: Mapping[str, str]
    name: str = "scripted"
    context_tokens: int = 4096
    prompts: list[str] = field(default_factory=list)

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        self.prompts.append(messages[-1].content)
        yield next(reply for key, reply in self.script.items() if key in messages[-1].content)


def steps_for(
    request: TaskRequest,
    model: ScriptedModel,
    *,
    kept: KeptTexts | None = None,
    cancelled: Callable[[], bool] = never,
) -> Steps:
    settings = Settings()
    writer = Writer(model, RuleChecker(settings.answers), settings.generation)
    return Steps(writer, TaskPrompts(), request, kept=kept, cancelled=cancelled)


def finished(events: Sequence[Event]) -> Answer:
    """The last event's answer; what was streamed is the same text."""
    last = events[-1]
    assert isinstance(last, Finished)
    assert "".join(event.text for event in events if isinstance(event, Token)) == last.answer.text
    answer = last.answer
    assert all(answer.text[claim.start : claim.end] == claim.text for claim in answer.claims)
    return answer


def steps_done(events: Sequence[Event]) -> list[tuple[int, int]]:
    return [(event.done, event.total) for event in events if isinstance(event, Progress)]
