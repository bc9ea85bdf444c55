"""The operations of `ui.example_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ingestion.workspace import Workspace
from ui.errors import UsageError
from ui.example_operations import Json
from ui.jobs import Jobs, Work
from ui.resources import Resources
from ui.shown_as import ShownAs

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.example_rows import ExampleRow, ExampleRows
    from ingestion.screening.policy import Policy
    from training.tuning.leaks import Leaks
    from training.tuning.sources import Sources
    from ui.asking import Asking

_MOST = 500
_WORDS = ("question", "answer", "rejected")
_LISTS = ("accepted", "evidence", "messages")
_FIRST = ("kind", "type", "language", "answerable", "origin", "licence")


class LocalExamples(ABC):
    """Implements `ExampleOperations` for a class that has what is declared here."""

    workspace: Workspace
    resources: Resources
    _asking: Asking
    _jobs: Jobs
    _shown_as: ShownAs

    @abstractmethod
    def feedback(self, *, rating: str | None = None, conversation: str | None = None) -> list[Json]:
        """See `EditorOperations.feedback`."""

    @abstractmethod
    def _quarantined(self) -> frozenset[str]: ...

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
        from assistant.example_rows import STATUSES, ExampleFilter
        from training.tuning.examples import KINDS, SPLITS

        for name, value, known in (
            ("status", status, STATUSES),
            ("split", split, SPLITS),
            ("kind", kind, KINDS),
        ):
            if value is not None and value not in known:
                raise UsageError(f"{value!r} is no {name} of an example. Choose one of {', '.join(known)}.")
        if offset < 0 or not 1 <= limit <= _MOST:
            raise UsageError(f"between 1 and {_MOST} examples can be listed at once, from 0 on.")
        wanted = ExampleFilter(status, origin, split, kind, type, assignee, document, problem, search)
        rows = self._example_rows
        found = rows.rows(wanted, offset=offset, limit=limit)
        return {"total": rows.count(wanted), "offset": offset, "examples": self._examples_json(found)}

    def example(self, example: str) -> Json:
        """See `ExampleOperations.example`."""
        return self._examples_json([self._example_rows.get(example)])[0]

    def example_counts(self) -> Json:
        """See `ExampleOperations.example_counts`."""
        from training.tuning.examples import SPLITS
        from training.tuning.store import accepted_now

        resources = self.resources
        now = accepted_now(self.workspace, resources.settings, resources.records, resources.library)
        counted = self._example_rows.counts()
        usable = Counter(one.split for one in now.examples)
        return {
            "total": sum(counted["status"].values()), **counted,
            "usable": {split: usable[split] for split in SPLITS},
            "set_aside": dict(Counter(one.partition(":")[0] for one in now.set_aside.values())),
        }  # fmt: skip

    def review_examples(self, decisions: Sequence[Json], *, by: str = "") -> Json:
        """See `ExampleOperations.review_examples`."""
        from training.tuning.reviewing import decide, decision_of

        became = decide(
            self._example_rows, [decision_of(one) for one in decisions],
            leaks=self._leaks(()), policy=self._policy, sources=self._sources_now(), by=by,
        )  # fmt: skip
        return {"done": True, "ids": list(became), "statuses": list(became.values())}

    def edit_example(self, example: str, changes: Json, *, version: int | None = None, by: str = "") -> Json:
        """See `ExampleOperations.edit_example`."""
        decision = {"id": example, "act": "accept", "version": version, "changes": changes}
        self.review_examples([decision], by=by)
        return self.example(example)

    def assign_examples(self, ids: Sequence[str], assignee: str, *, by: str = "") -> Json:
        """See `ExampleOperations.assign_examples`."""
        from assistant.example_rows import Change

        wanted = list(dict.fromkeys(ids))
        self._example_rows.change([Change(id, assignee=assignee.strip()) for id in wanted], by=by)
        return {"done": True, "ids": wanted}

    def remove_examples(self, ids: Sequence[str]) -> Json:
        """See `ExampleOperations.remove_examples`."""
        return {"done": True, "removed": self._example_rows.remove(ids)}

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
        work = self._build_work(source, limit, unanswerable, seed, evaluations, by)
        return self._jobs.run([], work, kind="examples")

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
        work = self._build_work(source, limit, unanswerable, seed, evaluations, by)
        return self._jobs.start([], work, kind="examples").as_json()

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
        from ui.example_work import import_file

        leaks = self._leaks(self._paths(evaluations))
        return import_file(
            name, data, self.resources, self._example_rows, leaks, self._policy, self._sources_now(),
            licence=licence, find_evidence=find_evidence, by=by,
        )  # fmt: skip

    def export_examples(self, *, form: str = "konkyo", split: str | None = None) -> Json:
        """See `ExampleOperations.export_examples`."""
        from training.tuning.examples import SPLITS
        from training.tuning.exporting import FORMS, export_rows
        from training.tuning.store import accepted_now

        if form not in FORMS:
            raise UsageError(f"{form!r} is no form of examples. Choose one of {', '.join(FORMS)}.")
        if split is not None and split not in SPLITS:
            raise UsageError(f"{split!r} is no split of examples. Choose one of {', '.join(SPLITS)}.")
        resources = self.resources
        now = accepted_now(self.workspace, resources.settings, resources.records, resources.library)
        rows, left_out = export_rows((one for one in now.examples if split in (None, one.split)), form)
        return {"form": form, "rows": rows, "left_out": left_out}

    def taught(self, document: str) -> Json:
        """See `ExampleOperations.taught`."""
        from assistant.adapters import AdapterFolder
        from assistant.example_rows import ExampleFilter

        stored = self.resources.library.document(document)
        told = self._examples_json(self._example_rows.rows(ExampleFilter(document=document)))
        adapters = AdapterFolder(self.workspace.adapters)
        served = adapters.publication()
        trial = (served.trial or {}).get("adapter")
        found = [
            one for one in map(adapters.read, adapters.names()) if document in one.data.get("documents", ())
        ]
        keys = ("id", "status", "kind", "split", "origin", "question")
        return {
            "document": document, "title": stored.title if stored else None, "present": stored is not None,
            "examples": [{key: one[key] for key in keys} for one in told],
            "adapters": [
                {"name": one.name, "created_at": one.created_at, "method": one.method,
                 "published": one.name in (served.current, trial)}
                for one in found
            ],
        }  # fmt: skip

    @property
    def _example_rows(self) -> ExampleRows:
        from training.tuning.store import example_rows

        return example_rows(self.resources.records, self.resources.settings.tuning)

    @property
    def _policy(self) -> Policy:
        from ingestion.screening.policy import Policy

        screening = self.resources.settings.screening
        return Policy("mask", "quarantine", frozenset(screening.types), screening.confidence)

    def _sources_now(self) -> Sources:
        from training.tuning.sources import Sources

        return Sources(self.resources.library)

    def _leaks(self, others: Sequence[Path]) -> Leaks:
        from training.tuning.store import workspace_leaks

        return workspace_leaks(self.workspace, self.resources.settings.tuning, others)

    def _paths(self, evaluations: Sequence[str]) -> list[Path]:
        from pathlib import Path

        found = [Path(one) for one in evaluations]
        if relative := [str(path) for path in found if not path.is_absolute()]:
            raise UsageError(f"{relative[0]} is a relative path. Give it from the root on.")
        return found

    def _build_work(
        self, source: str, limit: int, unanswerable: float, seed: int, evaluations: Sequence[str], by: str
    ) -> Work:
        from ui.example_work import SOURCES, ExampleBuild

        if source not in SOURCES:
            raise UsageError(
                f"{source!r} is nothing to make examples of. Choose one of {', '.join(SOURCES)}."
            )
        if limit < 1:
            raise UsageError(f"{limit} examples cannot be made.")
        if not 0 <= unanswerable <= 1:
            raise UsageError(f"the share of unanswerable questions is {unanswerable}, not between 0 and 1.")
        return ExampleBuild(
            self.resources, self._example_rows, self._leaks(self._paths(evaluations)), self._policy,
            self._sources_now(), self._quarantined, self.feedback, self._asking.wait_turn,
            source=source, limit=limit, unanswerable=unanswerable, seed=seed, by=by,
        ).work  # fmt: skip

    def _examples_json(self, rows: Sequence[ExampleRow]) -> list[Json]:
        from training.tuning.store import settle

        sources, titles = self._sources_now(), _Titles(self.resources, self._shown_as)
        now = settle(self._example_rows, rows, sources)
        return [_example_json(row, sources.problem(row.places), titles) for row in now]


class _Titles:
    """Titles and places of documents, each asked for once."""

    def __init__(self, resources: Resources, shown_as: ShownAs) -> None:
        self._resources, self._shown_as = resources, shown_as
        self._known: dict[str, Json] = {}

    def of(self, document: str) -> Json:
        if document not in self._known:
            stored = self._resources.library.document(document)
            place = stored.locations[0] if stored else None
            self._known[document] = {
                "document": document, "title": stored.title if stored else None,
                "shown_as": self._shown_as(place.source, place.path) if place else None,
                "present": stored is not None,
            }  # fmt: skip
        return self._known[document]


def _example_json(row: ExampleRow, set_aside: str, titles: _Titles) -> Json:
    payload: dict[str, Any] = row.payload
    told: Json = {name: payload.get(name, "") for name in _WORDS}
    told |= {name: payload.get(name, []) for name in _LISTS}
    original = None
    if row.original is not None:
        original = {name: row.original.get(name) for name in (*_WORDS, "accepted", "messages")}
    if set_aside:
        # What was taken out of the library, or locked away in it, may stand in any of these words.
        told, original = {**dict.fromkeys(_WORDS, ""), **{name: [] for name in _LISTS}}, None
    return {
        "id": row.id, "version": row.version, "status": row.status, "problem": row.problem,
        "assignee": row.assignee, "note": row.note, "split": row.split,
        **{name: payload.get(name) for name in _FIRST}, **told,
        "documents": [titles.of(one) for one in dict.fromkeys(payload.get("documents", []))],
        "original": original, "present": not set_aside, "set_aside": set_aside,
        "created_at": row.created_at, "created_by": row.created_by, "changed_at": row.changed_at,
        "changed_by": row.changed_by,
    }  # fmt: skip
