"""`eval grounding`: how well a verifier tells supported claims from others, on labelled pairs."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import EvaluationError
from assistant.evaluation import ranking_curves
from assistant.grounding.entailment import LABELS, Judgement, Label, Pair, Verifier

_BATCH = 32

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair of a file; `label` None where it is only to be judged."""

    id: str
    pair: Pair
    label: Label | None = None


def read_pairs(path: Path, *, labelled: bool) -> list[PairRow]:
    """The lines `{id, evidence: string or list, claim, label}` of a JSON Lines file; an id may be absent.

    Raises:
        EvaluationError: the file is absent, or a line is not such a row; the message names it.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}). Give a JSON Lines file in UTF-8.") from error
    rows = [_row(line, path, i, labelled) for i, line in enumerate(lines, start=1) if line.strip()]
    if labelled and not rows:
        raise EvaluationError(f"{path} holds no pairs. Give lines of id, evidence, claim and label.")
    return rows


def _row(line: str, path: Path, number: int, labelled: bool) -> PairRow:
    place = f"{path}:{number}"
    try:
        row = json.loads(line)
        evidence, claim = row["evidence"], row["claim"]
        texts = (evidence,) if isinstance(evidence, str) else tuple(evidence)
        label = row["label"] if labelled else None
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f"{place} is not a pair ({error!r}). It needs id, evidence (a string or a list), claim"
            f"{' and label' if labelled else ''}."
        ) from error
    if not isinstance(claim, str) or not all(isinstance(text, str) for text in texts):
        raise EvaluationError(f"{place}: evidence must be a string or a list of strings, and claim a string.")
    if labelled and label not in LABELS:
        raise EvaluationError(f"{place}: label is {label!r}; it must be one of {', '.join(LABELS)}.")
    identity = str(number) if row.get("id") is None else str(row["id"])
    return PairRow(identity, Pair(texts, claim), label)


def evaluate_grounding(
    rows: Sequence[PairRow], verifier: Verifier, progress: Report = lambda done, total: None
) -> dict[str, Any]:
    """The value of `eval grounding`, see `figures`."""
    return figures(rows, verifier.name, *judge(rows, verifier, progress))


def judge(
    rows: Sequence[PairRow], verifier: Verifier, progress: Report = lambda done, total: None
) -> tuple[list[Judgement], float]:
    """What the verifier says of each pair, and the seconds it took.

    These count reading of long evidence, tokens and rules, not the loading.
    """
    verifier.verify([row.pair for row in rows[:2]])  # the first run of a graph is slower
    found: list[Judgement] = []
    began = time.perf_counter()
    for start in range(0, len(rows), _BATCH):
        found += verifier.verify([row.pair for row in rows[start : start + _BATCH]])
        progress(len(found), len(rows))
    return found, time.perf_counter() - began


def figures(rows: Sequence[PairRow], name: str, found: Sequence[Judgement], seconds: float) -> dict[str, Any]:
    """The figures of judged pairs. `balanced_accuracy` is of supported against not supported."""
    labels = [row.label or "neither" for row in rows]
    proven = [label == "supported" for label in labels]
    verdicts = [one.verdict for one in found]
    return {
        "n": len(rows), "verifier": name,
        "balanced_accuracy": round(balanced_accuracy(labels, verdicts), 4),
        "f1": {label: round(f1(labels, verdicts, label), 4) for label in LABELS},
        "caught": _share(labels, verdicts, supported=False), "kept": _share(labels, verdicts, supported=True),
        "auroc": round(auroc(proven, [one.supported for one in found]), 4),
        "pairs_per_s": round(len(rows) / seconds, 2) if seconds else 0.0,
    }  # fmt: skip


def report_rows(rows: Sequence[PairRow], found: Sequence[Judgement]) -> list[dict[str, Any]]:
    """A row of a report for each pair; its claim stands for the question."""
    told = []
    for row, one in zip(rows, found, strict=True):
        proven, said = row.label == "supported", one.verdict == "supported"
        right = float(proven == said)
        told.append(
            {
                "id": row.id, "question": row.pair.claim, "type": row.label or "", "label": row.label,
                "verdict": one.verdict, "scores": [round(score, 4) for score in one.scores],
                "measures": {
                    "right": right, "kept": right if proven else None, "caught": None if proven else right,
                },
            }
        )  # fmt: skip
    return told


def balanced_accuracy(labels: Sequence[str], verdicts: Sequence[str]) -> float:
    """Mean share of right ones among the supported and among the others; of one kind when there is one."""
    shares = [_part(labels, verdicts, supported=True), _part(labels, verdicts, supported=False)]
    there = [share for share in shares if share is not None]
    return sum(there) / len(there) if there else 0.0


def f1(labels: Sequence[str], verdicts: Sequence[str], label: str) -> float:
    """Harmonic mean of precision and recall of one label, 0 where it is neither said nor true."""
    right = sum(a == b == label for a, b in zip(labels, verdicts, strict=True))
    said = Counter(verdicts)[label] + Counter(labels)[label]
    return 2 * right / said if said else 0.0


def auroc(positive: Sequence[bool], scores: Sequence[float]) -> float:
    """Chance that a positive scores above a negative, as `ranking_curves.auroc`; 0.5 with one kind only."""
    return ranking_curves.auroc(scores, positive) if len(set(positive)) == 2 else 0.5


def _part(labels: Sequence[str], verdicts: Sequence[str], *, supported: bool) -> float | None:
    own = [
        verdict
        for label, verdict in zip(labels, verdicts, strict=True)
        if (label == "supported") == supported
    ]
    return sum((verdict == "supported") == supported for verdict in own) / len(own) if own else None


def _share(labels: Sequence[str], verdicts: Sequence[str], *, supported: bool) -> float | None:
    share = _part(labels, verdicts, supported=supported)
    return None if share is None else round(share, 4)
