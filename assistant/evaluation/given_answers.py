"""`eval answers` of questions that bring their own chunks, of which some must not be answered.

A question that can be answered is right as in `eval answers`; one that must not be answered when it was not.
The model writes also where the evidence alone would have been refused, so that one run shows what every
threshold of answerability would have let through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.answering import abstention
from assistant.answers import Answer, Language
from assistant.evaluation.answer_log import AnswerLog, Row, rows_of
from assistant.evaluation.answers import figures, row_of
from assistant.evaluation.bare import refuses
from assistant.evaluation.datasets import Question
from assistant.evaluation.given import GivenGold, GivenQuestion
from assistant.evaluation.metrics import mean
from assistant.evaluation.ranking_curves import auroc, rates_at
from assistant.evaluation.scoring import Score, score_answer, silence
from assistant.grounding.verdicts import Checker

WRONGLY_ANSWERED = "wrongly_answered"
"""The fault of an answer to a question that must not be answered."""

_CURVE = tuple(round(0.05 * step, 2) for step in range(21))
_NOTHING_SAID = Score(0.0, 0.0, None, 0.0)
_NEVER = -1.0  # below every threshold
_OF_REFERENCES = ("contains", "f1", "numbers", "claims", "cited_right")
_OF_CHECKS = ("grounded", "supported", "cited_right")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question.

    `answer` is what people are given. `score` is how well the evidence seemed to answer, and `proved` whether
    the draft would have stood by its own checks; both are None of the bare model, which has neither.
    """

    answer: Answer
    score: float | None = None
    proved: bool | None = None


def withheld_below(answer: Answer, threshold: float, language: Language) -> Outcome:
    """What people are given when `threshold` decides, of an answer that was written whatever the evidence.

    The draft is kept where it is withheld.
    """
    proved, score = not answer.abstained, answer.answerability or 0.0
    if score < threshold:
        answer = replace(
            answer, text=abstention(answer.hits, language, drafted=False), abstained=True, claims=(),
            draft=answer.text if proved else answer.draft,
        )  # fmt: skip
    return Outcome(answer, score, proved)


def evaluate_given(
    questions: Sequence[GivenQuestion],
    ask: Callable[[GivenQuestion], Outcome],
    gold: GivenGold,
    checker: Checker,
    log: AnswerLog,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """A row for each question, in order. What `log` knows is not asked again; what it does not is added."""
    return rows_of(
        questions, log, id_of=lambda one: one.question.id, progress=progress,
        ask=lambda one: judged_given(one, ask(one), gold, checker),
    )  # fmt: skip


def judged_given(asked: GivenQuestion, outcome: Outcome, gold: GivenGold, checker: Checker) -> Row:
    """The row of one answer in a report: that of `eval answers`, and what is known of its refusal."""
    question, answer = asked.question, outcome.answer
    if outcome.score is None:
        answer, score = scored(question, answer, checker, answerable=asked.answerable)
    else:
        score = _score(question, answer, checker, answerable=asked.answerable)
    row = row_of(question, answer, gold, score)
    measures = row["measures"]
    if not asked.answerable:
        row["fault"] = None if answer.abstained else WRONGLY_ANSWERED
        measures |= {"right": float(answer.abstained), **dict.fromkeys(_OF_REFERENCES)}
    if outcome.score is None:
        measures |= dict.fromkeys(_OF_CHECKS)
    measures["false_answer"] = None if asked.answerable else float(not answer.abstained)
    measures["false_refusal"] = float(answer.abstained) if asked.answerable else None
    return {
        **row, "types": list(asked.kinds), "answerable": asked.answerable,
        "target": sorted(gold.names[document] for document in gold.right[question.id]),
        "score": None if outcome.score is None else round(outcome.score, 6), "proved": outcome.proved,
    }  # fmt: skip


def scored(
    question: Question,
    answer: Answer,
    checker: Checker,
    *,
    answerable: bool,
    refusing: Callable[[str], bool] = refuses,
) -> tuple[Answer, Score]:
    """The answer with its score, and as abstained where its own words refuse, for a model that may refuse so.

    An answer that is right is no refusal, whatever else it says.
    """
    score = _score(question, answer, checker, answerable=answerable)
    if not answer.abstained and refusing(answer.text) and not score.right:
        answer = replace(answer, abstained=True)
        score = _score(question, answer, checker, answerable=answerable)
    return answer, score


def _score(question: Question, answer: Answer, checker: Checker, *, answerable: bool) -> Score:
    if not answerable:
        return _NOTHING_SAID
    if answer.abstained:
        return silence(question.text, question.answers)
    return score_answer(question.text, answer.text, question.answers, checker)


def given_figures(rows: Sequence[Row], threshold: float) -> dict[str, Any]:
    """The value of `eval answers FILE --json`: that of a folder, and shares of false answers and refusals.

    They are None where no question could be so. `curve` holds both at other thresholds, `auroc` is how well
    answerability alone tells the two kinds of questions; the bare model has neither, nor what checks tell.
    """
    told = figures(rows)
    wrongly_answered = sum(row["fault"] == WRONGLY_ANSWERED for row in rows)
    told["faults"] = {**told["faults"], WRONGLY_ANSWERED: wrongly_answered}
    scores, labels = [row["score"] for row in rows], [row["answerable"] for row in rows]
    bare = None in scores
    if bare:
        told |= {"grounded": None, "cited_right": None}
    return {
        **told, "answerable": sum(labels), "false_answers": _share(rows, "false_answer"),
        "false_refusals": _share(rows, "false_refusal"), "threshold": None if bare else threshold,
        "auroc": None if bare or len(set(labels)) < 2 else round(auroc(scores, labels), 4),
        "curve": [] if bare else curve_of(rows, threshold), "by_type": by_type(rows),
    }  # fmt: skip


def curve_of(rows: Sequence[Row], threshold: float) -> list[dict[str, float]]:
    """Both shares at thresholds from 0 (only the checks refuse) to 1, and at the one in force."""
    standing = [row["score"] if row["proved"] else _NEVER for row in rows]
    labels = [row["answerable"] for row in rows]
    return [
        {"threshold": at, "false_answers": round(answers, 4), "false_refusals": round(refusals, 4)}
        for at in sorted({*_CURVE, threshold})
        for answers, refusals in [rates_at(standing, labels, at)]
    ]


def by_type(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """How many questions of each type there are and were right, and both shares; of several types in each."""
    found = {}
    for kind in sorted({kind for row in rows for kind in row["types"]}):
        own = [row for row in rows if kind in row["types"]]
        found[kind] = {
            "n": len(own), "right": sum(row["measures"]["right"] == 1.0 for row in own),
            "false_answers": _share(own, "false_answer"), "false_refusals": _share(own, "false_refusal"),
        }  # fmt: skip
    return found


def _share(rows: Sequence[Row], measure: str) -> float | None:
    values = [row["measures"][measure] for row in rows if row["measures"][measure] is not None]
    return round(mean(values), 4) if values else None
