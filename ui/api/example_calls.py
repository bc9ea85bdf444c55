"""The operations of `ui.example_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from typing import Any, cast
from urllib.parse import quote

from ui.example_operations import Json


class ExampleCalls(ABC):
    """Implements `ui.example_operations.ExampleOperations` for a class that sends requests."""

    def examples(
        self,
        *,
        status: str | None = None,
        origin: str | None = None,
        split: str | None = None,
        kind: str | None = None,
        type: str | None = None,
        document: str | None = None,
        assignee: str | None = None,
        problem: str | None = None,
        search: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> Json:
        """See `ExampleOperations.examples`."""
        wanted = {
            "status": status, "origin": origin, "split": split, "kind": kind, "type": type,
            "document": document, "assignee": assignee, "problem": problem, "search": search,
            "offset": offset, "limit": limit,
        }  # fmt: skip
        params = {name: value for name, value in wanted.items() if value is not None}
        return cast(Json, self._json("GET", "/examples", params=params))

    def example(self, example: str) -> Json:
        """See `ExampleOperations.example`."""
        return cast(Json, self._json("GET", _example(example)))

    def example_counts(self) -> Json:
        """See `ExampleOperations.example_counts`."""
        return cast(Json, self._json("GET", "/examples/counts"))

    def review_examples(self, decisions: Sequence[Json], *, by: str = "") -> Json:
        """See `ExampleOperations.review_examples`."""
        body = {"decisions": list(decisions), "by": by}
        return cast(Json, self._json("POST", "/examples/review", json=body))

    def edit_example(self, example: str, changes: Json, *, version: int | None = None, by: str = "") -> Json:
        """See `ExampleOperations.edit_example`."""
        body = {"changes": changes, "version": version, "by": by}
        return cast(Json, self._json("PATCH", _example(example), json=body))

    def assign_examples(self, ids: Sequence[str], assignee: str, *, by: str = "") -> Json:
        """See `ExampleOperations.assign_examples`."""
        body = {"ids": list(ids), "assignee": assignee, "by": by}
        return cast(Json, self._json("POST", "/examples/assign", json=body))

    def remove_examples(self, ids: Sequence[str]) -> Json:
        """See `ExampleOperations.remove_examples`."""
        return cast(Json, self._json("POST", "/examples/remove", json={"ids": list(ids)}))

    def build_examples(
        self,
        *,
        source: str = "library",
        limit: int = 200,
        unanswerable: float = 0.25,
        seed: int = 0,
        evaluations: Sequence[str] = (),
        by: str = "",
    ) -> Iterator[Json]:
        """See `ExampleOperations.build_examples`."""
        return self._events("/examples/build", _build(source, limit, unanswerable, seed, evaluations, by))

    def start_build_examples(
        self,
        *,
        source: str = "library",
        limit: int = 200,
        unanswerable: float = 0.25,
        seed: int = 0,
        evaluations: Sequence[str] = (),
        by: str = "",
    ) -> Json:
        """See `ExampleOperations.start_build_examples`."""
        body = _build(source, limit, unanswerable, seed, evaluations, by)
        return cast(Json, self._json("POST", "/examples/job", json=body))

    def import_examples(
        self,
        name: str,
        data: bytes,
        *,
        licence: str = "",
        find_evidence: bool = False,
        evaluations: Sequence[str] = (),
        by: str = "",
    ) -> Json:
        """See `ExampleOperations.import_examples`."""
        params = {
            "name": name, "licence": licence, "find_evidence": find_evidence,
            "evaluations": list(evaluations), "by": by,
        }  # fmt: skip
        return cast(Json, self._json("POST", "/examples/import", params=params, content=data))

    def export_examples(self, *, form: str = "konkyo", split: str | None = None) -> Json:
        """See `ExampleOperations.export_examples`."""
        return cast(Json, self._json("POST", "/examples/export", json={"form": form, "split": split}))

    def taught(self, document: str) -> Json:
        """See `ExampleOperations.taught`."""
        return cast(Json, self._json("GET", f"/examples/taught/{quote(document, safe='')}"))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...

    @abstractmethod
    def _events(self, url: str, body: Json) -> Generator[Json, None, None]: ...


def _build(
    source: str, limit: int, unanswerable: float, seed: int, evaluations: Sequence[str], by: str
) -> Json:
    return {
        "source": source, "limit": limit, "unanswerable": unanswerable, "seed": seed,
        "evaluations": list(evaluations), "by": by,
    }  # fmt: skip


def _example(example: str) -> str:
    return f"/examples/{quote(example, safe='')}"
