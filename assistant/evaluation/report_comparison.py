"""Two reports of one kind, compared question by question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from assistant.errors import EvaluationError
from assistant.evaluation.bootstrap import Interval, paired_difference
from assistant.evaluation.reports import LOWER_IS_BETTER

Json = dict[str, Any]
Judged = Literal["better", "worse", "same"]

FEWEST = 6
"""With fewer questions that differ nothing is shown: even if all differ the same way, a sign test at 5 %
needs six (2 / 2**6 = 0.03), and the bootstrap alone would already believe four."""


def compare_reports(first: Mapping[str, Any], second: Mapping[str, Any]) -> Json:
    """What `second` does better or worse than `first` over the questions that both have.

    `difference` is second − first with its paired 95 % bootstrap interval, `verdict` of the second: "same"
    when the interval holds 0 or too few questions differ. `left_out` counts questions that only one has.

    Raises:
        EvaluationError: they are of different kinds, or have no question in common.
    """
    if first["kind"] != second["kind"]:
        raise EvaluationError(
            f"{first['id']} is about {first['kind']}, {second['id']} about {second['kind']}. "
            f"Compare two reports of one kind."
        )
    rows, others = _by_question(first["rows"]), _by_question(second["rows"])
    common = [key for key in rows if key in others]
    if not common:
        raise EvaluationError(f"{first['id']} and {second['id']} have no question in common.")
    metrics = {}
    for name in dict.fromkeys(name for key in common for name in rows[key]):
        pairs = [(rows[key].get(name), others[key].get(name)) for key in common]
        there = [(a, b) for a, b in pairs if a is not None and b is not None]
        if there:
            metrics[name] = _compared(name, [a for a, _ in there], [b for _, b in there])
    return {
        "kind": first["kind"], "first": first["id"], "second": second["id"], "n": len(common),
        "left_out": len(rows.keys() ^ others.keys()), "metrics": metrics,
    }  # fmt: skip


def _by_question(rows: Sequence[Json]) -> dict[tuple[str, str, int], Json]:
    """Measures by id, question and how often that came before: it may be asked of several texts."""
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for row in rows:
        key = (row["id"], row["question"])
        found[*key, seen[key]] = row["measures"]
        seen[key] += 1
    return found


def _compared(name: str, first: list[float], second: list[float]) -> Json:
    difference = paired_difference(second, first)
    differing = sum(a != b for a, b in zip(first, second, strict=True))
    higher = name not in LOWER_IS_BETTER
    return {
        "n": len(first), "first": round(sum(first) / len(first), 4),
        "second": round(sum(second) / len(second), 4), "difference": difference.as_json(),
        "differing": differing, "higher_is_better": higher,
        "verdict": judged(difference, differing, higher_is_better=higher),
    }  # fmt: skip


def judged(difference: Interval, differing: int, *, higher_is_better: bool) -> Judged:
    """Whether a difference is shown, and which way it points."""
    if differing < FEWEST or difference.low <= 0 <= difference.high:
        return "same"
    return "better" if (difference.low > 0) == higher_is_better else "worse"
