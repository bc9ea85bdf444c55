"""The operations of `ui.evaluation_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

from ui.evaluation_operations import Json


class EvaluationCalls(ABC):
    """Implements `ui.evaluation_operations.EvaluationOperations` for a class that sends requests."""

    def evaluation_reports(self, *, kind: str | None = None) -> list[Json]:
        """See `EvaluationOperations.evaluation_reports`."""
        params = {} if kind is None else {"kind": kind}
        return cast(list[Json], self._json("GET", "/evaluations/reports", params=params))

    def evaluation_report(self, report: str) -> Json:
        """See `EvaluationOperations.evaluation_report`."""
        return cast(Json, self._json("GET", _below("reports", report)))

    def remove_report(self, report: str) -> Json:
        """See `EvaluationOperations.remove_report`."""
        return cast(Json, self._json("DELETE", _below("reports", report)))

    def compare_reports(self, first: str, second: str) -> Json:
        """See `EvaluationOperations.compare_reports`."""
        body = {"first": first, "second": second}
        return cast(Json, self._json("POST", "/evaluations/compare", json=body))

    def made_questions(self, *, status: str | None = None) -> list[Json]:
        """See `EvaluationOperations.made_questions`."""
        params = {} if status is None else {"status": status}
        return cast(list[Json], self._json("GET", "/evaluations/questions", params=params))

    def make_questions(self, count: int = 20, seed: int = 0) -> Json:
        """See `EvaluationOperations.make_questions`."""
        body = {"count": count, "seed": seed}
        return cast(Json, self._json("POST", "/evaluations/questions", json=body))

    def review_question(self, question: str, status: str, *, by: str = "") -> Json:
        """See `EvaluationOperations.review_question`."""
        url = f"{_below('questions', question)}/review"
        return cast(Json, self._json("POST", url, json={"status": status, "by": by}))

    def edit_question(
        self, question: str, *, text: str | None = None, answers: Sequence[str] | None = None, by: str = ""
    ) -> Json:
        """See `EvaluationOperations.edit_question`."""
        body = {"text": text, "answers": None if answers is None else list(answers), "by": by}
        return cast(Json, self._json("PATCH", _below("questions", question), json=body))

    def question_set(self) -> list[Json]:
        """See `EvaluationOperations.question_set`."""
        return cast(list[Json], self._json("GET", "/evaluations/set"))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...


def _below(what: str, name: str) -> str:
    return f"/evaluations/{what}/{quote(name, safe='')}"
