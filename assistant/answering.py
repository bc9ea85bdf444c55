"""From a question to a grounded answer, as a stream of events."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Generator_
from dataclasses import replace
from functools import partial
from typing import cast

from assistant.answered import want_of
from assistant.answers import (
    Answer,
    Event,
    Evidence,
    Finished,
    Hit,
    Language,
    Mending,
    Message,
    Retrieved,
    Source,
    Turn,
    Verdict,
)
from assistant.conversation import standalone
from assistant.currency import warnings_of
from assistant.disagreements import disagreements
from assistant.drafting import Draft
from assistant.errors import TaskError
from assistant.evidence import EvidenceMode
from assistant.generation import (
    AdaptableGenerator,
    AdaptedGenerator,
    AdapterFile,
    Generator,
    HeardGenerator,
    adapter_of,
    never,
    untold,
)
from assistant.grounding.verdicts import Checker
from assistant.kept_evidence import ShownSources, keep_sources
from assistant.mending import MendedText, groundedness, missing_sources, removed, without_ground
from assistant.prompting import beginning, prompt_texts
from assistant.refusing import declines, is_refusal
from assistant.retrieval import Retriever
from assistant.served_evidence import ServedEvidence
from assistant.task_prompts import LANGUAGES, Task, TaskPrompts
from assistant.tasks.performing import TaskDesk
from assistant.tasks.steps import TaskRequest
from assistant.words import detect_language
from assistant.writing import Clock, Drafting, Writer
from ingestion.dictionary import DictionaryFile
from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, User
from ingestion.settings import Settings

_CLOSEST = 3
_GROUNDED = (Verdict.SUPPORTED, Verdict.UNCHECKED)  # what is at most partly proven alone answers nothing


class Assistant:
    """Answers questions from the library."""

    def __init__(
        self,
        retriever: Retriever,
        generator: Generator,
        checker: Checker,
        settings: Settings,
        dictionary: DictionaryFile | None = None,
        prompts: TaskPrompts | None = None,
        desk: TaskDesk | None = None,
    ) -> None:
        self.retriever = retriever
        self._evidence = ServedEvidence(retriever, settings, dictionary)
        self.generator = generator
        self._writer = Writer(generator, checker, settings.generation)
        self._settings = settings
        self._prompts = prompts or TaskPrompts()
        self._shown = ShownSources()
        self._desk = desk

    def with_adapter(self, adapter: AdapterFile | None) -> Assistant:
        """The same assistant, whose texts the chat model writes with `adapter`; None changes nothing.

        What conversations were shown is shared, so that a follow-up keeps its sources under any adapter.
        """
        if adapter is None:
            return self
        return self._written_by(AdaptedGenerator(cast("AdaptableGenerator", self.generator), adapter))

    def heard_by(
        self, heard: Callable[[Sequence[Message]], object], written: Callable[[str], object] = untold
    ) -> Assistant:
        """The same assistant; each prompt is told to `heard` before the chat model reads it.

        What the model writes is told to `written`, piece by piece.
        """
        return self._written_by(HeardGenerator(self.generator, heard, written))

    def limited_to(self, most_tokens: int) -> Assistant:
        """The same assistant, no text of which is longer than `most_tokens`."""
        return self._written_by(self.generator, most_tokens)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, as the chat model counts them."""
        return self.generator.count_tokens(text)

    def _written_by(self, generator: Generator, most_tokens: int | None = None) -> Assistant:
        other, writer = copy.copy(self), self._writer
        other.generator = generator
        most = writer.most_tokens if most_tokens is None else most_tokens
        other._writer = Writer(generator, writer.checker, self._settings.generation, most)
        other._desk = self._desk and self._desk.written_by(other._writer)
        return other

    def prepare(self) -> None:
        """Let the model read now what every prompt for an answer begins with, and the checks load theirs.

        Raises:
            GenerationError: the model cannot be loaded or fails.
            PromptFileError: the workspace's prompt cannot be used.
        """
        self._writer.prepare()
        prepare = getattr(self.generator, "prepare", None)
        fixed = self._settings.interface.language
        for language in LANGUAGES if fixed == "auto" else (fixed,):
            if prepare is not None:
                prepare(beginning(self._prompts.get("answer", language), language))

    def perform(
        self,
        request: TaskRequest,
        *,
        scope: Scope = EVERYTHING,
        user: User = LOCAL_USER,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        """A task as a stream, see `TaskDesk.stream`; a reply is drafted as an answer is written.

        Raises:
            TaskError: the task needs other documents or texts, or whole documents cannot be read here.
        """
        if request.task in ("answer", "draft"):
            return self.stream(
                request.text, scope=scope, user=user, language=request.language, task=request.task,
                cancelled=cancelled,
            )  # fmt: skip
        if self._desk is None:
            raise TaskError(f"{request.task} needs a library to read whole documents from.")
        return self._desk.stream(request, scope=scope, user=user, cancelled=cancelled)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        scope: Scope = EVERYTHING,
        user: User = LOCAL_USER,
        language: Language | None = None,
        evidence: EvidenceMode | None = None,
    ) -> Answer:
        """The whole answer. Raises as `stream`."""
        events = self.stream(
            question, history=history, scope=scope, user=user, language=language, evidence=evidence
        )
        return next(event.answer for event in events if isinstance(event, Finished))

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        scope: Scope = EVERYTHING,
        user: User = LOCAL_USER,
        language: Language | None = None,
        evidence: EvidenceMode | None = None,
        task: Task = "answer",
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        """Retrieved, Token…, Checked as each sentence ends, Finished.

        `task` is "answer" or "draft", a reply to the inquiry that is the question.

        Closing the iterator stops the generation. So does `cancelled` when it returns True, also while the
        model waits for its turn or reads the prompt; then the answer so far follows, with `stopped`. When
        the evidence does not seem to hold the answer, the model is not asked at all.

        Raises:
            GenerationError: the chat model cannot be loaded, reached, or fails.
            PromptFileError: the workspace's prompt cannot be used.
            PromptTooLongError: the question alone does not fit into the context.
        """
        prompt = self._prompts.get(task, language := language or detect_language(question))
        clock = Clock()
        asked = standalone(question, history)
        hits = self._retrieve(asked, scope, user)
        clock.retrieved = clock.now()
        yield Retrieved(tuple(hits), asked, getattr(self.generator, "waiting", 0))
        worded = self._evidence.in_their_words(asked, hits)
        found = self._gather(worded, hits, history, evidence, user)
        if found.answerability < self._settings.answers.answerable_at:
            withheld = self._withheld(asked, hits, language, clock)
            yield Finished(replace(withheld, sources=found.sources, answerability=found.answerability))
            return
        again = partial(self._retrieve, scope=scope, user=user)
        read = found.sources

        def write(sources: Sequence[Source]) -> Drafting:
            nonlocal read
            read = tuple(sources)
            return self._writer.draft(worded, sources, language, prompt, clock, cancelled=cancelled)

        for event in self._write(asked, worded, hits, found, language, clock, cancelled, again, write):
            if isinstance(event, Finished):
                self._shown.remember(user.name, Turn(question, event.answer.text), found.sources)
                event = Finished(replace(event.answer, sources=read, answerability=found.answerability))
            yield event

    def _retrieve(self, asked: str, scope: Scope, user: User) -> list[Hit]:
        return self._evidence.retrieve(asked, scope, user)

    def _gather(
        self,
        asked: str,
        hits: Sequence[Hit],
        history: Sequence[Turn],
        mode: EvidenceMode | None,
        user: User,
    ) -> Evidence:
        earlier = history[-1].hits if history else ()
        found = self._evidence.gather(asked, hits, earlier=earlier, mode=mode)
        settings = self._settings.evidence
        if not history or (mode or settings.mode) == "whole":
            return found
        return keep_sources(asked, hits, found, self._shown.of(user.name, history[-1]), settings)

    def _write(
        self,
        asked: str,
        worded: str,
        hits: Sequence[Hit],
        found: Evidence,
        language: Language,
        clock: Clock,
        cancelled: Callable[[], bool],
        again: Callable[[str], Sequence[Hit]],
        write: Callable[[Sequence[Source]], Drafting],
    ) -> Iterator[Event]:
        draft = yield from write(found.sources)
        mended = MendedText(draft.text, tuple(draft.claims), tuple(hits))
        unsupported = self._settings.answers.unsupported
        if unsupported == "regenerate" and not cancelled():
            mended = yield from self._regenerated(draft, hits, cancelled, again, write)
        elif unsupported == "remove" and not cancelled():
            mended = removed(draft.text, draft.claims, hits)
        yield Finished(self._finished(asked, mended, language, clock, cancelled()))

    def _regenerated(
        self,
        first: Draft,
        hits: Sequence[Hit],
        cancelled: Callable[[], bool],
        again: Callable[[str], Sequence[Hit]],
        write: Callable[[Sequence[Source]], Drafting],
    ) -> Generator_[Event, None, MendedText]:
        """Another text with evidence for the sentences that had none; the better grounded one is kept.

        Nothing is written again when nothing new is found.
        """
        kept = MendedText(first.text, tuple(first.claims), tuple(hits))
        gone = without_ground(first.claims)
        if not gone or declines(first.claims):  # "the documents do not tell" is nothing to look for
            return kept
        added, found = missing_sources(first.claims, again, hits, first.sources, self._settings.evidence)
        if not added:
            return kept
        yield Mending(tuple(gone), found)
        second = yield from write((*first.sources, *added))
        if not cancelled() and groundedness(second.claims) > groundedness(first.claims):
            return MendedText(second.text, tuple(second.claims), found, "regenerated", first.text)
        return MendedText(first.text, tuple(first.claims), found, "kept", second.text)

    def _finished(
        self, asked: str, mended: MendedText, language: Language, clock: Clock, stopped: bool
    ) -> Answer:
        # Whoever stops in the first sentence is not told that the documents hold no answer.
        grounded = [
            claim.text for claim in mended.claims if claim.verdict in _GROUNDED and not is_refusal(claim)
        ]
        if not stopped and (want := want_of(asked, grounded)):
            refused = declines(mended.claims)
            reasons = [reason for claim in mended.claims for reason in claim.reasons]
            why = () if refused else tuple(dict.fromkeys([*reasons, want]))
            return self._withheld(
                asked, mended.hits, language, clock, draft=mended.text, refused=refused, why=why
            )
        return Answer(
            text=mended.text, abstained=False, claims=mended.claims, hits=mended.hits,
            model=self.generator.name, adapter=adapter_of(self.generator), timings=clock.timings(),
            question=asked, stopped=stopped,
            warnings=warnings_of((one for claim in mended.claims for one in claim.citations), language),
            draft=mended.draft, mended=mended.how,
            disagreements=disagreements(mended.claims, mended.hits, language),
        )  # fmt: skip

    def _withheld(
        self,
        asked: str,
        hits: Sequence[Hit],
        language: Language,
        clock: Clock,
        *,
        draft: str = "",
        refused: bool = False,
        why: tuple[str, ...] = (),
    ) -> Answer:
        """No answer. `refused`: the draft itself says that the documents do not tell."""
        said = abstention(hits, language, drafted=bool(draft) and not refused)
        return Answer(
            text=said, abstained=True, claims=(), hits=tuple(hits), model=self.generator.name,
            adapter=adapter_of(self.generator), timings=clock.timings(), question=asked, draft=draft,
            withheld=why,
        )  # fmt: skip


def abstention(hits: Sequence[Hit], language: Language, *, drafted: bool) -> str:
    """What is said instead of an answer, and which documents come closest.

    That the documents do not hold it; but when a draft was withheld, only that none could be proved by them.
    """
    texts = prompt_texts(language)
    if not hits:
        return str(texts["nothing"])
    places: dict[str, None] = {}
    for hit in hits:
        shown = (
            texts["place"].format(title=hit.title, page=hit.page_label or hit.page) if hit.page else hit.title
        )
        places[shown] = None
    closest = texts["separator"].join(list(places)[:_CLOSEST])
    said = texts["unproved" if drafted else "abstained"]
    return f"{said}\n{texts['closest'].format(documents=closest)}"
