"""The door through which examples come in, whoever made them: masked, compared, and kept out of evaluations.

An example that repeats another or asks what an evaluation asks is kept with its reason, as a rejected one, so
that people see what was left out and why. One with a planted instruction is not kept at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.example_rows import ExampleRow, NewExample, Place, Status
from ingestion.screening.policy import Policy
from training.errors import ExampleError
from training.tuning.deduplicating import Duplicates
from training.tuning.examples import TuningExample
from training.tuning.leaks import Leaks
from training.tuning.masking import holds_planted, mask_example
from training.tuning.sources import Sources
from training.tuning.splitting import JOINED, group_of

LEAK, DUPLICATE, CONFLICT, PERSONAL, UNKNOWN = "leak", "duplicate", "conflict", "personal", "unknown_source"
SET_ASIDE = (LEAK, DUPLICATE)
"""Problems for which an example is rejected at once; a person may still accept a duplicate, not a leak."""

Outcome = Literal["new", "known", "duplicate", "leak", "planted"]
OUTCOMES: tuple[Outcome, ...] = ("new", "known", "duplicate", "leak", "planted")


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of an example: `row` is to be stored, None where nothing is. `personal` counts masks."""

    outcome: Outcome
    row: NewExample | None = None
    personal: int = 0


class Intake:
    """Examines examples one after another; each is compared with all before it."""

    def __init__(
        self, existing: Iterable[ExampleRow], leaks: Leaks, policy: Policy, sources: Sources
    ) -> None:
        self._leaks, self._policy, self._sources = leaks, policy, sources
        self._duplicates = Duplicates()
        self._ids: set[str] = set()
        for row in existing:
            example = TuningExample.from_json(row.payload)
            self._ids |= {row.id, example.id}  # of one that was edited both say what is here
            self._duplicates.add(row.id, example)

    def examine(self, example: TuningExample, made_key: str = "") -> Examined:
        """What becomes of `example`.

        Raises:
            ExampleError: nothing can be learnt from it once personal data is masked.
        """
        if holds_planted(example):
            return Examined("planted")
        masked, personal = mask_example(example, self._policy)
        masked = grouped(masked)
        if masked.id in self._ids:
            return Examined("known", personal=personal)
        masked = self._beside_same(masked)
        problem = self._problem(masked, personal)
        code = problem.partition(":")[0]
        status: Status = "rejected" if code in SET_ASIDE else "new"
        row = NewExample(masked.id, masked.as_json(), self._sources.places(masked), made_key, status, problem)
        self._ids.add(masked.id)
        self._duplicates.add(masked.id, masked)
        outcome: Outcome = "leak" if code == LEAK else "duplicate" if code == DUPLICATE else "new"
        return Examined(outcome, row, personal)

    def _beside_same(self, example: TuningExample) -> TuningExample:
        """The example in one split with another that asks the same, so that neither measures the other."""
        other = self._duplicates.asking_same(example)
        if other is None or not other.group:
            return example
        alone = example.group == example.id
        first = other.group.partition(JOINED)[0]
        return replace(example, group=first if alone else group_of([*example.group.split(JOINED), first]))

    def _problem(self, example: TuningExample, personal: int) -> str:
        if leak := self._leaks.find(example):
            return f"{LEAK}:{leak}"
        if found := self._duplicates.find(example):
            return f"{found[0]}:{found[1]}"
        unknown = next((one for one in named_documents(example) if not self._sources.holds(one)), None)
        if unknown is not None:
            return f"{UNKNOWN}:{unknown}"
        return f"{PERSONAL}:{personal}" if personal else ""


def reworded(example: TuningExample, leaks: Leaks, policy: Policy) -> tuple[TuningExample, int]:
    """An example as a person worded it, masked, and how many masks.

    Raises:
        ExampleError: it asks what an evaluation asks, or holds a planted instruction.
    """
    if holds_planted(example):
        raise ExampleError("it holds what looks like an instruction planted for a language model")
    masked, personal = mask_example(example, policy)
    if leak := leaks.find(masked):
        raise ExampleError(f"it asks what the evaluation {leak} asks", field="question")
    return masked, personal


def settled(row: ExampleRow, sources: Sources) -> tuple[str, tuple[Place, ...]] | None:
    """Problem and places of an example whose documents were unknown when it came; None if nothing changed.

    Whoever imports examples before the documents that they are about gets the same as the other way round.
    """
    example, placed = TuningExample.from_json(row.payload), {place.document for place in row.places}
    missing = [one for one in named_documents(example) if one not in placed]
    if not any(sources.holds(one) for one in missing):
        return None
    unknown = next((one for one in missing if not sources.holds(one)), None)
    problem = row.problem
    if problem.partition(":")[0] == UNKNOWN:
        problem = "" if unknown is None else f"{UNKNOWN}:{unknown}"
    new = (place for place in sources.places(example) if place.document in missing)
    return problem, (*row.places, *new)


def grouped(example: TuningExample) -> TuningExample:
    """With a group: what it names, else its documents; an example without either stands alone.

    All documents that it names stand in `documents` then, also those that only its evidence names.
    """
    named = tuple(named_documents(example))
    return replace(example, documents=named, group=example.group or group_of(named) or example.id)


def named_documents(example: TuningExample) -> Sequence[str]:
    """The documents that an example names, in order."""
    shown = (one.document for one in example.evidence if one.document)
    return list(dict.fromkeys([*example.documents, *shown]))
