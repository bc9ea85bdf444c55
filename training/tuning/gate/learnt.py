"""Which of the kept-back questions an adapter was trained on all the same: these cannot measure it."""

from __future__ import annotations

from assistant.adapters import AdapterFolder, Manifest
from assistant.errors import AdapterError
from ingestion.workspace import Workspace
from training.errors import TuningError
from training.tuning.runs import RunFolder


def learnt_examples(workspace: Workspace, manifest: Manifest) -> frozenset[str]:
    """Ids of the examples that the adapter was trained on, or one that it continues, as its records tell.

    A training on a file of one's own (`--data`) may hold what the workspace keeps back. Of an adapter that
    came without the record of its training nothing is known.
    """
    adapters, runs = AdapterFolder(workspace.adapters), RunFolder(workspace.runs)
    names = [manifest.run]
    for parent in manifest.parents:
        try:
            names.append(adapters.read(parent).run)
        except AdapterError:  # it was removed; a run has its name, unless that was taken
            names.append(parent)
    found: set[str] = set()
    for name in names:
        try:
            found.update(map(str, runs.run(name).record().get("examples", ())))
        except TuningError:
            continue
    return frozenset(found)
