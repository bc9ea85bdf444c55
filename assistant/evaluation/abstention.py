"""`eval abstention`: how well the program tells questions that their passages answer from those they do not.

Each question is judged with its own passages, as if search had found these. A false answer is a question let
through that they do not answer, a false refusal one withheld that they do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.answerability import answerability
from assistant.answering_model import together
from assistant.answers import Hit
from assistant.errors import EvaluationError
from assistant.evaluation.datasets import read_jsonl
from assistant.evaluation.ranking_curves import auroc, rates_at
from assistant.evidence import whole_chunks
from assistant.reranking import Reranker

_ALL = 10**9
_CURVE = tuple(round(0.05 * step, 2) for step in range(1, 20))

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class AbstentionRow:
    """A question, the passages it is judged with, and whether they answer it."""

    id: str
    question: str
    contexts: tuple[str, ...]
    answerable: bool


def read_rows(path: Path) -> list[AbstentionRow]:
    """The lines `{id, question, contexts, answerable}` of a JSON Lines file; without an id its number is.

    A row without `answerable` but with `gold_answers_absent` is a question that its passages do not answer.

    Raises:
        EvaluationError: the file cannot be read, is empty, or a line is not such a row.
    """
    rows = [_row(row, path, number) for number, row in enumerate(read_jsonl(path), start=1)]
    if not rows:
        raise EvaluationError(f"{path} holds no questions. Give lines of id, question, contexts, answerable.")
    return rows


def _row(row: dict[str, Any], path: Path, number: int) -> AbstentionRow:
    place = f"{path}, row {number}"
    label = row.get("answerable", False if "gold_answers_absent" in row else None)
    question, contexts = row.get("question"), row.get("contexts")
    if not isinstance(label, bool):
        raise EvaluationError(f"{place}: answerable is {label!r}; it must be true or false.")
    if not isinstance(question, str) or not isinstance(contexts, list):
        raise EvaluationError(f"{place}: question must be a string and contexts a list of strings.")
    if not all(isinstance(one, str) for one in contexts):
        raise EvaluationError(f"{place}: contexts must be a list of strings.")
    identity = str(number) if row.get("id") is None else str(row["id"])
    return AbstentionRow(identity, question, tuple(contexts), label)


def evaluate_abstention(
    rows: Sequence[AbstentionRow], reranker: Reranker | None, threshold: float, report: Report
) -> dict[str, Any]:
    """The value of `eval abstention --json`, see `figures`."""
    found, seconds = judge(rows, reranker, report)
    return figures(rows, reranker, threshold, found, seconds)


def judge(
    rows: Sequence[AbstentionRow], reranker: Reranker | None, report: Report
) -> tuple[list[tuple[float, float]], float]:
    """`judged` of every row, and the seconds it took."""
    found, began = [], time.monotonic()
    for number, row in enumerate(rows, start=1):
        found.append(judged(row, reranker))
        report(number, len(rows))
    return found, time.monotonic() - began


def figures(
    rows: Sequence[AbstentionRow],
    reranker: Reranker | None,
    threshold: float,
    found: Sequence[tuple[float, float]],
    seconds: float,
) -> dict[str, Any]:
    """The figures of judged questions; what is below `threshold` is withheld.

    `auroc` is null when all rows are answerable, or none is. `curve` holds both rates at other thresholds,
    `rules_auroc` what the rules reach alone.
    """
    rules, scores = [rule for rule, _ in found], [score for _, score in found]
    labels = [row.answerable for row in rows]
    both = len(set(labels)) == 2
    passed, refused = rates_at(scores, labels, threshold)
    curve = [
        {"threshold": at, "false_answers": round(answers, 4), "false_refusals": round(refusals, 4)}
        for at in _CURVE
        for answers, refusals in [rates_at(scores, labels, at)]
    ]
    return {
        "n": len(rows), "answerable": sum(labels), "false_answers": round(passed, 4),
        "false_refusals": round(refused, 4), "auroc": round(auroc(scores, labels), 4) if both else None,
        "rules_auroc": round(auroc(rules, labels), 4) if both else None, "threshold": threshold,
        "reranker": reranker.name if reranker else None,
        "ms_per_question": round(seconds * 1000 / len(rows), 1), "curve": curve,
    }  # fmt: skip


def report_rows(
    rows: Sequence[AbstentionRow], threshold: float, found: Sequence[tuple[float, float]]
) -> list[dict[str, Any]]:
    """A row of a report for each question."""
    return [
        {
            "id": row.id, "question": row.question, "type": "", "answerable": row.answerable,
            "score": round(score, 4),
            "measures": {
                "false_answer": None if row.answerable else float(score >= threshold),
                "false_refusal": float(score < threshold) if row.answerable else None,
            },
        }
        for row, (_, score) in zip(rows, found, strict=True)
    ]  # fmt: skip


def judged(row: AbstentionRow, reranker: Reranker | None) -> tuple[float, float]:
    """(what the rules say alone, what is decided by) for one question, both in [0, 1]."""
    hits = [_hit(text, rank) for rank, text in enumerate(row.contexts, start=1)]
    rules = answerability(row.question, whole_chunks(hits, budget=_ALL, limit=_ALL))
    if reranker is None or not hits:
        return rules, rules
    read = reranker.rerank(row.question, row.contexts)
    return rules, together(rules, [one.answers for one in read])


_EMPTY = Hit(
    rank=0, document="", source="", path="", title="", format="txt", page=None, page_label=None, locator=None,
    chunk_id="", start=0, end=0, score=1.0, text="",
)  # fmt: skip


def _hit(text: str, rank: int) -> Hit:
    return replace(
        _EMPTY, rank=rank, document=f"context-{rank}", chunk_id=f"context-{rank}", end=len(text), text=text
    )
