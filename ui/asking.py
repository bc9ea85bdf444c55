"""Questions in the order in which they came, with their conversations kept."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from assistant.adapter_serving import asker_of
from assistant.adapters import BASE
from assistant.answers import Checked, Finished, Hit, Language, Retrieved, Token, Turn
from assistant.audit.answers import Asked
from assistant.conversation import standalone
from assistant.errors import AccessRefusedError, AdapterError
from assistant.generation import AdapterFile, never
from assistant.words import detect_language
from ingestion.documents import EVERYTHING, Scope, User
from ui.asking_resources import AskResources
from ui.drafts import Draft
from ui.earlier import turns_from_json
from ui.errors import UsageError
from ui.measured import Measured
from ui.observing import Observer, Unobserved
from ui.operations import EvidenceMode, Json
from ui.reasons import error_in
from ui.shown_as import ShownAs
from ui.texts import t
from ui.waiting_line import WaitingLine
from ui.withholding import StillReadable, withheld_answer

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.answers import Answer, Event
    from assistant.tasks.steps import TaskRequest


logger = logging.getLogger(__name__)


class Asking:
    """Answers questions one after another; those for the loaded model may overlap until they generate."""

    def __init__(
        self,
        resources: AskResources,
        shown_as: ShownAs,
        ask_whom: Callable[[Sequence[Json]], list[Json]] = lambda _hits: [],
        observer: Observer = Unobserved(),
    ) -> None:
        self._observer = observer
        self._resources = resources
        self._ask_whom = ask_whom
        self._shown_as = shown_as
        self._line = WaitingLine()

    def on_behalf(self, resources: AskResources) -> Asking:
        """The same line of questions, asked by the user of `resources`."""
        other = copy.copy(self)
        other._resources = resources
        return other

    @property
    def _user(self) -> User:
        return self._resources.user

    @property
    def waiting(self) -> int:
        """Questions that are being answered or wait for it."""
        return self._line.length

    def wait_turn(self, seconds: float = 60.0) -> None:
        """Wait while questions are being answered, so that the cores are theirs; at most `seconds`."""
        self._line.wait_idle(seconds)

    def stream(
        self,
        question: str,
        *,
        conversation: str | None = None,
        scope: Json | None = None,
        language: Language | None = None,
        evidence: EvidenceMode | None = None,
        model: str | None = None,
        verified: bool = True,
        history: Sequence[Json] = (),
        max_tokens: int | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Generator[Json, None, None]:
        """The events of `Operations.ask`."""
        if not question.strip():
            raise UsageError("the question is empty.")
        self._refuse_model(model)
        limits = scope_from_json(scope)
        earlier = turns_from_json(history, conversation) or self._history(conversation)
        self._resources.audit.ready()
        alone = standalone(question, earlier)
        asked = Asked(
            question, "", conversation, scope, max_tokens=max_tokens,
            earlier=[(turn.question, turn.answer) for turn in earlier] if history else (),
        )  # fmt: skip
        offered = self._resources.verified.offer(alone, user=self._user, scope=limits) if verified else None
        if offered is not None:
            yield from self._offered(offered, asked)
            return
        yield from self._follow(
            lambda assistant: assistant.stream(
                question, history=earlier, scope=limits, user=self._user, language=language,
                evidence=evidence, cancelled=cancelled,
            ),
            asked, language or detect_language(question), model=model, cancelled=cancelled,
        )  # fmt: skip

    def perform(
        self,
        request: TaskRequest,
        shown: str,
        *,
        conversation: str | None = None,
        scope: Json | None = None,
        model: str | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Generator[Json, None, None]:
        """The events of `TaskOperations.perform`; `shown` is what the conversation keeps as the question."""
        if request.task == "draft" and not request.text:
            raise UsageError("the inquiry to reply to is empty.")
        self._refuse_model(model)
        limits = scope_from_json(scope)
        self._resources.audit.ready()
        yield from self._follow(
            lambda assistant: assistant.perform(
                request, scope=limits, user=self._user, cancelled=cancelled
            ),
            Asked(shown, request.task, conversation, scope), request.language, model=model,
            cancelled=cancelled,
        )  # fmt: skip

    def _follow(
        self,
        begin: Callable[[Assistant], Iterator[Event]],
        asked: Asked,
        language: Language,
        *,
        model: str | None,
        cancelled: Callable[[], bool],
    ) -> Generator[Json, None, None]:
        """The events of what the assistant does in its turn, the answer stored also when it was stopped."""
        draft, measured, conversation = Draft(asked.question, asked.task), Measured(), asked.conversation
        readable = StillReadable(self._resources)
        asked = replace(asked, prompts=measured.prompts)
        if ahead := self.waiting:
            yield {"event": "waiting", "ahead": ahead}
        with self._line.turn(self._wanted(model), cancelled) as mine:
            if not mine:
                self._keep(asked, draft.stopped_answer(), model)
                return
            adapter, problem = self._adapter(conversation, model)
            draft.adapter = None if adapter is None else adapter.name
            assistant = self._resources.assistant(model)
            assistant = assistant if adapter is None else assistant.with_adapter(adapter)
            assistant = assistant if asked.max_tokens is None else assistant.limited_to(asked.max_tokens)
            events = begin(assistant.heard_by(measured.prompts.append, measured.pieces.append))
            with closing(cast("Generator[Any, None, None]", events)):
                try:
                    for event in events:
                        value = self._told(event, conversation, draft)
                        if problem is not None and value["event"] == "finished":
                            value["answer"]["warnings"].insert(0, _said(problem, adapter, language))
                        draft.add(value)
                        if not readable(value, draft):
                            yield self._withheld(draft, asked, model, adapter)
                            return
                        if value["event"] == "finished":
                            value["usage"] = measured.usage(lambda text: assistant.count_tokens(text))
                            self._keep(asked, value["answer"], model, adapter)
                            draft.stored = True
                        yield value
                except (GeneratorExit, KeyboardInterrupt):  # Ctrl-C reaches the frame that is running
                    if not draft.stored:
                        self._keep(asked, draft.stopped_answer(), model, adapter)
                    raise
                except Exception as error:  # written down here, told above
                    self._failed(error, draft, asked, model, adapter)
                    raise
            if not draft.stored:
                self._log(asked, draft.stopped_answer(), model, adapter)

    def _told(self, event: Event, conversation: str | None, draft: Draft) -> Json:
        """An event of the assistant as it is sent."""
        value = self._shown(event.as_json())
        if value["event"] == "retrieved":
            value["waiting"] = value["waiting"] or self.waiting - 1
        if value["event"] == "finished":
            value["conversation"] = conversation
            value["answer"] |= draft.kind
        return value

    def _refuse_model(self, model: str | None) -> None:
        if model not in (None, self._wanted(None)) and not self._resources.tests_models:
            raise AccessRefusedError(
                f"{self._user.name} may be answered by what is published only: to choose another "
                "adapter or model needs the role trainer."
            )

    def _withheld(self, draft: Draft, asked: Asked, model: str | None, adapter: AdapterFile | None) -> Json:
        """What is told instead of an answer whose reader has lost the right to what it stands on.

        The log has what was shown until then, the conversation only that there was an answer.
        """
        self._log(asked, draft.stopped_answer(), model, adapter)
        draft.stored = True
        answer = withheld_answer(draft, asked.question)
        self._observer.answered(answer)
        if asked.conversation is not None:
            self._resources.records.append_turn(asked.conversation, asked.question, answer, scope=asked.scope)
        none = Measured().usage(len)  # how long its prompt was is of what may not be read any more
        return {"event": "finished", "answer": answer, "conversation": asked.conversation, "usage": none}

    def _adapter(
        self, conversation: str | None, model: str | None
    ) -> tuple[AdapterFile | None, AdapterError | None]:
        """What answers next, and why not what should have: never in silence.

        What a tester chose for the conversation is that or nothing. Another model than the configured one
        was asked for by its name, and answers without what was learnt on top of the configured one.

        Raises:
            AdapterError: what was chosen for the conversation cannot be served.
        """
        resources = self._resources
        own = None if conversation is None else resources.records.chosen_adapter(conversation)
        settings = resources.settings
        problem: AdapterError | None = None
        if own is not None and not resources.tests_models and own not in self._published():
            problem = AdapterError(
                f"adapter {own!r}, which was chosen for this conversation, is not published (any more)."
            )
            own = None
        if own is None and model not in (None, settings.server.model or settings.models.chat):
            return None, problem
        for asker in (asker_of(self._user, conversation), None):  # None: as without the trial
            try:
                choice = resources.adapters.choice(own=own, asker=asker)
                return resources.adapters.chosen_file(choice, model), problem
            except AdapterError as error:
                if own is not None:
                    raise
                logger.warning("an adapter cannot be served: %s", error)
                problem = problem or error
        return None, problem

    def _published(self) -> tuple[str | None, ...]:
        return BASE, self._resources.adapters.folder.publication().current

    def _offered(self, answer: Answer, asked: Asked) -> Iterator[Json]:
        """A confirmed answer as a stream; it is stored before it is shown, since nothing can stop it."""
        whole = self._shown(Finished(answer).as_json())
        self._keep(asked, whole["answer"])
        yield self._shown(Retrieved(answer.hits, answer.question).as_json())
        yield Token(answer.text).as_json()
        for claim in answer.claims:
            yield self._shown(Checked(claim).as_json())
        yield {**whole, "conversation": asked.conversation, "usage": Measured().usage(len)}

    def _wanted(self, model: str | None) -> str:
        settings = self._resources.settings
        return model or settings.server.model or settings.models.chat

    def _history(self, conversation: str | None) -> list[Turn]:
        if conversation is None:
            return []
        messages = self._resources.records.show(conversation)["messages"]
        if self._user.groups is not None:  # an earlier answer may stand on what is not readable any more
            messages = self._resources.requoter.messages(messages)
        return [
            Turn(asked["text"], reply["text"], tuple(map(hit_from_json, reply["answer"]["hits"])))
            for asked, reply in zip(messages[::2], messages[1::2], strict=False)
        ]

    def _failed(
        self, error: Exception, draft: Draft, asked: Asked, model: str | None, adapter: AdapterFile | None
    ) -> None:
        """Count a failure, and write down what was shown of the answer."""
        self._observer.failed()
        if not draft.stored:
            self._log(replace(asked, failed=type(error).__name__), draft.stopped_answer(), model, adapter)

    def _keep(
        self, asked: Asked, answer: Json, model: str | None = None, adapter: AdapterFile | None = None
    ) -> None:
        """Put an answer into the log, then into its conversation: nobody is told what the log lacks."""
        self._log(asked, answer, model, adapter)
        self._observer.answered(answer)
        if asked.conversation is not None:
            self._resources.records.append_turn(asked.conversation, asked.question, answer, scope=asked.scope)

    def _log(self, asked: Asked, answer: Json, model: str | None, adapter: AdapterFile | None) -> None:
        self._resources.audit.answered(asked, answer, model=model, adapter=adapter)

    def _shown(self, event: Json) -> Json:
        """`event` with `shown_as` beside every source and path."""
        self.place(
            {**event, "claims": [*event.get("claims", []), *([event["claim"]] if "claim" in event else [])]}
        )
        if answer := event.get("answer"):
            self.place(answer)
            answer["ask_whom"] = self._ask_whom(answer["hits"]) if answer["abstained"] else []
        return event

    def place(self, answer: Json) -> None:
        """Put `shown_as` beside every source and path of an answer."""
        quoted = [citation for claim in answer.get("claims", []) for citation in claim["citations"]]
        quoted += [passage for found in answer.get("disagreements", []) for passage in found["passages"]]
        for place in [*answer.get("hits", []), *quoted]:
            place["shown_as"] = self._shown_as(place["source"], place["path"])


def _said(problem: AdapterError, adapter: AdapterFile | None, language: Language) -> str:
    """That another one answered than should have, and why."""
    instead = t(language, "adapters", "base_model") if adapter is None else adapter.name
    return t(language, "adapters", "not_served", instead=instead, reason=error_in(language, str(problem)))


def scope_from_json(scope: Json | None) -> Scope:
    """The scope of `ui.operations`; None is everything.

    Raises:
        UsageError: it has other keys or values.
    """
    if scope is None:
        return EVERYTHING
    documents, folder = scope.get("documents"), scope.get("folder")
    try:
        return Scope(
            None if documents is None else frozenset(map(str, documents)),
            None if folder is None else (str(folder["source"]), str(folder.get("path") or "")),
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"the scope {scope!r} is not understood: give documents, folder, or neither."
        ) from error


def hit_from_json(value: Json) -> Hit:
    """A hit as `Hit.as_json` wrote it; the raw scores of the two searches are not kept."""
    known = {name: value[name] for name in Hit.__dataclass_fields__ if name in value and name != "validity"}
    return Hit(**{**known, "heading_path": tuple(known.get("heading_path", ()))})
