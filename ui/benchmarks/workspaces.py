"""A workspace that ends with the measurement, with the models and settings of another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.evaluation.building import EvaluationLibrary, open_evaluation
from assistant.evaluation.libraries import EvaluationWorkspace
from ingestion.embedding import Embedder
from ingestion.workspace import Workspace, open_workspace


@contextmanager
def temporary_library(parent: Workspace, embedder: Embedder) -> Iterator[EvaluationLibrary]:
    """An empty library on the same disk as `parent`; it is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent.root, ignore_cleanup_errors=True) as folder:
        workspace = EvaluationWorkspace(open_workspace(Path(folder)).root, parent)
        opened = open_evaluation(workspace, embedder)
        try:
            yield opened
        finally:
            opened.close()
