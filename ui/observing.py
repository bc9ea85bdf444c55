"""What is counted while the service works: told of each answer and each job, never shown a person's words."""

from __future__ import annotations

from typing import Any, Protocol

Json = dict[str, Any]


class Observer(Protocol):
    """Told of what has ended. It must not raise, and must be quick: people wait."""

    def answered(self, answer: Json) -> None:
        """An answer is out, whole or stopped; as `Answer.as_json`."""
        ...

    def failed(self) -> None:
        """A question ended with an error."""
        ...

    def job_ended(self, job: Json) -> None:
        """Long work has ended; as `Operations.job`."""
        ...


class Unobserved:
    """Counts nothing: for the command line."""

    def answered(self, answer: Json) -> None:
        """See `Observer`."""

    def failed(self) -> None:
        """See `Observer`."""

    def job_ended(self, job: Json) -> None:
        """See `Observer`."""
