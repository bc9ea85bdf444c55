"""What the reader wants done with the documents: a question as ever, or a task with what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from assistant.task_prompts import TASKS, Task
from ui.task_operations import TaskOrder, column_names, told
from ui.texts import t
from ui.web.resources import operations
from ui.web.session import language, say

Json = dict[str, Any]

_ICONS = {
    "answer": ":material/question_answer:", "summarise": ":material/short_text:",
    "compare": ":material/compare_arrows:", "translate": ":material/translate:",
    "draft": ":material/edit_note:", "extract": ":material/table:",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen task with its documents. `pressed`: its button was, which one without a text has."""

    task: Task = "answer"
    documents: tuple[str, ...] = ()
    to: str = ""
    columns: tuple[str, ...] = ()
    pressed: bool = False

    @property
    def needs_text(self) -> bool:
        """Whether there is nothing to do without a text."""
        return self.task in ("answer", "draft", "extract") or (
            self.task == "translate" and not self.documents
        )

    def lacks(self, text: str) -> str:
        """What is missing, for people; "" when nothing is."""
        wanted = {"summarise": 1, "compare": 2}.get(self.task, 0)
        if len(set(self.documents)) < wanted:
            return worded("missing_documents")
        if self.needs_text and not text.strip():
            return worded("missing_text")
        return worded("missing_columns") if self.task == "extract" and not self.columns else ""

    def begin(self, text: str, *, conversation: str, scope: Json | None) -> Callable[..., Iterator[Json]]:
        """The stream to follow."""
        if self.task == "answer":
            return partial(operations().ask, text, conversation=conversation, scope=scope)
        order = TaskOrder(
            self.task, text, self.documents, self.to, self.columns,
            conversation=conversation, scope=scope, language=language(),
        )  # fmt: skip
        return partial(operations().perform, order)

    def shown(self, text: str, documents: Sequence[Json]) -> str:
        """What stands in the conversation as the question until the stored one is there."""
        if self.task == "answer":
            return text
        return told(self.task, [_title(one, documents) for one in self.documents], text, language())


def worded(key: str, **values: object) -> str:
    """A text of the [tasks] table in the reader's language."""
    return t(language(), "tasks", key, **values)


def task_hint(choice: Choice) -> str:
    """What to write into the field for a task."""
    return worded(f"hint.{choice.task}")


def choose_task(documents: Sequence[Json], *, busy: bool) -> Choice:
    """Draw the chooser and what the chosen task needs."""
    task: Task | None = st.segmented_control(
        worded("choose"), TASKS, format_func=lambda task: f"{_ICONS[task]} {worded(f'name.{task}')}",
        default="answer", key="task", label_visibility="collapsed", disabled=busy,
    )  # fmt: skip
    match task:
        case "summarise":
            choice = Choice(task, _picked([_one("choose_document", documents)]))
        case "compare":
            left, right = st.columns(2)
            with left:
                first = _one("choose_first", documents)
            with right:
                second = _one("choose_second", documents)
            choice = Choice(task, _picked([first, second]))
        case "translate":
            left, right = st.columns(2)
            with left:
                document = _one("choose_document", documents)
            with right:
                to = st.segmented_control(
                    worded("choose_to"), ("en", "ja"), format_func=lambda code: worded(f"to.{code}"),
                    default="en", key="task_to",
                )  # fmt: skip
            choice = Choice(task, _picked([document]), to=to or "")
        case "extract":
            chosen = st.multiselect(
                worded("choose_documents"), [one["id"] for one in documents],
                format_func=lambda one: _title(one, documents), key="task_documents",
                placeholder=say("choose_hint"),
            )  # fmt: skip
            names = st.text_input(worded("columns"), placeholder=worded("columns_hint"), key="task_columns")
            choice = Choice(task, tuple(chosen), columns=column_names(names))
        case "draft":
            choice = Choice(task)
        case _:
            return Choice()
    if choice.needs_text:
        return choice
    pressed = st.button(worded("start"), icon=":material/play_arrow:", key="task_start", disabled=busy)
    return Choice(choice.task, choice.documents, choice.to, choice.columns, pressed)


def progress_bar(progress: Json | None) -> None:
    """How far a task of several steps is."""
    if progress and progress["total"]:
        share = min(1.0, progress["done"] / progress["total"])
        st.progress(share, text=worded("step", **{key: progress[key] for key in ("done", "total", "label")}))


def _one(key: str, documents: Sequence[Json]) -> str | None:
    chosen: str | None = st.selectbox(
        worded(key), [one["id"] for one in documents], index=None, key=f"task_{key}",
        format_func=lambda one: _title(one, documents), placeholder=say("choose_hint"),
    )  # fmt: skip
    return chosen


def _picked(documents: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(one for one in documents if one is not None)


def _title(document: str, documents: Sequence[Json]) -> str:
    return str(next((one["title"] for one in documents if one["id"] == document), document))
