"""Runs one evaluation in this process, and says with which models and settings it was run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import EvaluationError
from assistant.evaluation.reports import Kind, ReportStore, new_report
from ingestion.workspace import Workspace
from ui.errors import UsageError
from ui.quality.configurations import (
    configured,
    data_of,
    file_data,
    models_of,
    prompts_of,
    untold_of,
)
from ui.quality.judging import judged

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.answers import Answer, Mode
    from assistant.evaluation.answer_log import AnswerLog
    from assistant.evaluation.building import BuiltSet, EvaluationLibrary
    from assistant.evaluation.datasets import Dataset, Question
    from assistant.evaluation.gold import GoldRetriever
    from assistant.evaluation.judges import JudgeName
    from assistant.evaluation.own_library import OwnLibrary
    from assistant.evaluation.retrieval import Split
    from assistant.reranking import Reranker
    from assistant.retrieval import Retriever

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What an evaluation found. `figures` is what its command prints, `shown` what the report keeps of it.

    `absent` names what its questions ask about and the data lack.
    """

    kind: Kind
    figures: Json
    rows: Sequence[Json]
    configuration: Json
    absent: Sequence[str] = field(default=())

    @property
    def shown(self) -> Json:
        """The figures without what the rows tell anyway."""
        return {name: value for name, value in self.figures.items() if name != "questions"}


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How `eval answers` asks; `bare` is for files of questions that bring their chunks."""

    gold_page: bool = False
    bare: bool = False
    limit: int | None = None
    seed: int = 0
    model: str | None = None
    again: bool = False


def evaluations_folder(workspace: Workspace) -> Path:
    """Where a workspace keeps what evaluations need and find."""
    return workspace.root / "evaluations"


def keep(workspace: Workspace, measured: Measured) -> Json:
    """Write the report: it with its id."""
    report = new_report(
        measured.kind, measured.configuration, measured.shown, measured.rows, konkyo=version("konkyo")
    )
    return ReportStore(evaluations_folder(workspace)).save(report)


def measure_retrieval(
    workspace: Workspace,
    folder: Path,
    *,
    mode: Mode = "hybrid",
    split: Split = "all",
    limit: int | None = None,
    rerank: bool = True,
    progress: Progress,
) -> Measured:
    """`eval retrieval`."""
    from assistant.evaluation.reading import read_best
    from assistant.evaluation.retrieval import collect, evaluated, select

    with opened_set(workspace, folder, progress) as (dataset, built):
        questions = select(dataset, split, limit)
        found = collect(questions, built.find, lambda done, total: progress("search", done, total))
        settings = workspace.settings()
        weight = settings.retrieval.dense_weight
        reader = reranker_of(workspace) if rerank and mode == "hybrid" else None
        readings = None
        if reader is not None:
            readings = read_best(
                questions, found, built.texts, reader, settings.rerank.top, weight,
                lambda done, total: progress("read", done, total),
            )  # fmt: skip
        models = {
            "embedder": built.opened.embedder.identity, "reranker": None if reader is None else reader.name,
        }  # fmt: skip
        told = evaluated(
            dataset.layout, questions, found, mode=mode, split=split, default_weight=weight,
            readings=readings,
        )  # fmt: skip
        options = {"mode": mode, "split": split, "limit": limit, "rerank": rerank}
        configuration = configured("retrieval", settings, data_of(dataset, built.state), models, options)
        return Measured("retrieval", told.value, told.rows, configuration, sorted(set(dataset.absent)))


def measure_answers(
    workspace: Workspace, data: Path, options: AskOptions | None = None, *, progress: Progress
) -> Measured:
    """`eval answers`: as `ask` answers, without answers that editors confirmed.

    `data` is the folder of a data set, or a file of questions that bring their chunks.
    """
    options = options or AskOptions()
    if data.is_file():
        from ui.quality.given import measure_given

        return measure_given(workspace, data, options, progress)
    if options.bare:
        raise UsageError("--bare needs a file of questions that bring their chunks, not a folder.")
    return _measure_set(workspace, data, options, progress)


def _measure_set(workspace: Workspace, folder: Path, options: AskOptions, progress: Progress) -> Measured:
    from assistant.evaluation.answers import evaluate_answers, figures, refuse_without_answers
    from assistant.evaluation.gold import GoldRetriever
    from assistant.evaluation.sampling import stratified
    from assistant.wiring import build_checker

    with ExitStack() as closed:
        dataset, built = closed.enter_context(opened_set(workspace, folder, progress))
        questions = stratified(dataset.questions, options.limit, options.seed)
        if not questions:
            raise EvaluationError(f"{folder} asks about nothing that is there, so it cannot be measured.")
        refuse_without_answers(questions)
        opened = built.opened
        retriever = asking_retriever(workspace, opened)
        pages = None
        if options.gold_page:
            retriever = pages = GoldRetriever.beside(retriever, opened.library, built.gold)
        checker = build_checker(workspace, opened.settings, opened.embedder)
        assistant = closed.enter_context(assistant_over(opened, retriever, options.model))
        configuration = configured(
            "answers", opened.settings, data_of(dataset, built.state),
            models_of(workspace, assistant, opened), {"gold_page": options.gold_page},
        )  # fmt: skip
        told = {"prompts": prompts_of(workspace), "untold": untold_of(retriever, opened)}
        with answers_log(workspace, configuration, told, options) as log:
            rows = evaluate_answers(
                questions, _asking(assistant, pages), built.gold, checker, log,
                lambda done, total: progress("ask", done, total),
            )  # fmt: skip
        return Measured("answers", figures(rows), rows, configuration, sorted(set(dataset.absent)))


@contextmanager
def answers_log(
    workspace: Workspace, configuration: Json, told: Json, options: AskOptions
) -> Iterator[AnswerLog]:
    """What a configuration answered before; `told` is what answers depend on besides.

    Which questions are drawn changes no answer: `configuration` tells of it from the end on.
    """
    from assistant.evaluation import answer_log

    depends = {**configuration, **told, "konkyo": version("konkyo")}
    with answer_log.opened(evaluations_folder(workspace), depends, again=options.again) as log:
        yield log
    configuration["options"] |= {"limit": options.limit, "seed": options.seed}


def measure_samples(
    workspace: Workspace,
    folder: Path,
    *,
    limit: int | None = None,
    model: str | None = None,
    progress: Progress,
) -> Measured:
    """`eval samples`: every question put to the whole assistant over the samples alone."""
    from assistant.evaluation.building import QUESTIONS, build_folder, configured_embedder
    from assistant.evaluation.samples import evaluate_samples, load_questions, report_rows

    questions = load_questions(folder / QUESTIONS)[:limit]
    opened = build_folder(workspace, folder, configured_embedder(workspace), progress)
    with closing(opened), assistant_over(opened, asking_retriever(workspace, opened), model) as assistant:

        def text_of(document: str) -> str | None:
            stored = opened.library.document(document)
            return None if stored is None else stored.document.text

        figures = evaluate_samples(
            questions, lambda question: assistant.ask(question.text), text_of,
            lambda done, total: progress("ask", done, total),
        )  # fmt: skip
        data = file_data(folder / QUESTIONS, "samples", folder.resolve().name)
        models = models_of(workspace, assistant, opened)
        configuration = configured("samples", opened.settings, data, models, {"limit": limit})
        return Measured("samples", figures, report_rows(figures["questions"]), configuration)


def measure_grounding(
    workspace: Workspace,
    file: Path,
    *,
    judge: JudgeName = "verifier",
    limit: int | None = None,
    progress: Progress,
) -> Measured:
    """`eval grounding`. Another `judge` than the verifier shows what that is worth."""
    from assistant.evaluation.grounding import figures, read_pairs, report_rows

    rows = read_pairs(file, labelled=True)[:limit]
    settings = workspace.settings()
    name, found, seconds = judged(workspace, settings, rows, judge, progress)
    configuration = configured(
        "grounding", settings, file_data(file, "pairs"), {"verifier": name}, {"limit": limit}
    )
    value = figures(rows, name, found, seconds)
    return Measured("grounding", value, report_rows(rows, found), configuration)


def measure_abstention(
    workspace: Workspace, file: Path, *, limit: int | None = None, progress: Progress
) -> Measured:
    """`eval abstention`."""
    from assistant.evaluation.abstention import figures, judge, read_rows, report_rows

    rows = read_rows(file)[:limit]
    settings = workspace.settings()
    threshold, reader = settings.answers.answerable_at, reranker_of(workspace)
    found, seconds = judge(rows, reader, lambda done, total: progress("read", done, total))
    models = {"reranker": None if reader is None else reader.name}
    configuration = configured("abstention", settings, file_data(file, "questions"), models, {"limit": limit})
    value = figures(rows, reader, threshold, found, seconds)
    return Measured("abstention", value, report_rows(rows, threshold, found), configuration)


def reranker_of(workspace: Workspace) -> Reranker | None:
    """The reranker that searches use; None where they use none."""
    from assistant.wiring import open_rescoring

    rescoring = open_rescoring(workspace, workspace.settings())
    return None if rescoring is None else rescoring.reranker


@contextmanager
def opened_set(
    workspace: Workspace, folder: Path, progress: Progress
) -> Iterator[tuple[Dataset, BuiltSet | OwnLibrary]]:
    """The data set of a folder with its open library, which is built first where it is not the own one."""
    from assistant.evaluation.building import build, configured_embedder
    from assistant.evaluation.datasets import load_dataset
    from assistant.evaluation.own_library import open_own

    dataset = load_dataset(folder)
    built: BuiltSet | OwnLibrary
    if dataset.layout == "library":
        dataset, built = open_own(workspace, dataset)
    else:
        built = build(workspace, dataset, configured_embedder(workspace), progress)
    try:
        yield dataset, built
    finally:
        built.opened.close()


def asking_retriever(workspace: Workspace, opened: EvaluationLibrary) -> Retriever:
    """The retriever of an evaluation's library with the reranker of the settings, as questions use it."""
    from assistant.retrieval import Retriever
    from assistant.wiring import open_rescoring

    known = opened.retriever
    rescoring = known.rescoring or open_rescoring(workspace, opened.settings)
    return Retriever(
        opened.library, opened.indexes, opened.embedder, known.settings, known.dictionary, known.currency,
        rescoring, known.clock,
    )  # fmt: skip


@contextmanager
def assistant_over(opened: EvaluationLibrary, retriever: Retriever, model: str | None) -> Iterator[Assistant]:
    """An assistant whose model leaves the memory at the end: the next evaluation brings its own."""
    from assistant.wiring import build_assistant

    search = (opened.library, opened.indexes, opened.embedder, retriever)
    assistant = build_assistant(opened.workspace, opened.settings, model=model, search=search)
    try:
        yield assistant
    finally:
        if (close := getattr(assistant.generator, "close", None)) is not None:
            close()


def _asking(assistant: Assistant, pages: GoldRetriever | None) -> Callable[[Question], Answer]:
    def ask(question: Question) -> Answer:
        if pages is not None:
            pages.question = question
        return assistant.ask(question.text)

    return ask
