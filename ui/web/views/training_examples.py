"""Examples for training: how many there are, which are to be reviewed, and where more come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.example_texts import words
from ui.web import reviewing
from ui.web.resources import operations
from ui.web.session import language, say, show_told
from ui.web.views import training_example, training_intake
from ui.web.views.picking import picked, text_columns

Json = dict[str, Any]

_PAGE = 50
_STATUSES = ("new", "accepted", "edited", "rejected")
_PROBLEMS = ("duplicate", "conflict", "leak", "personal", "unknown_source")


def section() -> None:
    """Counts, the filtered list, one example in full, and ways to get more."""
    show_told("training")
    counts = operations().example_counts()
    if not counts["total"]:
        with st.container(border=True, key="no_examples"):
            st.subheader(say("training.no_examples"), anchor=False)
            st.write(say("training.no_examples_more"))
        training_intake.section(opened=True)
        return
    _numbers(counts)
    wanted = _filters(counts)
    # Another choice begins with its first page.
    if wanted != st.session_state.get("example_filters"):
        st.session_state["example_filters"] = wanted
        st.session_state["example_offset"] = 0
    offset = int(st.session_state.setdefault("example_offset", 0))
    found = operations().examples(**wanted, offset=offset, limit=_PAGE)
    if not found["examples"] and offset:  # the last ones of this page were decided about
        offset = st.session_state["example_offset"] = max(0, offset - _PAGE)
        found = operations().examples(**wanted, offset=offset, limit=_PAGE)
    if found["examples"]:
        training_example.card(_chosen(found["examples"], wanted))
        _pages(found)
    else:
        untouched = wanted == {"status": "new", "search": ""}
        st.info(say("training.none_new" if untouched else "training.none_found"), icon=":material/info:")
    training_intake.section(opened=False)


def _numbers(counts: Json) -> None:
    status, usable = counts["status"], counts["usable"]
    told = say("training.usable_help", aside=sum(counts["set_aside"].values()))
    with st.container(horizontal=True, key="example_numbers"):
        st.metric(say("training.candidates"), f"{status.get('new', 0):,}")
        accepted = status.get("accepted", 0) + status.get("edited", 0)
        st.metric(say("training.accepted_count"), f"{accepted:,}")
        for split in ("train", "validation", "test"):
            st.metric(say(f"training.usable_{split}"), f"{usable[split]:,}", help=told)


# --- which


def _filters(counts: Json) -> Json:
    names = {name: reviewing.status_text(name, language()) for name in _STATUSES}
    names["all"] = say("training.all")
    status = st.segmented_control(
        say("training.status"), list(names), format_func=lambda key: names[key], default="new",
        required=True, key="example_status", label_visibility="collapsed",
    )  # fmt: skip
    search = st.text_input(
        say("training.search"), key="example_search", placeholder=say("training.search"),
        label_visibility="collapsed", icon=":material/search:",
    )  # fmt: skip
    wanted: Json = {"search": (search or "").strip()}
    if status != "all":
        wanted["status"] = status
    with st.expander(say("training.filters"), icon=":material/filter_alt:", key="example_filters_more"):
        columns = st.columns(3)
        for number, name in enumerate(reviewing.FILTERS):
            with columns[number % 3]:
                _choice(wanted, name, [one for one in counts[name] if one or name != "type"])
        with columns[2]:
            _problem(wanted)
        _document(wanted)
    return wanted


def _choice(wanted: Json, name: str, values: Sequence[str]) -> None:
    names = {value: reviewing.filter_name(name, value, language()) for value in values}
    _one_of(wanted, name, names)


def _problem(wanted: Json) -> None:
    _one_of(wanted, "problem", {one: words(language(), f"problems.{one}", value="…") for one in _PROBLEMS})


def _document(wanted: Json) -> None:
    _one_of(wanted, "document", {one["id"]: one["title"] or one["id"] for one in operations().documents()})


def _one_of(wanted: Json, name: str, names: dict[str, str]) -> None:
    """A filter that may be left open."""
    told: dict[str | None, str] = {None: say("training.any")}
    told.update(names)
    chosen = st.selectbox(
        say(f"training.{name}"), list(told), key=f"filter_{name}", format_func=lambda key: told[key]
    )
    if chosen is not None:
        wanted[name] = chosen


# --- the list


def _chosen(shown: Sequence[Json], wanted: Json) -> Json:
    """The example that is chosen in the list, else the one that is open, else the first."""
    turn = st.session_state.setdefault("example_turn", 0)
    columns = text_columns(
        status=("training.status", 100), question=("training.question", 290), kind=("training.kind", 75),
        split=("training.split", 60), document=("training.document", 120),
        assignee=("training.assignee", 75), problem=("training.problem", 170),
    )  # fmt: skip
    ids = [one["id"] for one in shown]
    rows = reviewing.example_rows(shown, language())
    at = picked(f"examples_{turn}", ids, rows, columns, most=248)
    opened = st.session_state.get("example_open")
    chosen = shown[ids.index(opened) if at is None and opened in ids else at or 0]
    st.session_state["example_open"] = chosen["id"]
    return chosen


def _pages(found: Json) -> None:
    first, total = found["offset"] + 1, found["total"]
    last = found["offset"] + len(found["examples"])
    if total <= _PAGE:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="example_pages"):
        st.button(
            say("training.earlier"), key="examples_earlier", icon=":material/chevron_left:",
            disabled=first == 1, on_click=_turn_page, args=(-_PAGE,),
        )  # fmt: skip
        st.caption(say("training.page_of", first=first, last=last, total=total))
        st.button(
            say("training.later"), key="examples_later", icon=":material/chevron_right:",
            disabled=last >= total, on_click=_turn_page, args=(_PAGE,),
        )  # fmt: skip


def _turn_page(by: int) -> None:
    st.session_state["example_offset"] = max(0, st.session_state["example_offset"] + by)
    st.session_state.pop("example_open", None)
