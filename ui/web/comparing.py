"""Two reports of one kind: which to compare, and what changed, as rows and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.answers import Language
from ui.quality.outcomes import is_missed
from ui.texts import t
from ui.web.reporting import data_name, difference_text, interval_text, leaves, measure_name, value_text

Json = dict[str, Any]

_JUDGED = {"better": "▲", "worse": "▼", "same": "="}


def comparison_rows(comparison: Json, language: Language) -> list[Json]:
    """Every measure of both reports, their difference with its interval, and what that says."""
    return [
        {
            "measure": measure_name(name, language),
            "first": value_text(name, one["first"], language),
            "second": value_text(name, one["second"], language),
            "difference": difference_text(name, one["difference"]["mean"], language),
            "interval": interval_text(name, one["difference"], language, difference_text),
            "differing": f"{one['differing']} / {one['n']}",
            "verdict": judged_text(one["verdict"], language),
        }
        for name, one in comparison["metrics"].items()
    ]


def judged_text(verdict: str, language: Language) -> str:
    """What a comparison says of a measure ("better", "worse", "same"), with its icon."""
    return f"{_JUDGED[verdict]} {t(language, 'quality', f'verdict.{verdict}')}"


def judged_names(comparison: Json, verdict: str, language: Language) -> list[str]:
    """The measures of which the comparison says this."""
    return [
        measure_name(name, language)
        for name, one in comparison["metrics"].items()
        if one["verdict"] == verdict
    ]


def changed_settings(first: Json, second: Json) -> list[Json]:
    """Where the configurations of two reports differ: `[{setting, first, second}]`, "" where one has none."""
    left, right = (dict(leaves(report["configuration"])) for report in (first, second))
    return [
        {"setting": name, "first": left.get(name, ""), "second": right.get(name, "")}
        for name in dict.fromkeys([*left, *right])
        if left.get(name, "") != right.get(name, "")
    ]


def moved(first: Json, second: Json) -> list[tuple[Json, Json, bool]]:
    """Questions of both reports that only one of them got right: (row, row, whether the second did).

    The second's gains come last, because losses are what is looked for.
    """
    before = {(row["id"], row["question"]): row for row in first["rows"]}
    pairs = [(before.get((row["id"], row["question"])), row) for row in second["rows"]]
    found = [
        (old, new, is_missed(old["measures"]))
        for old, new in pairs
        if old is not None and is_missed(old["measures"]) != is_missed(new["measures"])
    ]
    return sorted(found, key=lambda one: one[2])


def partners(reports: Sequence[Json], kind: str) -> list[Json]:
    """The reports of one kind, in the given order."""
    return [report for report in reports if report["kind"] == kind]


def best_partner(second: Json, others: Sequence[Json]) -> Json | None:
    """The newest earlier report to hold `second` against, of the same data if any (`others` newest first)."""
    at = next((number for number, one in enumerate(others, start=1) if one["id"] == second["id"]), 0)
    alike = [one for one in others[at:] if data_name(one) == data_name(second)]
    return next(iter([*alike, *others[at:]]), None)


def best_second(found: Sequence[Json]) -> Json:
    """The newest report that has an earlier one of the same data, else the newest (`found` newest first)."""
    for number, one in enumerate(found, start=1):
        if any(data_name(other) == data_name(one) for other in found[number:]):
            return one
    return found[0]
