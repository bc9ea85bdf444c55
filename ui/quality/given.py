"""`eval answers` of a file of questions with their chunks: the whole assistant, or the bare chat model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ui.errors import UsageError
from ui.quality.configurations import configured, file_data, models_of, prompts_of, untold_of
from ui.quality.measuring import (
    AskOptions,
    Measured,
    Progress,
    answers_log,
    asking_retriever,
    assistant_over,
)  # fmt: skip

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.evaluation.given import GivenQuestion, GivenSet
    from assistant.evaluation.given_answers import Outcome
    from assistant.grounding.verdicts import Checker
    from ingestion.settings import Settings
    from ingestion.workspace import Workspace

Json = dict[str, Any]


def measure_given(workspace: Workspace, file: Path, options: AskOptions, progress: Progress) -> Measured:
    """`eval answers FILE`. With `gold_page` only right chunks are given, to questions that have any."""
    from assistant.evaluation.building import configured_embedder
    from assistant.evaluation.given import build_given, read_given
    from assistant.evaluation.given_answers import evaluate_given, given_figures
    from assistant.evaluation.scoring import SCORING
    from assistant.wiring import build_checker

    known = read_given(file)
    fit = [one for one in known if one.right or not options.gold_page]
    questions = drawn(fit, options.limit, options.seed)
    if not questions:
        raise UsageError(f"{file} names no right chunk, so --gold-page has nothing to give.")
    with ExitStack() as closed:
        built = build_given(workspace, known, configured_embedder(workspace), progress)
        opened = closed.enter_context(closing(built.opened))
        checker = build_checker(workspace, opened.settings, opened.embedder)
        retriever = asking_retriever(workspace, opened)
        lenient = replace(opened, settings=never_refusing(opened.settings))
        assistant = closed.enter_context(assistant_over(lenient, retriever, options.model))
        configuration = configured(
            "answers", opened.settings, file_data(file, "given"), models_of(workspace, assistant, opened),
            {"gold_page": options.gold_page, "bare": options.bare},
        )  # fmt: skip
        told = {
            "prompts": _prompts(workspace, bare=options.bare), "untold": untold_of(retriever, opened),
            "scoring": SCORING,
        }  # fmt: skip
        ask = _asking(assistant, built, opened.settings, checker, options)
        with answers_log(workspace, configuration, told, options) as log:
            rows = evaluate_given(
                questions, ask, built.gold(questions), checker, log,
                lambda done, total: progress("ask", done, total),
            )  # fmt: skip
    figures = given_figures(rows, opened.settings.answers.answerable_at)
    return Measured("answers", {**figures, "unread": len(built.unread)}, rows, configuration)


def drawn(questions: list[GivenQuestion], limit: int | None, seed: int) -> list[GivenQuestion]:
    """A sample in which every type has its share."""
    from assistant.evaluation.sampling import stratified

    known = {one.question.id: one for one in questions}
    return [known[one.id] for one in stratified([one.question for one in questions], limit, seed)]


def never_refusing(settings: Settings) -> Settings:
    """With which the model writes whatever the evidence; what its checks refuse is refused as ever."""
    answers = settings.answers.model_copy(update={"answerable_at": 0.0})
    return settings.model_copy(update={"answers": answers})


def _prompts(workspace: Workspace, *, bare: bool) -> Json:
    from assistant.evaluation.bare import bare_texts

    return bare_texts() if bare else prompts_of(workspace)


def _asking(
    assistant: Assistant, built: GivenSet, settings: Settings, checker: Checker, options: AskOptions
) -> Callable[[GivenQuestion], Outcome]:
    from assistant.evaluation.bare import BareModel
    from assistant.evaluation.given_answers import Outcome, withheld_below
    from assistant.words import detect_language
    from assistant.writing import Writer

    writer = Writer(assistant.generator, checker, settings.generation)
    model = BareModel(writer, assistant.retriever, settings.retrieval.mode)

    def ask(asked: GivenQuestion) -> Outcome:
        text = asked.question.text
        if options.bare:
            chunks = asked.right_chunks if options.gold_page else asked.chunks
            return Outcome(model.ask(text, {built.documents[chunk]: chunk for chunk in chunks}))
        answer = assistant.ask(text, scope=built.scope(asked, right_only=options.gold_page))
        return withheld_below(answer, settings.answers.answerable_at, detect_language(text))

    return ask
