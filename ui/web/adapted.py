"""Tuned adapters as rows and words. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.adapters import BASE
from assistant.answers import Language
from ui.moments import day, moment
from ui.texts import t
from ui.web.tuning import known, say

Json = dict[str, Any]


def adapter_rows(adapters: Sequence[Json], language: Language) -> list[Json]:
    """The rows of the list of adapters."""
    return [
        {
            "name": one["name"],
            "serves": serves_text(one, language),
            "created": moment(one["created"] or ""),
            "base": one["base"] or "–",
            "method": known(language, "methods", one["method"] or "–"),
            "exported": passed_text(one["exported"] or None, language, "exported"),
            "parity": passed_text(one["parity"], language),
            "gate": passed_text(one["gate"], language),
        }
        for one in adapters
    ]


def serves_text(adapter: Json, language: Language) -> str:
    """Whether it answers: everybody, a share of the users, or nobody."""
    if adapter["published"]:
        return f"● {say(language, 'serves_all')}"
    if adapter["trial"] is not None:
        return "◐ " + say(language, "serves_some", share=f"{adapter['trial']:.0%}")
    return ""


def passed_text(passed: bool | None, language: Language, good: str = "passed") -> str:
    """A check with its icon; None is one that was not made."""
    if passed is None:
        return f"– {say(language, 'not_done')}"
    return f"✓ {say(language, good)}" if passed else f"✕ {say(language, 'not_passed')}"


def now_answers(publication: Json, language: Language) -> str:
    """Which model answers now, and who tries another one."""
    current = publication["current"]
    told = say(language, "now", adapter=current) if current else say(language, "now_base")
    trial = publication["trial"]
    if trial is None:
        return told
    tries = say(language, "now_trial", adapter=trial["adapter"], share=f"{trial['share']:.0%}")
    return f"{told} {tries}"


def lineage_lines(manifest: Json, language: Language) -> list[tuple[str, str]]:
    """Where an adapter comes from, as pairs of a name and a text; what it does not have is left out."""
    data, gguf = manifest["data"], manifest["gguf"] or {}
    told = {
        "train": data.get("train", 0), "validation": data.get("validation", 0),
        "documents": len(data.get("documents", ())), "hash": str(data.get("hash", ""))[:12],
    }  # fmt: skip
    found = [
        ("created", day(manifest["created_at"])),
        ("base", str(manifest["base"].get("model", ""))),
        ("method", known(language, "methods", manifest["method"])),
        ("run", manifest["run"]),
        ("parents", " → ".join(manifest["parents"])),
        ("data", say(language, "data_line", **told)),
        ("licences", ", ".join(data.get("licences", ()))),
        ("file", f"{gguf['bytes'] / 1e6:.1f} MB · SHA-256 {gguf['sha256'][:12]}…" if gguf else ""),
    ]
    return [(say(language, f"lineage.{name}"), text) for name, text in found if text]


def history_rows(history: Sequence[Json], language: Language) -> list[Json]:
    """What was published, tried and taken back, the newest first."""
    base, forced = say(language, "base_model"), t(language, "adapters", "was_forced")
    return [
        {
            "at": moment(row["at"]),
            "act": t(language, "adapters", f"acts.{row['act']}", adapter=row["adapter"] or base),
            "by": row["by"],
            "reason": f"[{forced}] {row['reason']}" if row["forced"] else row["reason"],
        }
        for row in reversed(history)
    ]


def former(history: Sequence[Json], current: str | None) -> list[str | None]:
    """What may be served again: all that once was published, newest first; the base model (None) last."""
    names = [row["adapter"] for row in reversed(history) if row["act"] == "publish"]
    found: list[str | None] = [name for name in dict.fromkeys(names) if name != current]
    return [*found, None] if current is not None else found


def trial_lines(outcome: Json, language: Language) -> list[str]:
    """How a trial goes: both sides, and their differences with intervals."""
    lines = []
    for name in ("current", "trial"):
        side = outcome[name]
        told = {key: side[key] for key in ("answers", "conversations", "up", "down")}
        label = t(language, "adapters", f"side_{name}")
        shown = side["adapter"] or say(language, "base_model")
        lines.append(f"{label} ({shown}): {t(language, 'adapters', 'counts', **told)}")
    for measure, one in outcome["differences"].items():
        if one is not None:
            share, low, high = (f"{100 * one[key]:+.1f}" for key in ("mean", "low", "high"))
            label = t(language, "adapters", measure)
            lines.append(
                t(language, "adapters", "difference", measure=label, share=share, low=low, high=high)
            )
    return lines


def choice_names(publication: Json, adapters: Sequence[Json], language: Language) -> dict[str | None, str]:
    """What may answer in a conversation, by what is stored for it: None is whatever is published."""
    base = say(language, "base_model")
    names: dict[str | None, str] = {
        None: say(language, "as_published", adapter=publication["current"] or base)
    }
    names[BASE] = base
    return names | {one["name"]: one["name"] for one in adapters if one["exported"] and not one["problem"]}
