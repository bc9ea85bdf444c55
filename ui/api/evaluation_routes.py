"""The addresses of the service for reports of evaluations and made questions."""

from __future__ import annotations

from fastapi import APIRouter

from ui.api.routes import Body, Reply
from ui.operations import Operations


class CompareReportsBody(Body):
    """What `EvaluationOperations.compare_reports` takes."""

    first: str
    second: str


class MakeBody(Body):
    """What `EvaluationOperations.make_questions` takes."""

    count: int = 20
    seed: int = 0


class ReviewBody(Body):
    """What `EvaluationOperations.review_question` takes besides the id."""

    status: str
    by: str = ""


class EditBody(Body):
    """What `EvaluationOperations.edit_question` takes besides the id."""

    text: str | None = None
    answers: tuple[str, ...] | None = None
    by: str = ""


def evaluation_routes(operations: Operations) -> APIRouter:
    """Reports of evaluations and made questions."""
    routes = APIRouter(prefix="/evaluations")

    @routes.get("/reports")
    def evaluation_reports(kind: str | None = None) -> Reply:
        return operations.evaluation_reports(kind=kind)

    @routes.get("/reports/{report}")
    def evaluation_report(report: str) -> Reply:
        return operations.evaluation_report(report)

    @routes.delete("/reports/{report}")
    def remove_report(report: str) -> Reply:
        return operations.remove_report(report)

    @routes.post("/compare")
    def compare_reports(body: CompareReportsBody) -> Reply:
        return operations.compare_reports(body.first, body.second)

    @routes.get("/questions")
    def made_questions(status: str | None = None) -> Reply:
        return operations.made_questions(status=status)

    @routes.post("/questions")
    def make_questions(body: MakeBody) -> Reply:
        return operations.make_questions(body.count, body.seed)

    @routes.patch("/questions/{question}")
    def edit_question(question: str, body: EditBody) -> Reply:
        answers = None if body.answers is None else list(body.answers)
        return operations.edit_question(question, text=body.text, answers=answers, by=body.by)

    @routes.post("/questions/{question}/review")
    def review_question(question: str, body: ReviewBody) -> Reply:
        return operations.review_question(question, body.status, by=body.by)

    @routes.get("/set")
    def question_set() -> Reply:
        return operations.question_set()

    return routes
