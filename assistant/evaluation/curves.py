"""What is drawn of a report, worked out of its rows: recall by rank, latency, verdicts, faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.answers import Verdict
from assistant.evaluation.metrics import mean

Json = dict[str, Any]

DEEPEST = 20
"""The last rank of the recall curve."""


def curves_of(report: Mapping[str, Any]) -> Json:
    """The curves that the report's kind has. Points are [x, y]."""
    rows: Sequence[Json] = report["rows"]
    found: Json = {}
    if rows and "ranks" in rows[0]:
        found["recall_by_k"] = recall_by_k(rows)
    if report["figures"].get("curve"):
        found["abstention"] = report["figures"]["curve"]
    if rows and "verdicts" in rows[0]:
        counts = Counter(verdict for row in rows for verdict in row["verdicts"])
        found["verdicts"] = {verdict.value: counts[verdict.value] for verdict in Verdict}
        found["latency"] = {name: shares_within(rows, name) for name in ("first_token_ms", "total_ms")}
    if "faults" in report["figures"]:
        found["faults"] = report["figures"]["faults"]
    kinds = sorted({row["type"] for row in rows if row["type"]})
    if len(kinds) > 1:
        found["by_type"] = {kind: _by_type([row for row in rows if row["type"] == kind]) for kind in kinds}
    return found


def recall_by_k(rows: Sequence[Json]) -> dict[str, list[list[float]]]:
    """For each ranking the share of questions whose right item is among the first k, k = 1 to `DEEPEST`."""
    names = dict.fromkeys(name for row in rows for name in row["ranks"])
    return {
        name: [
            [k, round(mean([float((row["ranks"][name] or k + 1) <= k) for row in rows]), 4)]
            for k in range(1, DEEPEST + 1)
        ]
        for name in names
    }


def shares_within(rows: Sequence[Json], name: str) -> list[list[float]]:
    """The empirical distribution of a measure: [value, share of the values that are at most this]."""
    values = sorted(row["measures"][name] for row in rows if row["measures"].get(name) is not None)
    return [
        [value, round(number / len(values), 4)]
        for number, value in enumerate(values, start=1)
        if number == len(values) or values[number] != value
    ]


def _by_type(rows: Sequence[Json]) -> Json:
    told: Json = {"n": len(rows)}
    for name in rows[0]["measures"]:
        values = [row["measures"][name] for row in rows if row["measures"].get(name) is not None]
        if values:
            told[name] = round(mean(values), 4)
    return told
