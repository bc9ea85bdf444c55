"""The examples of a workspace as training takes them: accepted by people, and still to be used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.example_rows import ExampleRow, ExampleRows
from assistant.records import Records
from assistant.wiring import open_library
from ingestion.library import Library
from ingestion.settings import Settings, TuningSettings
from ingestion.workspace import Workspace
from training.tuning.examples import TuningExample
from training.tuning.intake import LEAK, named_documents, settled
from training.tuning.leaks import Leaks, evaluations_of
from training.tuning.sources import Sources
from training.tuning.splitting import Shares, split_all

USED = ("accepted", "edited")
"""Statuses of the rows that are learnt from."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What training may use, in the order in which it was made, and why other accepted rows may not be.

    `set_aside` maps ids of rows to "code:value": source_removed, source_changed, source_quarantined, leak.
    """

    examples: tuple[TuningExample, ...]
    set_aside: Mapping[str, str]


def example_rows(records: Records, tuning: TuningSettings) -> ExampleRows:
    """The rows, divided by the shares of the settings."""
    shares = Shares(tuning.validation, tuning.test, tuning.split_seed)
    return ExampleRows(records.engine, lambda groups: split_all(groups, shares))


def workspace_leaks(workspace: Workspace, tuning: TuningSettings, others: Sequence[Path] = ()) -> Leaks:
    """The questions of all evaluations that the workspace knows, and of `others`.

    A relative path of the settings begins at the workspace: service and command line run anywhere.

    Raises:
        ExampleError: an evaluation cannot be read.
    """
    own = (workspace.root / Path(one).expanduser() for one in tuning.evaluations)
    return Leaks(evaluations_of(workspace.root, [*own, *others]))


def accepted_examples(workspace: Workspace) -> list[TuningExample]:
    """The accepted and edited examples that may be used now, each with its split.

    What names a removed, changed or quarantined document is left out, and what an evaluation asks meanwhile;
    `accepted_now` says which and why.

    Raises:
        ExampleError: an evaluation of the settings cannot be read.
    """
    settings = workspace.settings()
    with (
        closing(open_library(workspace, settings)) as library,
        closing(Records.open(workspace.records_path)) as records,
    ):
        return list(accepted_now(workspace, settings, records, library).examples)


def accepted_now(workspace: Workspace, settings: Settings, records: Records, library: Library) -> Accepted:
    """What may be used now and what not, of rows that were accepted or edited."""
    rows = example_rows(records, settings.tuning)
    rows.resplit()
    leaks, sources = workspace_leaks(workspace, settings.tuning), Sources(library)
    kept: list[TuningExample] = []
    set_aside: dict[str, str] = {}
    for row in settle(rows, used_rows(rows), sources):
        example = TuningExample.from_json(row.payload)
        problem = sources.problem(row.places)
        if not problem and (leak := leaks.find(example)):
            problem = f"{LEAK}:{leak}"
        if problem:
            set_aside[row.id] = problem
        else:
            kept.append(example)
    return Accepted(tuple(kept), set_aside)


def used_rows(rows: ExampleRows) -> list[ExampleRow]:
    """Rows that people accepted, whether or not they may be used now."""
    return [row for row in rows.rows() if row.status in USED]


def settle(rows: ExampleRows, found: Sequence[ExampleRow], sources: Sources) -> list[ExampleRow]:
    """The rows `found` with the places of documents that came after them, noted for good."""
    noted = {row.id: told for row in found if (told := settled(row, sources)) is not None}
    if noted:
        rows.place(noted)
    return [
        replace(row, problem=noted[row.id][0], places=noted[row.id][1]) if row.id in noted else row
        for row in found
    ]


def data_hash(examples: Iterable[TuningExample]) -> str:
    """A hash of examples and their splits, whatever their order: equal when the same would be learnt."""
    lines = sorted(
        json.dumps(one.as_json(), ensure_ascii=False, sort_keys=True, default=str) for one in examples
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def documents_of(examples: Iterable[TuningExample]) -> list[str]:
    """The ids of all documents that taught something, for the manifest of an adapter."""
    return sorted({document for one in examples for document in named_documents(one)})
