"""The part of `FakeOperations` that keeps reports of evaluations and made questions, both planted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web_library import library

from assistant.errors import EvaluationError

Json = dict[str, Any]

_QUOTE = "年次有給休暇は入社6か月後に10日与える。"


def make_row(number: int, *, right: bool, fault: str | None = None, ms: float = 1000.0, **more: Any) -> Json:
    """A row of a report of answers."""
    return {
        "id": str(number), "question": f"Question {number}?", "type": "table" if number % 2 else "text",
        "reference": [f"reference {number}"], "answer": f"answer {number}", "draft": "", "abstained": False,
        "fault": fault, "verdicts": ["supported", "unsupported"], "cited": ["a.pdf:3"],
        "target": ["a.pdf", 3],
        "measures": {"right": float(right), "numbers": None, "total_ms": ms}, **more,
    }  # fmt: skip


def make_report(report: str, created: str, *, kind: str = "answers", data: str = "set", **more: Any) -> Json:
    """A report of answers of four questions, three right, unless `more` says otherwise."""
    return {
        "version": 1, "id": report, "kind": kind, "created": created, "konkyo": "0.1.0",
        "configuration": {
            "data": {"name": data, "layout": "pdf", "digest": "0123"},
            "models": {"chat": "test-model", "embedder": "test-embedder:abc", "reranker": None},
            "options": {"limit": 4}, "settings": {"retrieval": {"mode": "hybrid"}},
        },
        "figures": {"n": 4, "right": 3},
        "metrics": {
            "right": {"mean": 0.75, "low": 0.25, "high": 1.0, "n": 4, "higher_is_better": True},
            "total_ms": {"mean": 2500.0, "low": 1000.0, "high": 4000.0, "n": 4, "higher_is_better": False},
        },
        "n": 4,
        "rows": [
            make_row(1, right=True), make_row(2, right=False, fault="not_read", ms=4000.0),
            make_row(3, right=True), make_row(4, right=True),
        ],
        "curves": {
            "verdicts": {"supported": 4, "partly": 0, "contradicted": 0, "unsupported": 4, "unchecked": 0},
            "faults": {"not_retrieved": 0, "not_read": 1, "wrongly_generated": 0, "wrongly_refused": 0},
            "latency": {"first_token_ms": [], "total_ms": [[1000.0, 0.75], [4000.0, 1.0]]},
            "by_type": {"table": {"n": 2, "right": 1.0}, "text": {"n": 2, "right": 0.5}},
        },
        **more,
    }  # fmt: skip


def make_question(identity: str, **more: Any) -> Json:
    """A draft about a sentence of the planted rules."""
    rules = library()[0]
    place = rules["locations"][0]
    start = rules["text"].index(_QUOTE)
    return {
        "id": identity, "question": "休暇は何日か？", "answers": ["10日"], "quote": _QUOTE,
        "document": rules["id"], "start": start, "end": start + len(_QUOTE), "source": place["source"],
        "path": place["path"], "shown_as": place["shown_as"], "title": rules["title"], "page": 1,
        "status": "draft", "made_by": "rules", "created_at": "2026-11-22T01:00:00+00:00",
        "reviewed_at": None, "reviewed_by": "", "present": True, **more,
    }  # fmt: skip


class FakeEvaluations:
    """`planted_reports` newest first, `comparisons` by both ids, `drafts` all made questions.

    `makes` are the questions that the next call of `make_questions` finds; `calls` tells what was asked for.
    """

    def __init__(self) -> None:
        self.planted_reports: list[Json] = []
        self.comparisons: dict[tuple[str, str], Json] = {}
        self.drafts: list[Json] = []
        self.makes: list[Json] = []
        self.calls: list[tuple[Any, ...]] = []

    def evaluation_reports(self, *, kind: str | None = None) -> list[Json]:
        return [
            {name: value for name, value in report.items() if name not in ("rows", "curves")}
            for report in self.planted_reports
            if kind in (None, report["kind"])
        ]

    def evaluation_report(self, report: str) -> Json:
        self.calls.append(("read", report))
        return self._report(report)

    def _report(self, report: str) -> Json:
        for found in self.planted_reports:
            if found["id"] == report:
                return found
        raise EvaluationError(f"no report {report!r}. See the ids with: konkyo eval reports")

    def remove_report(self, report: str) -> Json:
        self.planted_reports.remove(self._report(report))
        return {"done": True, "id": report}

    def compare_reports(self, first: str, second: str) -> Json:
        if (first, second) not in self.comparisons:
            raise EvaluationError(f"{first} and {second} have no question in common.")
        return self.comparisons[first, second]

    def made_questions(self, *, status: str | None = None) -> list[Json]:
        found = [dict(one) for one in self.drafts if status in (None, one["status"])]
        return sorted(found, key=lambda one: bool(one["status"] != "draft"))

    def make_questions(self, count: int = 20, seed: int = 0) -> Json:
        self.calls.append(("make", count, seed))
        made, self.makes = self.makes[:count], []
        self.drafts += made
        return {"made": len(made), "known": 3, "documents": min(1, len(made))}

    def review_question(self, question: str, status: str, *, by: str = "") -> Json:
        self.calls.append(("review", question, status, by))
        return self._said(question, status=status, reviewed_by=by)

    def edit_question(
        self, question: str, *, text: str | None = None, answers: Sequence[str] | None = None, by: str = ""
    ) -> Json:
        self.calls.append(("edit", question, text, list(answers or ()), by))
        if not answers:
            raise EvaluationError("a question needs an answer to compare with.")
        return self._said(question, question=text, answers=list(answers), reviewed_by=by)

    def _said(self, identity: str, **values: Any) -> Json:
        (found,) = [one for one in self.drafts if one["id"] == identity]
        found |= {**values, "reviewed_at": "2026-11-22T02:00:00+00:00"}
        return dict(found)

    def question_set(self) -> list[Json]:
        keys = ("id", "question", "answers", "document", "start", "end", "quote")
        accepted = self.made_questions(status="accepted")
        return [{key: one[key] for key in keys} for one in accepted if one["present"]]
