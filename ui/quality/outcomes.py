"""What came of a question, in words: measures, verdicts and faults as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.answers import Language
from ui.texts import t, texts
from ui.web.grounds import ICONS

Json = dict[str, Any]


def is_missed(measures: Mapping[str, float | None]) -> bool:
    """Whether a question went wrong: answered or judged wrongly, or its place not among the first five."""
    wrong = any(measures.get(name) == 0.0 for name in ("right", "page_hit@5", "recall@5"))
    return wrong or any(measures.get(name) == 1.0 for name in ("false_answer", "false_refusal"))


def metric_name(name: str, language: Language) -> str:
    """A measure as people read it; recall and the like keep their names."""
    return str(texts(language)["quality"]["metrics"].get(name, name))


def fault_name(name: str, language: Language) -> str:
    """The fault of a miss as people read it."""
    return str(texts(language)["quality"]["page"]["fault"].get(name, name))


def type_name(name: str, language: Language) -> str:
    """The type of a question: a right verdict in words, any other as the data set names it."""
    return str(texts(language)["web"]["quality"]["labels"].get(name, name))


def verdict_text(name: str, language: Language) -> str:
    """A verdict with its icon; anything else as a type of question."""
    if name in ICONS:
        return f"{ICONS[name]} {t(language, 'web', f'verdict.{name}')}"
    return type_name(name, language)


def outcome(row: Json, language: Language) -> str:
    """What came of a question, by the kind of its report; "" where its row does not tell."""
    if row.get("fault"):
        return fault_name(row["fault"], language)
    if "ranks" in row:
        rank = next(iter(row["ranks"].values()), None)
        return t(language, "web", "quality.at_rank", rank=rank) if rank else _say(language, "not_found")
    if "verdict" in row:
        wanted, given = str(row.get("label") or ""), str(row["verdict"] or "")
        return f"{verdict_text(wanted, language)} → {verdict_text(given, language)}"
    for name in ("false_answer", "false_refusal"):
        if row["measures"].get(name) == 1.0:
            return metric_name(name, language)
    if row.get("abstained"):
        return metric_name("abstained", language)
    verdicts = [ICONS.get(name, name) for name in row.get("verdicts", ())]
    return " ".join([_say(language, "row.verdicts"), *verdicts]) if verdicts else ""


def _say(language: Language, key: str) -> str:
    return t(language, "web", f"quality.{key}")
