"""Trainings and long work as rows and words. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.answers import Language
from ui.moments import moment
from ui.reasons import reason_in
from ui.texts import t, texts
from ui.web.listing import time_left

Json = dict[str, Any]

DIALS = ("training.epochs", "data.max_tokens", "data.replay_share", "lora.rank", "training.rate")
"""Fields of a recipe that the page lets people change; all others are shown."""
_RUN_ICONS = {"running": "▶", "done": "✓", "failed": "✕", "stopped": "■", "refused": "⊘"}


def say(language: Language, key: str, **values: object) -> str:
    """A text of the training page."""
    return t(language, "web", f"training.{key}", **values)


def known(language: Language, table: str, key: str) -> str:
    """A name in a sub-table of the page's texts; what is not known there as it is."""
    return str(texts(language)["web"]["training"][table].get(key, key))


# --- trainings


def field_rows(fields: Mapping[str, Mapping[str, Any]], language: Language) -> list[Json]:
    """Every field of a recipe with its value and what it means."""
    about = texts(language)["web"]["training"]["fields"]
    return [
        {"field": f"{section}.{key}", "value": _value(value), "means": about[section][key]}
        for section, keys in fields.items()
        for key, value in keys.items()
    ]


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else f"{value}"


def field(fields: Mapping[str, Mapping[str, Any]], path: str) -> Any:
    """The value of a field by `section.key`."""
    section, _, key = path.partition(".")
    return fields[section][key]


def dialled(fields: Mapping[str, Mapping[str, Any]], dials: Mapping[str, Any]) -> Json:
    """The dials that were turned away from the recipe's own values: `changes` of a training."""
    return {path: value for path, value in dials.items() if value != field(fields, path)}


def gigabytes(size: float) -> str:
    """Bytes in GB with one place."""
    return f"{size / 1e9:.1f} GB"


def duration(seconds: float | None, language: Language) -> str:
    """About so long: seconds, minutes, or hours with minutes; "–" while it is not known."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    if seconds < 90:
        return say(language, "in_seconds", seconds=max(1, round(seconds)))
    if minutes < 90:
        return say(language, "in_minutes", minutes=minutes)
    return say(language, "in_hours", hours=minutes // 60, minutes=minutes % 60)


def estimate_line(found: Json, language: Language) -> str:
    """On what is learnt, in how many steps."""
    told = {key: found[key] for key in ("examples", "validation", "replayed", "steps", "base", "dtype")}
    return say(language, "estimate_line", **told)


def busy_line(found: Json, language: Language) -> str:
    """That the machine is at work, and what a training would take without that; "" where it is not."""
    if not found["busy"]:
        return ""
    return say(language, "estimate_busy", quiet=duration(found["quiet_seconds"], language))


def run_state(run: Json, language: Language) -> str:
    """The state of a training with its icon."""
    return f"{_RUN_ICONS[run['state']]} {t(language, 'train_runs', 'states.' + run['state'])}"


def run_rows(runs: Sequence[Json], language: Language) -> list[Json]:
    """The rows of the list of trainings."""
    return [
        {
            "run": run["run"],
            "state": run_state(run, language),
            "created": moment(run["created_at"]),
            "method": known(language, "methods", run["method"]),
            "steps": f"{run['step']} / {run['steps']}" if run["steps"] else "–",
            "train_loss": loss_text(run["train_loss"]),
            "validation_loss": loss_text(run["validation_loss"]),
            "seconds": duration(run["seconds"] or None, language),
        }
        for run in runs
    ]


def loss_text(loss: float | None) -> str:
    """A loss with three places, "–" while there is none."""
    return "–" if loss is None else f"{loss:.3f}"


def last(events: Sequence[Json], kind: str) -> Json | None:
    """The newest event of a kind."""
    return next((one for one in reversed(events) if one["event"] == kind), None)


def run_line(events: Sequence[Json], language: Language) -> str:
    """How far a training is: step, time left; what it does before its first step."""
    step = last(events, "step")
    if step is None:
        return say(language, "prepared" if last(events, "prepared") else "preparing")
    left = time_left(step["eta_seconds"], language)
    return f"{say(language, 'step', step=step['step'], steps=step['steps'])} · {left}"


def run_share(events: Sequence[Json]) -> float:
    """How much of a training is done, in [0, 1]."""
    step = last(events, "step")
    return min(1.0, step["step"] / step["steps"]) if step and step["steps"] else 0.0


def samples(events: Sequence[Json]) -> dict[str, list[Json]]:
    """The answers that were written in the course of a training, by question, oldest first."""
    found: dict[str, list[Json]] = {}
    for one in events:
        if one["event"] == "sample":
            found.setdefault(one["question"], []).append(one)
    return found


# --- long work


def job_line(job: Json, language: Language) -> str:
    """How far a step is, or how it ended."""
    name = known(language, "steps_of", job["kind"])
    title = f"{name}: {job['about']}" if job["about"] else name
    if job["state"] != "running":
        said = say(language, f"job_{job['state']}", work=title)
        return f"{said} {reason_in(language, job['message'])}" if job["message"] else said
    progress = job["progress"]
    if progress is None:
        return title
    parts = [title, known(language, "phases", progress["phase"])]
    if progress["total"]:
        parts.append(f"{progress['done']} / {progress['total']}")
    if progress["eta_seconds"] is not None and progress["total"]:
        parts.append(time_left(float(progress["eta_seconds"]), language))
    return " · ".join(dict.fromkeys(parts))
