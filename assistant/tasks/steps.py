"""The steps of a long task: each writes a text from its own sources, or takes the one kept earlier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from assistant.answers import (
    Answer,
    Checked,
    Claim,
    Event,
    Hit,
    Language,
    Message,
    Source,
    Token,
    Verdict,
)
from assistant.drafting import Draft
from assistant.generation import Generator as ChatModel
from assistant.generation import adapter_of, never, text_identity
from assistant.grounding.claims import MarkerFilter
from assistant.repetition import in_circles
from assistant.task_prompts import Task, TaskPrompt, TaskPrompts
from assistant.tasks.kept_texts import KeptTexts, text_key
from assistant.writing import Clock, Drafting, Writer

GROUNDED = (Verdict.SUPPORTED, Verdict.PARTLY, Verdict.UNCHECKED)


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What is asked for. `text` is the focus, the text to translate, or what a table shall hold.

    `to` is the language to translate into, as its code or its name; `columns` are those of a table.
    """

    task: Task
    text: str = ""
    documents: tuple[str, ...] = ()
    language: Language = "ja"
    to: str = ""
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Page:
    """The text that a task gives, growing: its claims keep their offsets, its sources their numbers."""

    text: str = ""
    claims: list[Claim] = field(default_factory=list)
    hits: dict[str, Hit] = field(default_factory=dict)

    def add(self, text: str, claims: Sequence[Claim] = ()) -> Iterator[Event]:
        """Append `text`; `claims` have their offsets in it."""
        at = len(self.text)
        self.text += text
        if text:
            yield Token(text)
        for claim in claims:
            yield from self.checked(replace(claim, start=claim.start + at, end=claim.end + at))

    def checked(self, claim: Claim) -> Iterator[Event]:
        """Take in a claim that lies in the text already."""
        self.claims.append(claim)
        yield Checked(claim)

    def cited(self, hits: Sequence[Hit]) -> None:
        """Remember those of `hits` that a claim cites, for the answer."""
        places = [(one.document, one.start) for claim in self.claims for one in claim.citations]
        for hit in hits:
            if any(document == hit.document and hit.start <= at < hit.end for document, at in places):
                self.hits.setdefault(hit.chunk_id, hit)

    def answer(
        self, writer: ChatModel, request: TaskRequest, clock: Clock, *, stopped: bool = False
    ) -> Answer:
        """The finished answer."""
        hits = tuple(replace(hit, rank=rank) for rank, hit in enumerate(self.hits.values(), start=1))
        return Answer(
            text=self.text, abstained=False, claims=tuple(self.claims), hits=hits, model=writer.name,
            adapter=adapter_of(writer), timings=clock.timings(), question=request.text, stopped=stopped,
        )  # fmt: skip


class Steps:
    """Writes the steps of one task."""

    def __init__(
        self,
        writer: Writer,
        prompts: TaskPrompts,
        request: TaskRequest,
        *,
        kept: KeptTexts | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        self.writer = writer
        self.request = request
        self.prompt: TaskPrompt = prompts.get(request.task, request.language)
        self.clock = Clock()
        self.cancelled = cancelled
        self._kept = kept or KeptTexts()

    def live(
        self, sources: Sequence[Source], text: str, *, fields: Mapping[str, str] | None = None
    ) -> Drafting:
        """One text, its tokens shown as they come."""
        return self.writer.draft(
            text, sources, self.request.language, self.prompt, self.clock, fields=fields,
            cancelled=self.cancelled,
        )  # fmt: skip

    def quiet(
        self,
        sources: Sequence[Source],
        text: str,
        *,
        prompt: TaskPrompt | None = None,
        fields: Mapping[str, str] | None = None,
        shown: Sequence[Source] | None = None,
        document: str = "",
    ) -> Draft:
        """One text, not shown while it is written; `shown` is in the prompt, `sources` it is checked against.

        What was kept from an earlier run is taken; what is written whole is kept for the next.
        """
        prompt = prompt or self.prompt
        messages, in_prompt = self.writer.messages(
            text, sources if shown is None else shown, self.request.language, prompt, fields
        )
        draft = Draft(self.writer.checker, in_prompt if shown is None else sources, text)

        def take(piece: str) -> bool:
            _all(draft.add(piece))
            return draft.repeating

        self._write(messages, prompt, document, take)
        _all(draft.finish())
        return draft

    def unchecked(
        self,
        sources: Sequence[Source],
        text: str,
        *,
        fields: Mapping[str, str] | None = None,
        document: str = "",
    ) -> str:
        """A text without source markers that its task checks itself; kept as that of `quiet`.

        It may say things again, as the rows of a table do; it is ended when it goes in circles.
        """
        messages, in_prompt = self.writer.messages(text, sources, self.request.language, self.prompt, fields)
        markers, clean = MarkerFilter(len(in_prompt)), ""

        def take(piece: str) -> bool:
            nonlocal clean
            clean += markers.feed(piece)
            return in_circles(clean)

        self._write(messages, self.prompt, document, take)
        return clean + markers.finish()

    def _write(
        self, messages: Sequence[Message], prompt: TaskPrompt, document: str, take: Callable[[str], bool]
    ) -> None:
        """Give `take` the text that was kept, else what the model writes, until it returns True."""
        key = text_key(text_identity(self.writer.generator), messages, self.writer.max_tokens(prompt))
        written = self._kept.get(document, key) if document else None
        if written is not None:
            take(written)
            return
        raw = ""
        with closing(self.writer.pieces(messages, prompt, self.cancelled)) as pieces:
            for piece in pieces:
                raw += piece
                self.clock.tokens += 1
                if take(piece) or self.cancelled():
                    break
        if document and not self.cancelled():
            self._kept.put(document, key, raw)


def _all(events: Iterator[Event]) -> None:
    for _ in events:
        pass
