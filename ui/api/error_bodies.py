"""How an error is told to a client: by status and body, of which those of /v1 know another form."""

from __future__ import annotations

from typing import Any

from assistant.errors import (
    AccessRefusedError,
    DirectoryError,
    ExampleConflictError,
    PromptTooLongError,
    RecordNotFoundError,
    SignInError,
    SignInLimitError,
)
from ingestion.errors import ModelError, WorkspaceBusyError
from ui.errors import REFUSALS, JobRunningError, NotFoundError, UsageError, error_json

Json = dict[str, Any]
Statuses = tuple[tuple[tuple[type[Exception], ...], int], ...]
V1 = "/v1/"
"""What the addresses begin with that other services' clients know."""
_STATUS: Statuses = (
    ((NotFoundError, RecordNotFoundError), 404),
    ((SignInLimitError,), 429),
    ((SignInError,), 401),
    ((DirectoryError,), 503),
    ((AccessRefusedError,), 403),
    ((*REFUSALS, WorkspaceBusyError, JobRunningError, ExampleConflictError), 409),
    ((UsageError,), 422),
)
_V1_STATUS: Statuses = (((ModelError,), 404), ((UsageError, PromptTooLongError), 400), *_STATUS)
_TYPES = {
    401: "authentication_error", 403: "permission_error", 404: "not_found_error", 409: "conflict_error",
    429: "rate_limit_error",
}  # fmt: skip
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (ModelError, "model_not_found"),
    (PromptTooLongError, "context_length_exceeded"),
)


class UnsupportedError(UsageError):
    """A parameter asks for what is not done here; `param` is its name, `code` a word for programs."""

    def __init__(self, message: str, param: str | None = None, code: str = "unsupported_parameter") -> None:
        super().__init__(message)
        self.param, self.code = param, code


def status_of(error: Exception, path: str) -> int:
    """The status for an expected error that a request for `path` ended with."""
    table, otherwise = (_V1_STATUS, 500) if path.startswith(V1) else (_STATUS, 400)
    return next((code for kinds, code in table if isinstance(error, kinds)), otherwise)


def body_of(error: Exception, path: str, status: int) -> Json:
    """The body: `{error: {kind, message, refused}}`, below /v1 with `type`, `param` and `code`, too."""
    told = error_json(error)
    if isinstance(error, UnsupportedError):  # a word of this interface: others raise it as what it is
        told["kind"] = UsageError.__name__
    return {"error": {**told, **v1_keys(error, status)} if path.startswith(V1) else told}


def v1_keys(error: Exception, status: int) -> Json:
    """The keys by which clients of other services know an error."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    code = next((word for known, word in _CODES if isinstance(error, known)), None)
    if isinstance(error, UnsupportedError):
        return {"type": kind, "param": error.param, "code": error.code}
    return {"type": kind, "param": None, "code": "invalid_api_key" if status == 401 else code}
