"""The operations of `ui.evaluation_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from ingestion.workspace import Workspace
from ui.errors import UsageError
from ui.evaluation_operations import Json
from ui.resources import Resources
from ui.shown_as import ShownAs

if TYPE_CHECKING:
    from assistant.evaluation.question_store import MadeQuestion, QuestionStore, Status
    from assistant.evaluation.reports import ReportStore
    from ingestion.library import StoredDocument


class LocalEvaluations:
    """Implements `EvaluationOperations` for a class that has what is declared here."""

    workspace: Workspace
    resources: Resources
    _shown_as: ShownAs

    def evaluation_reports(self, *, kind: str | None = None) -> list[Json]:
        """See `EvaluationOperations.evaluation_reports`."""
        from assistant.evaluation.reports import KINDS

        if kind is not None and kind not in KINDS:
            raise UsageError(f"{kind!r} is no kind of report. Choose one of {', '.join(KINDS)}.")
        return self._reports.all(kind)

    def evaluation_report(self, report: str) -> Json:
        """See `EvaluationOperations.evaluation_report`."""
        from assistant.evaluation.curves import curves_of

        found = self._reports.read(report)
        return {**found, "curves": curves_of(found)}

    def remove_report(self, report: str) -> Json:
        """See `EvaluationOperations.remove_report`."""
        self._reports.remove(report)
        return {"done": True, "id": report}

    def compare_reports(self, first: str, second: str) -> Json:
        """See `EvaluationOperations.compare_reports`."""
        from assistant.evaluation.report_comparison import compare_reports

        return compare_reports(self._reports.read(first), self._reports.read(second))

    def made_questions(self, *, status: str | None = None) -> list[Json]:
        """See `EvaluationOperations.made_questions`."""
        return self._questions_json(self._questions.all(None if status is None else _checked(status)))

    def make_questions(self, count: int = 20, seed: int = 0) -> Json:
        """See `EvaluationOperations.make_questions`."""
        from ingestion.version_rows import VersionRows
        from ui.quality.making import eligible, make_drafts

        if count < 1:
            raise UsageError(f"{count} questions cannot be made.")
        library = self.resources.library
        month = self.resources.settings.ingestion.fiscal_month
        documents = eligible(
            [one.id for one in library.documents_list()], VersionRows(library, month).all(),
            self._quarantined(), date.today(),
        )  # fmt: skip
        drafts = make_drafts(library, documents, count=count, seed=seed)
        made = self._questions.add(drafts)
        return {"made": made, "known": len(drafts) - made, "documents": len({one.document for one in drafts})}

    def review_question(self, question: str, status: str, *, by: str = "") -> Json:
        """See `EvaluationOperations.review_question`."""
        return self._questions_json([self._questions.review(question, _checked(status), by=by)])[0]

    def edit_question(
        self, question: str, *, text: str | None = None, answers: Sequence[str] | None = None, by: str = ""
    ) -> Json:
        """See `EvaluationOperations.edit_question`."""
        return self._questions_json([self._questions.edit(question, text=text, answers=answers, by=by)])[0]

    def question_set(self) -> list[Json]:
        """See `EvaluationOperations.question_set`."""
        keys = ("id", "question", "answers", "document", "start", "end", "quote")
        accepted = self.made_questions(status="accepted")
        return [{key: one[key] for key in keys} for one in accepted if one["present"]]

    @property
    def _reports(self) -> ReportStore:
        from assistant.evaluation.reports import ReportStore

        return ReportStore(self.workspace.root / "evaluations")

    @property
    def _questions(self) -> QuestionStore:
        from assistant.evaluation.question_store import QuestionStore

        return QuestionStore(self.workspace.root / "evaluations")

    def _quarantined(self) -> frozenset[str]:
        from ingestion.finding_rows import counts

        return frozenset(id for id, found in counts(self.resources.library).items() if found.quarantined)

    def _questions_json(self, questions: Sequence[MadeQuestion]) -> list[Json]:
        withheld = self._quarantined() if questions else frozenset()
        documents = {
            id: None if id in withheld else self.resources.library.document(id)
            for id in {one.document for one in questions}
        }
        return [self._question_json(one, documents[one.document]) for one in questions]

    def _question_json(self, one: MadeQuestion, stored: StoredDocument | None) -> Json:
        from assistant.evaluation.own_library import place_of

        told: Json = {
            "id": one.id, "question": one.question, "answers": list(one.answers), "document": one.document,
            "status": one.status, "made_by": one.made_by, "created_at": one.created_at,
            "reviewed_at": one.reviewed_at, "reviewed_by": one.reviewed_by,
        }  # fmt: skip
        start = None if stored is None else place_of(one.quote, one.start, stored.document.text)
        if stored is None or start is None:
            # What was masked or locked away since may stand in the words that were kept or made of them.
            gone: Json = dict.fromkeys(("start", "end", "source", "path", "shown_as", "title", "page"))
            return {**told, **gone, "question": "", "answers": [], "quote": "", "present": False}
        place = stored.locations[0]
        page = stored.document.page_at(start) if stored.document.paged else None
        return {
            **told, "start": start, "end": start + len(one.quote), "source": place.source, "path": place.path,
            "shown_as": self._shown_as(place.source, place.path), "title": stored.title,
            "page": None if page is None else page.number, "quote": one.quote, "present": True,
        }  # fmt: skip


def _checked(status: str) -> Status:
    from assistant.evaluation.question_store import STATUSES

    for known in STATUSES:
        if status == known:
            return known
    raise UsageError(f"{status!r} is no status of a question. Choose one of {', '.join(STATUSES)}.")
