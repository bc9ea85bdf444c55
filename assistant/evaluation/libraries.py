"""Libraries of evaluations: inside the workspace, and never mixed with the company's own.

Each lies in `evaluations/<key>` below the workspace. The key names all that the library depends on, so it is
built once, a build that was interrupted goes on, and other data, chunk sizes, parsers or embedders get
another. The folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace


@dataclass(frozen=True, slots=True)
class EvaluationWorkspace(Workspace):
    """A workspace inside another, whose models and settings it uses."""

    parent: Workspace

    @property
    def models(self) -> Path:
        """The models of the workspace around it."""
        return self.parent.models

    @property
    def prompts(self) -> Path:
        """The prompts of the workspace around it."""
        return self.parent.prompts

    def settings(self, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings of the workspace around it."""
        return self.parent.settings(environ)


def evaluation_workspace(parent: Workspace, *ingredients: object) -> EvaluationWorkspace:
    """The nested workspace for these ingredients (hash of the data, embedder, chunk sizes, …).

    Equal ingredients give the same folder, whatever ran before.
    """
    key = hashlib.sha256("\n".join(map(str, ingredients)).encode()).hexdigest()[:16]
    root = parent.root / "evaluations" / key
    open_workspace(root)
    return EvaluationWorkspace(root, parent)
