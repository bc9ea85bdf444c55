"""The whole assistant on the questions of the samples: right answers, right pages, right silence.

An answer is right when it contains an accepted answer, compared without regard to width, case, spaces and
commas. That does not notice a right answer with something wrong beside it; the verdicts of its sentences do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.answers import Answer, Citation, Language, Verdict
from assistant.errors import EvaluationError
from assistant.evaluation.containing import contains
from assistant.evaluation.datasets import read_jsonl
from ingestion.documents import normal_path


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """A question, the answers that count as right, and where they stand.

    `document` is a path below the samples' folder, `pages` the pages that prove the answer; empty where
    the document has none. Both are without meaning when the question is not `answerable`.
    """

    id: str
    text: str
    language: Language
    answers: tuple[str, ...]
    document: str
    pages: tuple[int, ...]
    answerable: bool


def load_questions(path: Path) -> list[SampleQuestion]:
    """Read `questions.jsonl`.

    Raises:
        EvaluationError: the file is missing or empty, or a row lacks a field.
    """
    questions = [_question(row, path, number) for number, row in enumerate(read_jsonl(path), start=1)]
    if not questions:
        raise EvaluationError(f"{path} holds no questions.")
    return questions


def _question(row: dict[str, Any], path: Path, number: int) -> SampleQuestion:
    try:
        answerable = bool(row["answerable"])
        question = SampleQuestion(
            id=str(row["id"]),
            text=str(row["question"]),
            language=_language(row["language"]),
            answers=tuple(str(answer) for answer in row.get("answers") or ()),
            document=normal_path(str(row.get("document") or "")),
            pages=tuple(int(page) for page in row.get("pages") or ()),
            answerable=answerable,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"{path}, row {number}: {type(error).__name__} {error}") from error
    if answerable and not (question.answers and question.document):
        raise EvaluationError(f"{path}, row {number}: an answerable question needs answers and document.")
    return question


def _language(value: Any) -> Language:
    if value == "ja":
        return "ja"
    if value == "en":
        return "en"
    raise ValueError(f"language is {value!r}, not 'ja' or 'en'")


def evaluate_samples(
    questions: Sequence[SampleQuestion],
    ask: Callable[[SampleQuestion], Answer],
    text_of: Callable[[str], str | None],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """The value of `eval samples --json`, with `false_refusals` and the details under `questions` added.

    `text_of` gives the normalised text of a document by its id, None when it is not in the library.
    `right`, `cited_right` and `false_refusals` count answerable questions; `abstained_right` and
    `false_answers` the others.
    """
    details = []
    for number, question in enumerate(questions, start=1):
        details.append(_judge(question, ask(question), text_of))
        progress(number, len(questions))

    def count(name: str) -> int:
        return sum(bool(detail[name]) for detail in details)

    return {
        "n": len(details),
        "answerable": count("answerable"),
        "right": count("right"),
        "cited_right": count("cited_right"),
        "abstained_right": count("abstained_right"),
        "false_answers": count("false_answer"),
        "false_refusals": count("false_refusal"),
        "slices_exact": all(detail["slices_exact"] for detail in details),
        "questions": details,
    }


def report_rows(details: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row of a report for each of the `questions` of `evaluate_samples`."""
    told = ("id", "question", "answerable", "answer", "draft", "abstained", "verdicts", "cited")
    return [
        {**{name: detail[name] for name in told}, "type": "", "measures": _measures(detail)}
        for detail in details
    ]


def _measures(detail: dict[str, Any]) -> dict[str, float | None]:
    answerable, verdicts = detail["answerable"], detail["verdicts"]

    def of(name: str, *, applies: bool) -> float | None:
        return float(detail[name]) if applies else None

    return {
        "right": of("right", applies=answerable), "cited_right": of("cited_right", applies=answerable),
        "abstained_right": of("abstained_right", applies=not answerable),
        "false_answer": of("false_answer", applies=not answerable),
        "false_refusal": of("false_refusal", applies=answerable),
        "supported": round(verdicts.count("supported") / len(verdicts), 4) if verdicts else None,
        "first_token_ms": detail["first_token_ms"], "total_ms": detail["total_ms"],
    }  # fmt: skip


def _judge(question: SampleQuestion, answer: Answer, text_of: Callable[[str], str | None]) -> dict[str, Any]:
    answered = not answer.abstained
    supported = [
        citation
        for claim in answer.claims
        if claim.verdict is Verdict.SUPPORTED
        for citation in claim.citations
    ]
    every = [citation for claim in answer.claims for citation in claim.citations]
    return {
        "id": question.id,
        "question": question.text,
        "answerable": question.answerable,
        "answer": answer.text,
        "draft": answer.draft,
        "abstained": answer.abstained,
        "verdicts": [claim.verdict.value for claim in answer.claims],
        "cited": sorted({f"{citation.path}:{citation.page or '-'}" for citation in every}),
        "right": question.answerable
        and answered
        and any(contains(answer.text, accepted) for accepted in question.answers),
        "cited_right": question.answerable
        and answered
        and any(_is_accepted(citation, question) for citation in supported),
        "abstained_right": not question.answerable and answer.abstained,
        "false_answer": not question.answerable and answered,
        "false_refusal": question.answerable and answer.abstained,
        "slices_exact": all(_is_exact(citation, text_of) for citation in every),
        **{name: value for name, value in answer.timings.as_json().items() if name != "tokens"},
    }


def _is_accepted(citation: Citation, question: SampleQuestion) -> bool:
    path = normal_path(citation.path)
    same_file = path == question.document or path.endswith(f"/{question.document}")
    on_page = not question.pages or citation.page is None or citation.page in question.pages
    return same_file and on_page


def _is_exact(citation: Citation, text_of: Callable[[str], str | None]) -> bool:
    text = text_of(citation.document)
    return text is not None and text[citation.start : citation.end] == citation.quote != ""
