"""The addresses of the service for trainings of the chat model, and for what proves an adapter."""

from __future__ import annotations

from fastapi import APIRouter

from assistant.answers import Language
from ui.api.routes import Body, Reply
from ui.operations import Json, Operations


class EstimateBody(Body):
    """What `TrainingOperations.estimate_training` takes."""

    recipe: str
    method: str | None = None
    changes: Json | None = None


class StartBody(EstimateBody):
    """What `TrainingOperations.start_training` takes."""

    name: str | None = None


class StepBody(Body):
    """What `TrainingOperations.start_adapter_step` takes besides the name."""

    step: str
    language: Language = "en"
    time_again: bool = False


def training_routes(operations: Operations) -> APIRouter:
    """Recipes, runs, steps and reports of the gate."""
    routes = APIRouter()

    @routes.get("/training/recipes")
    def recipes() -> Reply:
        return operations.recipes()

    @routes.post("/training/estimate")
    def estimate_training(body: EstimateBody) -> Reply:
        return operations.estimate_training(body.recipe, method=body.method, changes=body.changes)

    @routes.get("/training/runs")
    def training_runs() -> Reply:
        return operations.training_runs()

    @routes.post("/training/runs")
    def start_training(body: StartBody) -> Reply:
        return operations.start_training(
            body.recipe, name=body.name, method=body.method, changes=body.changes
        )

    @routes.get("/training/runs/{run}")
    def training_run(run: str, after: int = 0) -> Reply:
        return operations.training_run(run, after=after)

    @routes.post("/training/runs/{run}/stop")
    def stop_training(run: str) -> Reply:
        return operations.stop_training(run)

    @routes.post("/training/runs/{run}/resume")
    def resume_training(run: str) -> Reply:
        return operations.resume_training(run)

    @routes.post("/adapters/{adapter}/job")
    def start_adapter_step(adapter: str, body: StepBody) -> Reply:
        return operations.start_adapter_step(
            adapter, body.step, language=body.language, time_again=body.time_again
        )

    @routes.get("/adapters/{adapter}/gate")
    def gate_report(adapter: str, report: str | None = None) -> Reply:
        return operations.gate_report(adapter, report)

    return routes
