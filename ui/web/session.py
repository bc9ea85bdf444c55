"""What one tab remembers, in `st.session_state`, and how the page speaks its language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import streamlit as st

from assistant.answers import Language
from ui.errors import EXPECTED
from ui.reasons import error_in
from ui.texts import LANGUAGES, language_of, t, texts
from ui.web import resources
from ui.web.running import Run
from ui.web.turns import Passage

Json = dict[str, Any]

_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
"""What Markdown would take for code that nobody may break, backslashes and all."""


def language() -> Language:
    """The tab's language: chosen in the sidebar, else in the address, the settings, or by the browser."""
    chosen = (
        st.session_state.get("language")
        or st.query_params.get("lang")
        or st.session_state.get("language_setting")
    )
    if chosen in LANGUAGES:
        return "ja" if chosen == "ja" else "en"
    return language_of(st.context.locale)


def remember_language_setting() -> None:
    """Ask the workspace once a tab which language its settings fix; "auto" leaves it to the browser."""
    if "language_setting" in st.session_state:
        return
    # A service that is away is reported by the page itself.
    with suppress(*EXPECTED):
        st.session_state["language_setting"] = resources.operations().status()["language"]


def say(key: str, **values: object) -> str:
    """A text of the page in the tab's language."""
    return t(language(), "web", key, **values)


def examples() -> list[str]:
    """Questions to begin with."""
    return list(texts(language())["web"]["examples"])


def conversation() -> str | None:
    """The id of the open conversation; None for a new one that nothing was asked in."""
    chosen: str | None = st.session_state.get("conversation")
    return chosen


def open_conversation(chosen: str | None) -> None:
    """Show another conversation, or a new one."""
    st.session_state["conversation"] = chosen
    st.session_state.pop("passage", None)


def runs() -> dict[str, Run]:
    """The tab's answers on their way or just ended, by conversation."""
    found: dict[str, Run] = st.session_state.setdefault("runs", {})
    return found


def passage() -> Passage | None:
    """The passage that is open beside the chat."""
    opened: Passage | None = st.session_state.get("passage")
    return opened


def show_passage(chosen: Passage) -> None:
    """Open a passage beside the chat."""
    st.session_state["passage"] = chosen
    st.session_state.pop("passage_page", None)


def close_passage() -> None:
    """Close what is open beside the chat."""
    st.session_state.pop("passage", None)


def tell(place: str, text: str) -> None:
    """Have `show_told(place)` say that something was done, from the next run on."""
    st.session_state.setdefault("told", {})[place] = text
    st.session_state.get("told_shown", set()).discard(place)


def show_told(place: str) -> None:
    """Say what was told for this place. It stays until a run that showed it came to its end.

    A run is broken off when the browser sends something meanwhile, and what it drew last may never be seen.
    """
    if text := st.session_state.get("told", {}).get(place):
        st.success(text, icon=":material/check_circle:")
        st.session_state.setdefault("told_shown", set()).add(place)


def forget_shown() -> None:
    """At the end of a run: what it has shown is not said again."""
    for place in st.session_state.pop("told_shown", ()):
        st.session_state["told"].pop(place, None)


def show_error(error: Exception) -> None:
    """One clear sentence, what to do, and a way to connect again when the service is away."""
    kind = type(error).__name__
    known = texts(language())["web"]["errors"]
    said = plain(error_in(language(), str(error)))
    st.error(f"**{known.get(kind, known['other'])}** {said}", icon=":material/error:")
    if kind == "ServiceError" and st.button(say("retry"), icon=":material/refresh:"):
        resources.reconnect()
        st.rerun()


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show expected errors of what runs inside; all else is a bug and keeps its traceback in the log."""
    try:
        yield
    except EXPECTED as error:
        show_error(error)


def plain(text: str) -> str:
    """Text from outside for Streamlit's Markdown: every sign that Markdown would read stands for itself."""
    escaped = "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|~$:<>&=" else sign for sign in text)
    return _INDENT.sub(lambda found: "\u00a0" * len(found[0]), escaped).replace("\n", "  \n")
