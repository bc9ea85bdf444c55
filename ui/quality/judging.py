"""Judges pairs of evidence and claim by the verifier, or by what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ingestion.settings import Settings
from ingestion.workspace import Workspace

if TYPE_CHECKING:
    from assistant.evaluation.grounding import PairRow
    from assistant.evaluation.judges import Judge, JudgeName
    from assistant.grounding.entailment import Judgement

Progress = Callable[[str, int, int], None]


def judged(
    workspace: Workspace, settings: Settings, rows: Sequence[PairRow], by: JudgeName, progress: Progress
) -> tuple[str, list[Judgement], float]:
    """Who judged, what it says of each row, and the seconds it took.

    Raises:
        ModelError: the model that judges is not there.
        EvaluationError: the chat model is one that does not tell chances.
    """
    from assistant.evaluation.grounding import judge
    from assistant.evaluation.judges import judged_by
    from assistant.grounding.verifiers import load_verifier

    def tell(done: int, total: int) -> None:
        progress("verify", done, total)

    if by == "verifier":
        verifier = load_verifier(settings.verifier, workspace.models, settings.models.threads)
        return verifier.name, *judge(rows, verifier, tell)
    other = _judge(workspace, settings, by)
    return other.name, *judged_by(rows, other, tell)


def _judge(workspace: Workspace, settings: Settings, by: JudgeName) -> Judge:
    from assistant.errors import EvaluationError
    from assistant.evaluation.judges import Chooser, Likeness, RulesAlone, YesOrNo
    from assistant.wiring import open_generator
    from ingestion.embedding import load_embedder

    if by == "rules":
        return RulesAlone()
    if by == "similarity":
        models = settings.models
        return Likeness(load_embedder(models.embedder, workspace.models, models.threads))
    model = open_generator(workspace, settings).warm_up()
    if not isinstance(model, Chooser):
        raise EvaluationError(
            f"{model.name} runs on a server that does not tell how likely each word is. "
            "Leave server.base_url empty to ask a model of this machine."
        )
    return YesOrNo(model)
