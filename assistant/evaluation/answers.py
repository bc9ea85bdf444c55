"""`eval answers`: every question put to the whole assistant, its answer scored, and each miss given a reason.

A miss has one fault, the first that explains it: its page was not among the hits, or no sentence of it was in
the prompt, or the model read it and nothing was answered, or it answered wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from assistant.answers import Answer, Verdict
from assistant.errors import EvaluationError
from assistant.evaluation.answer_log import AnswerLog, Row, rows_of
from assistant.evaluation.datasets import Question
from assistant.evaluation.gold import Gold
from assistant.evaluation.metrics import percentile
from assistant.evaluation.scoring import SCORING, Score, score_answer, silence
from assistant.grounding.verdicts import Checker

FAULTS = ("not_retrieved", "not_read", "wrongly_generated", "wrongly_refused")


def refuse_without_answers(questions: Sequence[Question]) -> None:
    """Say so before the first question is asked, not after an hour.

    Raises:
        EvaluationError: a question has no reference answer.
    """
    for question in questions:
        if not question.answers:
            raise EvaluationError(
                f"question {question.id} has no answer to compare with. Give target_answer or answers."
            )


def evaluate_answers(
    questions: Sequence[Question],
    ask: Callable[[Question], Answer],
    gold: Gold,
    checker: Checker,
    log: AnswerLog,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """A row for each question, in order. What `log` knows is not asked again; what it does not is added.

    An answer that was scored by older rules is scored anew.

    Raises:
        EvaluationError: a question has no reference answer.
    """
    refuse_without_answers(questions)
    rows = rows_of(
        questions, log, id_of=lambda one: one.id, fits=_is_of, progress=progress,
        ask=lambda one: judged(one, ask(one), gold, checker),
    )  # fmt: skip
    return [
        row if row["scoring"] == SCORING else rescored(question, row, checker)
        for question, row in zip(questions, rows, strict=True)
    ]


def judged(question: Question, answer: Answer, gold: Gold, checker: Checker) -> Row:
    """The row of one answer in a report; `measures` of what does not apply are None."""
    if answer.abstained:
        score = silence(question.text, question.answers)
    else:
        score = score_answer(question.text, answer.text, question.answers, checker)
    return row_of(question, answer, gold, score)


def row_of(question: Question, answer: Answer, gold: Gold, score: Score) -> Row:
    """The row of an answer that was scored."""
    answered = not answer.abstained
    verdicts = [claim.verdict for claim in answer.claims]
    proven = verdicts.count(Verdict.SUPPORTED)
    supported = [
        one for claim in answer.claims if claim.verdict is Verdict.SUPPORTED for one in claim.citations
    ]
    every = [one for claim in answer.claims for one in claim.citations]
    right = answered and score.right
    first = answer.timings.first_token_ms
    return {
        "id": question.id, "question": question.text, "type": question.kind,
        "target": list(question.target), "reference": list(question.answers), "answer": answer.text,
        "draft": answer.draft, "abstained": answer.abstained,
        "fault": None if right else fault_of(question, answer, gold), "scoring": SCORING,
        "missed": missed(question, answer, gold),
        "verdicts": [verdict.value for verdict in verdicts],
        "cited": sorted({f"{one.path}:{one.page or '-'}" for one in every}),
        "citations": [
            {"document": one.document, "start": one.start, "end": one.end, "quote": one.quote}
            for one in every
        ],
        "measures": {
            "right": float(right), **_of_score(score),
            "grounded": float(proven == len(verdicts) > 0) if answered else None,
            "supported": round(proven / len(verdicts), 4) if verdicts else None,
            "abstained": float(answer.abstained),
            "cited_right": float(answered and gold.cited(question, supported)),
            "first_token_ms": None if first is None else round(first, 1),
            "total_ms": round(answer.timings.total_ms, 1),
        },
    }  # fmt: skip


def _of_score(score: Score) -> dict[str, float | None]:
    return {
        "contains": score.contains, "f1": round(score.f1, 4),
        "numbers": None if score.numbers is None else round(score.numbers, 4),
        "claims": round(score.claims, 4),
    }  # fmt: skip


def rescored(question: Question, row: Row, checker: Checker) -> Row:
    """A row as today's rules of scoring see its answer; what the model did is unchanged."""
    if row["abstained"]:
        return {**row, "scoring": SCORING}
    score = score_answer(question.text, row["answer"], question.answers, checker)
    fault = None if score.right else row["missed"] or "wrongly_generated"
    measures = {**row["measures"], "right": float(score.right), **_of_score(score)}
    return {**row, "scoring": SCORING, "fault": fault, "measures": measures}


def _is_of(question: Question, row: Row) -> bool:
    """Whether a kept row is about this very question, and not about one that had its id."""
    asked = (question.text, list(question.answers), list(question.target))
    return "scoring" in row and (row["question"], row["reference"], row["target"]) == asked


def missed(question: Question, answer: Answer, gold: Gold) -> str | None:
    """What kept the model from reading the page of the question, None where it read it."""
    if not gold.retrieved(question, answer.hits):
        return "not_retrieved"
    return None if gold.read(question, answer.sources) else "not_read"


def fault_of(question: Question, answer: Answer, gold: Gold) -> str:
    """Why an answer that is not right is not."""
    return missed(question, answer, gold) or ("wrongly_refused" if answer.abstained else "wrongly_generated")


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """The value of `eval answers --json`: counts, and medians of milliseconds (None when there are none).

    `grounded` are the answers of which every sentence is supported.
    """

    def count(name: str) -> int:
        return sum(row["measures"][name] == 1.0 for row in rows)

    def median(name: str) -> float | None:
        values = [row["measures"][name] for row in rows if row["measures"][name] is not None]
        return percentile(values, 0.5) if values else None

    return {
        "n": len(rows), "right": count("right"), "grounded": count("grounded"),
        "abstained": count("abstained"), "cited_right": count("cited_right"),
        "faults": {fault: sum(row["fault"] == fault for row in rows) for fault in FAULTS},
        "first_token_ms": median("first_token_ms"), "total_ms": median("total_ms"),
    }  # fmt: skip
