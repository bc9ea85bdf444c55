"""Long work on examples: candidates made of the library or of feedback, and files taken in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from assistant.example_rows import ExampleRows, NewExample
from assistant.served_evidence import ServedEvidence
from ingestion.screening.masking import MASK
from ingestion.screening.policy import Policy
from training.errors import ExampleError
from training.tuning.building import Building, drafts
from training.tuning.feedback import FeedbackBuilding, Said
from training.tuning.finding_evidence import with_evidence
from training.tuning.importing import parse
from training.tuning.intake import Examined, Intake
from training.tuning.leaks import Leaks
from training.tuning.sources import Sources
from training.tuning.splitting import Shares
from ui.asking import hit_from_json
from ui.example_operations import Json
from ui.reasons import code_of

if TYPE_CHECKING:
    from training.tuning.examples import TuningExample
    from ui.resources import Resources

SOURCES = ("library", "feedback")
_BATCH = 20
"""Examples stored at once: so many are made again by a run after one that was killed."""
Made = Iterator[tuple[str, str, "TuningExample | None"]]
"""Key, what people see of it, and the example; None where it was dropped."""


class ExampleBuild:
    """One run of building. `work` is what a job does."""

    def __init__(
        self,
        resources: Resources,
        rows: ExampleRows,
        leaks: Leaks,
        policy: Policy,
        sources: Sources,
        quarantined: Callable[[], frozenset[str]],
        feedback: Callable[[], list[Json]],
        wait_turn: Callable[[], None],
        *,
        source: str,
        limit: int,
        unanswerable: float,
        seed: int,
        by: str,
    ) -> None:
        self._resources, self._rows, self._leaks, self._policy = resources, rows, leaks, policy
        self._sources, self._quarantined, self._feedback = sources, quarantined, feedback
        self._wait_turn = wait_turn
        self._source, self._limit, self._unanswerable, self._seed = source, limit, unanswerable, seed
        self._by = by
        self._outcomes: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._personal = self._drafts = 0

    def work(self, progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
        """Make candidates until there are enough, nothing is left or it is cancelled; returns the report."""
        began = time.monotonic()
        intake = Intake(self._rows.rows(), self._leaks, self._policy, self._sources)
        batch: list[NewExample] = []
        stopped = False
        for key, shown, example in self._made():
            if example is not None:
                self._take(intake.examine, key, example, batch)
            if len(batch) >= _BATCH:
                self._store(batch)
            made = self._outcomes["new"]
            progress(_progress(made, min(self._limit, self._drafts), shown, time.monotonic() - began))
            stopped = cancelled()
            if stopped or made >= self._limit:
                break
            self._wait_turn()
        self._store(batch)
        return {
            "source": self._source, "drafts": self._drafts, "added": self._outcomes["new"],
            "known": self._outcomes["known"], "duplicates": self._outcomes["duplicate"],
            "leaks": self._outcomes["leak"], "planted": self._outcomes["planted"],
            "personal": self._personal, "dropped": dict(self._dropped), "by_type": dict(self._types),
            "stopped": stopped, "seconds": round(time.monotonic() - began, 1),
        }  # fmt: skip

    def _take(
        self, examine: Callable[[TuningExample, str], Examined], key: str, example: TuningExample,
        batch: list[NewExample],
    ) -> None:  # fmt: skip
        try:
            found = examine(example, key)
        except ExampleError:
            self._dropped["masked"] += 1
            return
        row = found.row
        if row is not None and any(MASK in str(row.payload[name]) for name in ("question", "answer")):
            self._dropped["masked"] += 1  # it would teach to answer with a mask
            return
        self._outcomes[found.outcome] += 1
        if row is not None:
            batch.append(row)
            self._personal += found.personal > 0
            self._types[example.type if example.answerable else "unanswerable"] += found.outcome == "new"

    def _store(self, batch: list[NewExample]) -> None:
        self._rows.add(batch, by=self._by)
        batch.clear()

    def _made(self) -> Made:
        served = served_evidence(self._resources)
        return self._of_library(served) if self._source == "library" else self._of_feedback(served)

    def _of_library(self, served: ServedEvidence) -> Made:
        from ingestion.version_rows import VersionRows
        from ui.quality.making import eligible

        settings, library = self._resources.settings, self._resources.library
        versions = VersionRows(library, settings.ingestion.fiscal_month).all()
        documents = eligible(
            [one.id for one in library.documents_list()], versions, self._quarantined(), date.today()
        )
        families = {id: version.family for id, version in versions.items()}
        tuning = settings.tuning
        shares = Shares(tuning.validation, tuning.test, tuning.split_seed)
        wanted = drafts(
            library, documents, families, unanswerable=self._unanswerable, shares=shares, seed=self._seed
        )
        known = self._rows.made_keys()
        new = [one for one in wanted if one.key not in known]
        self._drafts, self._outcomes["known"] = len(wanted), len(wanted) - len(new)
        building = Building(served, families, settings.retrieval.top_k)
        self._dropped = building.dropped
        for one in new:
            yield one.key, one.asking.question, building.make(one)

    def _of_feedback(self, served: ServedEvidence) -> Made:
        said = [said_of(one) for one in self._feedback()]
        self._drafts = sum(bool(one.corrected) for one in said)
        building = FeedbackBuilding(served)
        self._dropped = building.dropped
        for key, example in building.make(said, self._rows.made_keys()):
            yield key, example.question if example else "", example


def import_file(
    name: str, data: bytes, resources: Resources, rows: ExampleRows, leaks: Leaks, policy: Policy,
    sources: Sources, *, licence: str, find_evidence: bool, by: str,
) -> Json:  # fmt: skip
    """Take in a file's rows in one transaction; the report of `ExampleOperations.import_examples`.

    Raises:
        ExampleError: the file as a whole cannot be read.
    """
    parsed = parse(name, data, licence=licence)
    served = served_evidence(resources) if find_evidence else None
    intake = Intake(rows.rows(), leaks, policy, sources)
    failed = [{"row": one.row, "field": one.field, "reason": one.reason} for one in parsed.failed]
    outcomes: Counter[str] = Counter()
    new: list[NewExample] = []
    for number, given in parsed.examples:
        example = given
        if served is not None:
            example = with_evidence(given, served, resources.settings.answers.answerable_at)
            outcomes["with_evidence"] += example != given
        try:
            found = intake.examine(example)
            if found.outcome == "planted":
                raise ExampleError("it holds what looks like an instruction planted for a language model")
        except ExampleError as error:
            failed.append({"row": number, "field": error.field, "reason": str(error)})
            continue
        outcomes[found.outcome] += 1
        outcomes["personal"] += found.personal > 0
        if found.row is not None:
            new.append(found.row)
    rows.add(new, by=by)
    failed.sort(key=lambda one: int(str(one["row"])))
    return {
        "file": name, "form": parsed.form, "rows": len(parsed.examples) + len(parsed.failed),
        "added": outcomes["new"], "known": outcomes["known"], "duplicates": outcomes["duplicate"],
        "leaks": outcomes["leak"], "personal": outcomes["personal"],
        "with_evidence": outcomes["with_evidence"],
        "failed": [{**one, "code": code_of(str(one["reason"]))} for one in failed],
    }  # fmt: skip


def served_evidence(resources: Resources) -> ServedEvidence:
    """Search and choice of sources as the served assistant does them; loads the embedder."""
    retriever = resources.search.retriever
    return ServedEvidence(retriever, resources.settings, retriever.dictionary)


def said_of(value: Json) -> Said:
    """One of `EditorOperations.feedback`, whose quotes are those that may be shown now."""
    cited: Sequence[Json] = [one for claim in value["claims"] for one in claim["citations"]]
    return Said(
        id=value["id"], question=value["standalone"] or value["question"], answer=value["answer"],
        rating=value["rating"], corrected=value["corrected"],
        hits=tuple(hit_from_json(hit) for hit in value["hits"] if hit.get("state") != "gone"),
        cited=tuple(dict.fromkeys(one["document"] for one in cited if one.get("state") != "gone")),
        abstained=value["abstained"], gone=any(one.get("state") == "gone" for one in cited),
    )  # fmt: skip


def _progress(done: int, total: int, shown: str, seconds: float) -> Json:
    rate = done / seconds if seconds > 0 else 0.0
    return {
        "phase": "examples", "done": done, "total": total, "path": shown, "chunks_done": done,
        "rate": rate, "eta_seconds": (total - done) / rate if rate > 0 else None,
    }  # fmt: skip
