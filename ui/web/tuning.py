"""Examples, trainings and adapters as rows and words. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.answers import Language
from ui.example_texts import problem_in
from ui.moments import day, moment
from ui.reasons import reason_in
from ui.texts import t, texts
from ui.web.listing import time_left

Json = dict[str, Any]

FILTERS = ("origin", "type", "kind", "split", "assignee")
DIALS = ("training.epochs", "data.max_tokens", "data.replay_share", "lora.rank", "training.rate")
"""Fields of a recipe that the page lets people change; all others are shown."""
_STATUS_ICONS = {"new": "◌", "accepted": "✓", "edited": "✎", "rejected": "✕"}
_RUN_ICONS = {"running": "▶", "done": "✓", "failed": "✕", "stopped": "■", "refused": "⊘"}
_SHOWN = 90


def say(language: Language, key: str, **values: object) -> str:
    """A text of the training page."""
    return t(language, "web", f"training.{key}", **values)


def known(language: Language, table: str, key: str) -> str:
    """A name in a sub-table of the page's texts; what is not known there as it is."""
    return str(texts(language)["web"]["training"][table].get(key, key))


# --- examples


def status_text(status: str, language: Language) -> str:
    """The state of an example with its icon."""
    return f"{_STATUS_ICONS[status]} {t(language, 'examples', f'status.{status}')}"


def filter_name(name: str, value: str, language: Language) -> str:
    """A value that examples are filtered by, as people know it."""
    if name == "kind":
        return t(language, "examples", f"kinds.{value}")
    if name == "origin":
        start, _, file = value.partition(":")
        return f"{known(language, 'origins', start)} {file}".strip()
    if name == "assignee" and not value:
        return say(language, "nobody")
    return known(language, f"{name}s", value) if name in ("type", "split") else value


def asked(example: Json) -> str:
    """What stands for an example in a list: its question, the first message, or its text."""
    first = next((one["content"] for one in example["messages"] if one["role"] == "user"), "")
    text = " ".join((example["question"] or first or example["answer"] or example["id"]).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def example_rows(examples: Sequence[Json], language: Language) -> list[Json]:
    """The rows of the list of examples."""
    return [
        {
            "status": status_text(one["status"], language),
            "question": asked(one),
            "kind": say(language, "unanswerable")
            if not one["answerable"]
            else t(language, "examples", f"kinds.{one['kind']}"),
            "split": known(language, "splits", one["split"]),
            "document": ", ".join(
                doc["title"] or say(language, "document_gone") for doc in one["documents"]
            ),
            "assignee": one["assignee"],
            "problem": problem_text(one, language),
        }
        for one in examples
    ]


def problem_text(example: Json, language: Language) -> str:
    """Why an example was marked or set aside, with the title of the document where it is about one."""
    problem = str(example["set_aside"] or example["problem"])
    code, _, value = problem.partition(":")
    for document in example["documents"]:
        if document["document"] == value and document["title"]:
            return problem_in(language, f"{code}:{document['title']}")
    return problem_in(language, problem)


def changes_of(example: Json, edited: Mapping[str, Any]) -> Json:
    """What of `edited` differs from the example: `changes` of a decision."""
    return {name: value for name, value in edited.items() if value != example[name]}


def edited_messages(messages: Sequence[Json], reply: str) -> list[Json]:
    """The messages of a conversation with another last reply."""
    return [*messages[:-1], {"role": "assistant", "content": reply}]


def build_line(report: Json, language: Language) -> str:
    """What came of making candidates."""
    told = {key: report[key] for key in ("added", "duplicates", "leaks", "known", "planted", "personal")}
    line = t(language, "examples", "say.built", **told, seconds=report["seconds"])
    dropped = [
        t(language, "examples", f"dropped.{name}", number=number)
        for name, number in report["dropped"].items()
        if number
    ]
    return " ".join([line, *dropped])


def import_line(report: Json, language: Language) -> str:
    """What came of a file."""
    told = {
        key: report[key] for key in ("file", "rows", "added", "known", "duplicates", "leaks", "personal")
    }
    form = texts(language)["examples"]["forms"].get(report["form"], report["form"])
    return t(language, "examples", "say.imported", **told, form=form, failed=len(report["failed"]))


def failed_rows(report: Json, language: Language) -> list[Json]:
    """The rows of a file that could not be read."""
    return [
        {"row": one["row"], "field": one["field"] or "–", "reason": reason_in(language, one["reason"])}
        for one in report["failed"]
    ]


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


# --- adapters


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
    base = say(language, "base_model")
    return [
        {
            "at": moment(row["at"]),
            "act": t(language, "adapters", f"acts.{row['act']}", adapter=row["adapter"] or base),
            "by": row["by"],
            "reason": (f"[{t(language, 'adapters', 'was_forced')}] " if row["forced"] else "") + row["reason"],
        }
        for row in reversed(history)
    ]


def former(history: Sequence[Json], current: str | None) -> list[str | None]:
    """What may be served again: all that once was, newest first; the base model (None) last."""
    names = [row["adapter"] for row in reversed(history) if row["adapter"] and row["act"] != "end_trial"]
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
