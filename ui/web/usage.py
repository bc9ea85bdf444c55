"""The report on use as rows and words. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.answers import Language
from ui.texts import t, texts

Json = dict[str, Any]


def say(language: Language, key: str, **values: object) -> str:
    """A text of the page on use."""
    return t(language, "web", f"usage.{key}", **values)


def percent(share: float | None) -> str:
    """A share with one place, "–" where there is none."""
    return "–" if share is None else f"{share:.1%}"


def seconds(milliseconds: float | None) -> str:
    """A time as a number of seconds, "–" where there is none."""
    return "–" if milliseconds is None else f"{milliseconds / 1000:,.1f}"


def is_empty(report: Json) -> bool:
    """Whether nothing was asked in the period."""
    return not report["questions"] and not report["tasks"]


def share_rows(report: Json, language: Language) -> list[Json]:
    """The shares with what they were and whether that is a difference."""
    return [
        {
            "share": say(language, f"measure.{name}"),
            "now": percent(one["share"]),
            "interval": "–" if one["low"] is None else f"{one['low']:.1%} – {one['high']:.1%}",
            "of": f"{one['count']} / {one['n']}",
            "before": percent(one["before"]["share"]),
            "difference": difference_text(one["difference"], language),
            "state": say(language, f"states.{one['state']}", least=report["least_questions"]),
        }
        for name, one in report["shares"].items()
    ]


def difference_text(difference: Json | None, language: Language) -> str:
    """A difference in percentage points with its interval, "–" where periods are not compared."""
    if difference is None:
        return "–"
    told = {key: f"{100 * difference[key]:+.1f}" for key in ("mean", "low", "high")}
    return say(language, "points", **told)


def model_rows(report: Json, language: Language) -> list[Json]:
    """A row for each model with its adapter."""
    return [
        {
            "model": row["model"],
            "adapter": row["adapter"] or say(language, "no_adapter"),
            "questions": row["questions"],
            "abstained": percent(_share(row["abstained"], row["questions"] - row["stopped"])),
            "unsupported": percent(_share(row["unsupported"], row["judged"])),
            "first_token": seconds(row["latency"]["first_token_ms"]["median"]),
            "total": seconds(row["latency"]["total_ms"]["median"]),
            "p95": seconds(row["latency"]["total_ms"]["p95"]),
            "up": row["up"],
            "down": row["down"],
        }
        for row in report["models"]
    ]


def answered_share(report: Json) -> float | None:
    """The share of questions that were answered, of those that were not stopped."""
    return _share(report["answered"] + report["verified"], report["questions"] - report["stopped"])


def topic_name(topic: Json, language: Language) -> str:
    """A folder as people know it, or what stands for none."""
    if topic["kind"] == "folder":
        return str(topic["shown_as"] or topic["folder"] or topic["source"])
    return say(language, f"kinds.{topic['kind']}")


def topics_line(report: Json, language: Language) -> str:
    """Whether other folders are asked about than before, with the test's figures where there was one."""
    topics = report["topics"]
    told = say(language, f"topic_states.{topics['state']}", least=report["least_questions"])
    if topics["p"] is None:
        return told
    figures = say(language, "test_note", p=f"{topics['p']:.3f}", psi=f"{topics['psi']:.2f}")
    return f"{told} ({figures})"


def document_rows(report: Json) -> list[Json]:
    """The documents that were cited most."""
    return [
        {"document": one["title"] or one["path"], "place": one["shown_as"], "now": one["count"],
         "before": one["before_count"]}
        for one in report["topics"]["documents"]
    ]  # fmt: skip


def feedback_line(report: Json, language: Language) -> str:
    """Thumbs, and the reasons that were named."""
    feedback = report["feedback"]
    told = say(language, "feedback", up=feedback["up"], down=feedback["down"])
    names = texts(language)["web"]["feedback_reasons"]
    reasons = [
        say(language, "reason_count", reason=names.get(name, name), number=number)
        for name, number in feedback["reasons"].items()
    ]
    if not reasons:
        return told
    return f"{told} {say(language, 'feedback_reasons', reasons=', '.join(reasons))}"


def group_title(group: Json, language: Language) -> str:
    """How many questions, and the one that stands for them."""
    first = group["questions"][0]["question"] if group["questions"] else say(language, "of_others")
    return say(language, "group", number=group["n"], question=" ".join(first.split()))


def group_lines(group: Json, language: Language) -> Sequence[str]:
    """The closest documents of like questions and whom to ask, where there are any."""
    lines = []
    if group["documents"]:
        titles = ", ".join(one["title"] or one["path"] for one in group["documents"])
        lines.append(say(language, "closest", documents=titles))
    if group["owners"]:
        lines.append(say(language, "owners", owners=", ".join(one["owner"] for one in group["owners"])))
    return lines


def retrain_line(report: Json, language: Language) -> str:
    """Whether training again is worth it, or looking through feedback first, and why."""
    retrain = report["retrain"]
    adapter = retrain["adapter"]
    since = say(language, "since", adapter=adapter) if adapter else say(language, "since_ever")
    told = {key: retrain[key] for key in ("reviewed", "corrected", "pairs", "needed")}
    return say(language, f"retrain_states.{retrain['state']}", since=since, **told)


def _share(count: int, total: int) -> float | None:
    return count / total if total else None
