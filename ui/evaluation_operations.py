"""The operations on reports of evaluations and on made questions. Part of `ui.operations.Operations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Json = dict[str, Any]


class EvaluationOperations(Protocol):
    """Reports that evaluations wrote, and questions made from the own library."""

    def evaluation_reports(self, *, kind: str | None = None) -> list[Json]:
        """Newest first and without rows, of one kind or of all.

        `[{version, id, kind, created, konkyo, configuration, figures, metrics, n}]`
        """
        ...

    def evaluation_report(self, report: str) -> Json:
        """One of them with `rows` and `curves`, see docs/cli.md, `eval report`.

        Raises:
            EvaluationError: there is none with this id.
        """
        ...

    def remove_report(self, report: str) -> Json:
        """`{done: True, id}`.

        Raises:
            EvaluationError: there is none with this id.
        """
        ...

    def compare_reports(self, first: str, second: str) -> Json:
        """The second against the first, question by question.

        `{kind, first, second, n, left_out, metrics: {name: {n, first, second, difference: {mean, low, high},
        differing, higher_is_better, verdict: "better"|"worse"|"same"}}}`

        Raises:
            EvaluationError: one is missing, or they cannot be compared.
        """
        ...

    def made_questions(self, *, status: str | None = None) -> list[Json]:
        """Drafts first, of one status ("draft", "accepted", "rejected") or of all.

        `[{id, question, answers, quote, document, start, end, source, path, shown_as, title, page, status,
        made_by, created_at, reviewed_at, reviewed_by, present}]`; `present` is False when the document has
        gone, is in quarantine, or does not hold the quote any more; then its place is null and the quote "".
        """
        ...

    def make_questions(self, count: int = 20, seed: int = 0) -> Json:
        """Make drafts from the library: `{made: new ones, known: asked before, documents: they are from}`."""
        ...

    def review_question(self, question: str, status: str, *, by: str = "") -> Json:
        """Accept or reject a question, or make it a draft again: as in `made_questions`.

        Raises:
            EvaluationError: there is none with this id.
            UsageError: there is no such status.
        """
        ...

    def edit_question(
        self, question: str, *, text: str | None = None, answers: Sequence[str] | None = None, by: str = ""
    ) -> Json:
        """Word a question or its answers otherwise: as in `made_questions`.

        Raises:
            EvaluationError: there is none with this id, or the words cannot be used.
        """
        ...

    def question_set(self) -> list[Json]:
        """Accepted questions whose passages are there, as rows of a data set.

        `[{id, question, answers, document, start, end, quote}]`
        """
        ...
