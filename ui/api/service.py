"""The service of one workspace as a FastAPI application over `Operations`. Knows no sockets."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from ui.account_files import AccountFiles
from ui.api import mcp_server, routes
from ui.api.adapter_routes import adapter_routes
from ui.api.audit_routes import audit_routes
from ui.api.editor_routes import editor_routes
from ui.api.error_bodies import V1, UnsupportedError, body_of, status_of
from ui.api.evaluation_routes import evaluation_routes
from ui.api.example_routes import example_routes, example_work_routes
from ui.api.knowledge_routes import knowledge_routes
from ui.api.monitoring_routes import monitoring_routes
from ui.api.openai_routes import openai_routes
from ui.api.probes import Probes, probe_routes
from ui.api.proxies import Proxies
from ui.api.screening_routes import screening_routes
from ui.api.session_routes import session_routes
from ui.api.sync_routes import sync_routes
from ui.api.task_routes import task_routes
from ui.api.training_routes import training_routes
from ui.errors import EXPECTED, NotFoundError
from ui.operations import Json, Operations


def create_app(
    operations: Operations,
    *,
    workspace: str,
    shut_down: Callable[[], None],
    probes: Probes = Probes(),
    accounts: AccountFiles | None = None,
    proxies: Proxies | None = None,
) -> FastAPI:
    """The application, still without its guard. `shut_down` is called when a client asks it to stop."""
    # The interactive pages of FastAPI load their scripts from elsewhere, and nothing here leaves the machine.
    answer, serving = mcp_server.over_http(operations) if mcp_server.available() else (None, nullcontext)
    app = FastAPI(
        title="Konkyo", version=version("konkyo"), docs_url=None, redoc_url=None,
        lifespan=lambda _app: serving(),
    )  # fmt: skip
    for kind in EXPECTED:
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_such_address)

    @app.post("/shutdown")
    def shutdown() -> Json:
        shut_down()
        return {"done": True, "pid": os.getpid()}

    app.include_router(probe_routes(probes, workspace=workspace))
    app.include_router(routes.question_routes(operations))
    app.include_router(routes.ingest_routes(operations))
    app.include_router(routes.document_routes(operations))
    app.include_router(routes.conversation_routes(operations))
    app.include_router(sync_routes(operations))
    app.include_router(knowledge_routes(operations))
    app.include_router(task_routes(operations))
    app.include_router(screening_routes(operations))
    app.include_router(editor_routes(operations))
    app.include_router(evaluation_routes(operations))
    app.include_router(example_routes(operations))
    app.include_router(example_work_routes(operations))
    app.include_router(monitoring_routes(operations))
    app.include_router(adapter_routes(operations))
    app.include_router(training_routes(operations))
    app.include_router(audit_routes(operations))
    app.include_router(openai_routes(operations))
    if accounts is not None:
        app.include_router(session_routes(accounts, proxies))
    if answer is not None:
        app.router.routes.append(Route(mcp_server.PATH, answer, methods=["POST"]))
    return app


def _expected(request: Request, error: Exception) -> JSONResponse:
    path = request.url.path
    status = status_of(error, path)
    return JSONResponse(body_of(error, path, status), status)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    param = next((str(part) for part in first["loc"][1:] if isinstance(part, str)), None)
    return _expected(request, UnsupportedError(f"{place}: {first['msg']}", param, "invalid_value"))


async def _no_such_address(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if not path.startswith(V1):
        return await http_exception_handler(request, error)
    told = NotFoundError(f"{request.method} {path} is no address of this service: {error.detail}.")
    return JSONResponse(body_of(told, path, error.status_code), error.status_code, dict(error.headers or {}))
