"""Examples in words for people, in the terminal and on the page: without typer and without Streamlit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ui.texts import t

if TYPE_CHECKING:
    from assistant.answers import Language

Json = dict[str, Any]
_LONGEST = 90


def words(language: Language, key: str, **values: object) -> str:
    """A text of the [examples] table."""
    return t(language, "examples", key, **values)


def problem_in(language: Language, problem: str) -> str:
    """Why an example was marked or set aside ("duplicate:ID"), in the reader's language; "" without one."""
    code, _, value = problem.partition(":")
    return words(language, f"problems.{code}", value=value) if code else ""


def one_line(language: Language, example: Json) -> str:
    """An example in one line: id, status, split, kind and what is asked."""
    asked = example["question"] or next(
        (one["content"] for one in example["messages"] if one["role"] == "user"), example["answer"]
    )
    asked = " ".join(asked.split())
    parts = [
        example["id"], words(language, f"status.{example['status']}"), example["split"],
        words(language, f"kinds.{example['kind']}"),
    ]  # fmt: skip
    if not example["answerable"]:
        parts.append(words(language, "say.unanswerable"))
    if example["assignee"]:
        parts.append(f"@{example['assignee']}")
    return f"{'  '.join(parts)}  {asked[:_LONGEST]}{'…' if len(asked) > _LONGEST else ''}"
