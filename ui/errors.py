"""The errors of this package, and how any expected error travels from the service to its clients."""

from __future__ import annotations

from typing import Any

import assistant.errors
import ingestion.errors
import training.errors
from assistant.errors import AccessRefusedError, AdapterRefusedError, AssistantError
from ingestion.errors import IngestionError
from training.errors import TrainingError, TrainingRefusedError


class InterfaceError(Exception):
    """Base of every error that this package raises on purpose."""


class NotFoundError(InterfaceError):
    """A document, page, conversation or file with this name does not exist."""


class ServiceError(InterfaceError):
    """The service cannot be started or reached, or it ended in the middle of an answer."""


class UsageError(InterfaceError):
    """A value that was asked for cannot be used; the message names it."""


class JobRunningError(InterfaceError):
    """Another ingest is running; only one runs at a time."""


EXPECTED: tuple[type[Exception], ...] = (IngestionError, AssistantError, TrainingError, InterfaceError)
"""Errors that are shown as one line. Everything else is a bug and keeps its traceback."""

REFUSALS: tuple[type[Exception], ...] = (
    ingestion.errors.UnsafeRemovalError,
    ingestion.errors.RestoreRefusedError,
    AccessRefusedError,
    AdapterRefusedError,
    TrainingRefusedError,
)
"""What could be done and is not, until someone agrees or something is made good: exit code 3."""


def error_json(error: Exception) -> dict[str, Any]:
    """`{kind, message, refused}`; `kind` is the name of the class, `refused` is exit code 3."""
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "refused": isinstance(error, REFUSALS),
    }


def error_from_json(value: dict[str, Any]) -> Exception:
    """The same error again, as the caller in another process would have seen it."""
    kind = str(value.get("kind", ""))
    for module in (ingestion.errors, assistant.errors, training.errors):
        found = getattr(module, kind, None)
        if isinstance(found, type) and issubclass(found, (IngestionError, AssistantError, TrainingError)):
            return found(value["message"])
    found = globals().get(kind)
    if isinstance(found, type) and issubclass(found, InterfaceError):
        return found(value["message"])
    return ServiceError(str(value.get("message", "the service failed")))
