"""Examples that are reviewed, as rows and words. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.answers import Language
from ui.example_texts import problem_in
from ui.reasons import reason_in
from ui.texts import t, texts
from ui.web.tuning import known, say

Json = dict[str, Any]

FILTERS = ("origin", "type", "kind", "split", "assignee")
_STATUS_ICONS = {"new": "◌", "accepted": "✓", "edited": "✎", "rejected": "✕"}
_SHOWN = 90


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
            "document": ", ".join(doc["title"] or say(language, "document_gone") for doc in one["documents"]),
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
    told = {key: report[key] for key in ("file", "rows", "added", "known", "duplicates", "leaks", "personal")}
    form = texts(language)["examples"]["forms"].get(report["form"], report["form"])
    return t(language, "examples", "say.imported", **told, form=form, failed=len(report["failed"]))


def failed_rows(report: Json, language: Language) -> list[Json]:
    """The rows of a file that could not be read."""
    return [
        {"row": one["row"], "field": one["field"] or "–", "reason": reason_in(language, one["reason"])}
        for one in report["failed"]
    ]
