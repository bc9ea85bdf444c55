"""What questions of the gate meet besides the chat model: the checks of sentences and the reranker."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.evaluation.building import configured_embedder
from assistant.grounding.verdicts import Checker
from assistant.grounding.verifiers import has_verifier
from assistant.reranking import Reranker
from assistant.wiring import build_checker, open_rescoring
from ingestion.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Examiner:
    """The parts that judge. `identity` names the models behind the checks."""

    checker: Checker
    identity: str
    reranker: Reranker | None = None


def open_examiner(workspace: Workspace) -> Examiner:
    """The checks and the reranker of the workspace's settings, as questions of people meet them.

    Raises:
        ModelError: the embedder is not there; the message names the ways to get it.
    """
    settings = workspace.settings()
    embedder = configured_embedder(workspace)
    rescoring = open_rescoring(workspace, settings)
    verifies = settings.answers.verifier != "off" and has_verifier(settings.verifier, workspace.models)
    verifier = (settings.verifier.model or "konkyo-verifier") if verifies else ""
    return Examiner(
        build_checker(workspace, settings, embedder), f"{embedder.identity} {verifier}".strip(),
        None if rescoring is None else rescoring.reranker,
    )  # fmt: skip
