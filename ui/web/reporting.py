"""Reports of evaluations as rows and words: lists, measures, questions, and what changed between two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from assistant.answers import Language
from ui.moments import moment
from ui.quality.outcomes import is_missed, metric_name, outcome, type_name, verdict_text
from ui.texts import t, texts

Json = dict[str, Any]

HEADLINES: Mapping[str, tuple[str, ...]] = {
    "retrieval": ("page_hit@1", "page_hit@5", "recall@1", "recall@5", "mrr@10"),
    "answers": ("right", "grounded", "abstained", "cited_right"),
    "grounding": ("right", "kept", "caught"),
    "abstention": ("false_answer", "false_refusal"),
    "samples": ("right", "cited_right", "false_answer", "false_refusal"),
}
"""The measures that stand for a report where there is no room for all, by kind; a report may lack some."""

_SCORES = ("mrr", "ndcg", "f1")


def kind_name(kind: str, language: Language) -> str:
    """What was measured; an unknown kind as it is named."""
    return str(texts(language)["quality"]["page"]["kinds"].get(kind, kind))


def measure_name(name: str, language: Language) -> str:
    """A measure as people read it, one at a rank ("recall@5") with its rank, a time without its unit."""
    base, _, rank = name.partition("@")
    known = texts(language)["web"]["quality"]
    if rank and base in known["at"]:
        return str(known["at"][base]).format(k=rank)
    return str(known["times"].get(name) or metric_name(name, language))


def measure_means(name: str, language: Language) -> str:
    """One sentence on what a measure says; "" for one without."""
    return str(texts(language)["web"]["quality"]["means"].get(name.partition("@")[0], ""))


def is_time(name: str) -> bool:
    """Whether a measure is a number of milliseconds. All others lie in [0, 1]."""
    return name.endswith("_ms")


def value_text(name: str, value: float, language: Language) -> str:
    """A value of a measure: seconds, a score with three places, or a share in per cent."""
    if is_time(name):
        return t(language, "web", "quality.seconds", value=f"{value / 1000:,.1f}")
    return f"{value:.3f}" if name.startswith(_SCORES) else f"{value:.1%}"


def named_value(name: str, value: float, language: Language) -> str:
    """A measure with its value in one phrase."""
    told = {"name": measure_name(name, language), "value": value_text(name, value, language)}
    return t(language, "web", "quality.named", **told)


def difference_text(name: str, value: float, language: Language) -> str:
    """A difference of two values with its sign; of shares in percentage points."""
    if is_time(name):
        return t(language, "web", "quality.seconds", value=f"{value / 1000:+,.1f}")
    return f"{value:+.3f}" if name.startswith(_SCORES) else f"{100 * value:+.1f} pt"


def headline(report: Json, most: int = 4) -> list[str]:
    """Names of the measures that stand for a report: at most so many, else the first that it has."""
    there = report["metrics"]
    chosen = [name for name in HEADLINES.get(report["kind"], ()) if name in there]
    return (chosen or list(there))[:most]


def report_label(report: Json) -> str:
    """A report in one line, as it is chosen from a list: when, of which data, how many questions."""
    at = moment(report["created"])
    when = f"{at:%Y-%m-%d %H:%M}" if at else report["created"]
    return f"{when} · {data_name(report)} · n={report['n']}"


def data_name(report: Json) -> str:
    """The name of the data set that a report is about."""
    return str(report["configuration"].get("data", {}).get("name") or "")


def report_rows(reports: Sequence[Json], language: Language) -> list[Json]:
    """The rows of the list of reports, in the given order."""
    return [
        {
            "created": moment(report["created"]),
            "kind": kind_name(report["kind"], language),
            "data": data_name(report),
            "n": report["n"],
            "result": " · ".join(
                named_value(name, report["metrics"][name]["mean"], language) for name in headline(report, 3)
            ),
        }
        for report in reports
    ]


def models_line(report: Json) -> str:
    """The models that a report was made with, the chat model first."""
    models = report["configuration"].get("models", {})
    return " · ".join(str(name).split(":")[0] for name in models.values() if name)


def measure_rows(report: Json, language: Language) -> list[Json]:
    """Every measure of a report with its interval."""
    return [
        {
            "measure": measure_name(name, language),
            "mean": value_text(name, one["mean"], language),
            "interval": interval_text(name, one, language),
            "n": one["n"],
            "wanted": t(language, "web", f"quality.{'more' if one['higher_is_better'] else 'less'}"),
            "means": measure_means(name, language),
        }
        for name, one in report["metrics"].items()
    ]


def interval_text(
    name: str,
    bounds: Mapping[str, float],
    language: Language,
    text: Callable[[str, float, Language], str] = value_text,
) -> str:
    """The interval of a measure, each end as `text` says it."""
    return " – ".join(text(name, bounds[end], language) for end in ("low", "high"))


def type_rows(kinds: Mapping[str, Json], language: Language) -> list[Json]:
    """Measures by the type of the question; keys are the names of columns. Times are left out."""
    names = list(dict.fromkeys(name for one in kinds.values() for name in one if name != "n"))
    shown = [name for name in names if not is_time(name)]
    return [
        {
            t(language, "quality", "page.type"): type_name(kind, language),
            "n": one["n"],
            **{
                measure_name(name, language): value_text(name, one[name], language) if name in one else ""
                for name in shown
            },
        }
        for kind, one in kinds.items()
    ]


# --- questions


def question_rows(rows: Sequence[Json], language: Language) -> list[Json]:
    """A line for each question: whether it went wrong, what was asked, and what came of it."""
    return [
        {
            "state": t(language, "web", f"quality.{'missed' if is_missed(row['measures']) else 'good'}"),
            "question": row["question"],
            "type": type_name(str(row.get("type") or ""), language),
            "outcome": outcome(row, language),
        }
        for row in rows
    ]


def missed(rows: Sequence[Json]) -> list[Json]:
    """The questions that went wrong."""
    return [row for row in rows if is_missed(row["measures"])]


def question_details(row: Json, language: Language) -> list[tuple[str, str]]:
    """What is known of one question, as pairs of a name and a text; what it does not have is left out."""
    verdicts = " · ".join(verdict_text(name, language) for name in row.get("verdicts", ()))
    answerable = row.get("answerable")
    found = [
        ("reference", " / ".join(str(one) for one in row.get("reference", ()))),
        ("answer", str(row.get("answer") or "")),
        ("draft", str(row.get("draft") or "") if row.get("draft") != row.get("answer") else ""),
        ("verdicts", verdicts),
        ("cited", " · ".join(row.get("cited", ()))),
        ("target", ":".join(str(part) for part in _listed(row.get("target")))),
        ("places", " · ".join(_places(row.get("ranks", {}), language))),
        ("label", verdict_text(str(row.get("label") or ""), language)),
        ("verdict", verdict_text(str(row.get("verdict") or ""), language)),
        ("answerable", "" if answerable is None else _say(language, "yes" if answerable else "no")),
        ("score", "" if row.get("score") is None else f"{row['score']:.3f}"),
        ("measures", " · ".join(_measured(row["measures"], language))),
    ]
    return [(_say(language, f"row.{name}"), text) for name, text in found if text]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [] if value is None else [value]


def _places(ranks: Mapping[str, int | None], language: Language) -> Iterator[str]:
    for name, rank in ranks.items():
        known = texts(language)["quality"]["page"]["search"].get(name, name)
        yield f"{known} {'–' if rank is None else rank}"


def _measured(measures: Mapping[str, float | None], language: Language) -> Iterator[str]:
    for name, value in measures.items():
        if value is not None:
            yield named_value(name, value, language)


def setting_rows(report: Json) -> list[Json]:
    """The configuration of a report: `[{setting, value}]`, nested names joined by dots."""
    return [{"setting": name, "value": value} for name, value in leaves(report["configuration"])]


def leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Names and values of a nested mapping; `path` stands before each name."""
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from leaves(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}", "–" if inner is None else str(inner)


def _say(language: Language, key: str) -> str:
    return t(language, "web", f"quality.{key}")
