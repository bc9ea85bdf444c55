"""Adapters: which answers now, where each comes from, what proves it, its report, and the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from assistant.errors import AdapterError
from ui.parity_said import parity_reasons
from ui.reasons import reason_in
from ui.web import adapted, tuning
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_told
from ui.web.views import training_gate, training_publishing
from ui.web.views.picking import picked, text_columns

Json = dict[str, Any]

_STEPS = ("export", "parity", "evaluate")
_ICONS = {"export": "save", "parity": "balance", "evaluate": "grading"}


def section() -> None:
    """What answers, the list, and one of them."""
    show_told("adapters")
    publication = operations().publication()
    st.info(plain(adapted.now_answers(publication, language())), icon=":material/forum:")
    adapters = list(reversed(operations().adapters()))
    if not adapters:
        with st.container(border=True, key="no_adapters"):
            st.subheader(say("training.no_adapters"), anchor=False)
            st.write(say("training.no_adapters_more"))
        return
    chosen = _chosen(adapters)
    with st.container(border=True, key="adapter_card"):
        _one(chosen, publication)
    training_publishing.roll_back(publication)
    _trial(publication)
    _history(publication["history"])


def _chosen(adapters: Sequence[Json]) -> Json:
    """The adapter that is chosen in the list, else the one that was opened, else the newest."""
    columns = text_columns(
        name=("training.adapter", 150), serves=("training.serves", 110), base=("training.base", 180),
        method=("training.method", 70), exported=("training.export", 75), parity=("training.parity", 75),
        gate=("training.gate", 80),
    ) | {
        "created": st.column_config.DatetimeColumn(
            say("training.lineage.created"), format="YYYY-MM-DD HH:mm", width=120
        )
    }  # fmt: skip
    ids = [one["name"] for one in adapters]
    at = picked("adapters", ids, adapted.adapter_rows(adapters, language()), columns, most=260)
    opened = st.session_state.get("adapter_open")
    chosen = adapters[ids.index(opened) if at is None and opened in ids else at or 0]
    st.session_state["adapter_open"] = chosen["name"]
    return chosen


# --- one


def _one(listed: Json, publication: Json) -> None:
    st.subheader(plain(listed["name"]), anchor=False)
    if listed["base"] is None:  # its manifest cannot be read
        st.error(plain(reason_in(language(), listed["problem"] or "")), icon=":material/error:")
        return
    found = operations().adapter(listed["name"])
    with st.expander(say("training.lineage_title"), icon=":material/account_tree:", key="adapter_lineage"):
        for name, text in adapted.lineage_lines(found["manifest"], language()):
            st.markdown(f":gray[{plain(name)}]  {plain(text)}")
    if listed["problem"]:
        reason = plain(reason_in(language(), listed["problem"]))
        st.warning(say("training.not_served", reason=reason), icon=":material/link_off:")
    _steps(listed, found["manifest"])
    training_publishing.publish(listed, publication)
    if listed["gate"] is not None:
        training_gate.section(listed["name"])


def _steps(listed: Json, manifest: Json) -> None:
    st.markdown(f"**{say('training.steps_title')}**")
    done = {"export": listed["exported"] or None, "parity": listed["parity"], "evaluate": listed["gate"]}
    running = (operations().job() or {}).get("state") == "running"
    for column, step in zip(st.columns(3), _STEPS, strict=True):
        with column, st.container(border=True, key=f"step_{step}"):
            good = "exported" if step == "export" else "passed"
            name = tuning.known(language(), "steps_of", step)
            st.markdown(f"**{name}** · {adapted.passed_text(done[step], language(), good)}")
            st.caption(say(f"training.{step}_more"))
            if step == "parity" and manifest["parity"] and not listed["parity"]:
                for line in parity_reasons(language(), manifest["parity"]):
                    st.caption(plain(line))
            _start(listed, step, disabled=running or (step != "export" and not listed["exported"]))


def _start(listed: Json, step: str, *, disabled: bool) -> None:
    again = False
    if step == "evaluate" and listed["gate"] is not None:
        again = st.checkbox(say("training.time_again"), key=f"time_again_{listed['name']}")
    if st.button(
        say(f"training.do_{step}"), icon=f":material/{_ICONS[step]}:", key=f"{step}_{listed['name']}",
        disabled=disabled,
    ):  # fmt: skip
        with errors_shown():
            operations().start_adapter_step(listed["name"], step, language=language(), time_again=again)
            st.session_state.pop("dismissed_work", None)
            st.rerun()


# --- what was and is served


def _trial(publication: Json) -> None:
    if not any(row["act"] == "trial" for row in publication["history"]):
        return
    with st.expander(
        say("training.trial_title"), icon=":material/science:", expanded=publication["trial"] is not None,
        key="adapter_trial",
    ):  # fmt: skip
        try:
            outcome = operations().adapter_trial()
        except AdapterError as error:
            st.caption(plain(reason_in(language(), str(error))))
            return
        for line in adapted.trial_lines(outcome, language()):
            st.markdown(plain(line))


def _history(history: Sequence[Json]) -> None:
    if not history:
        return
    with st.expander(say("training.history"), icon=":material/history:", key="adapter_history"):
        columns = text_columns(
            act=("training.act", 220), by=("training.who", 120), reason=("training.why", "large")
        ) | {"at": st.column_config.DatetimeColumn(say("training.at"), format="YYYY-MM-DD HH:mm", width=125)}
        rows = adapted.history_rows(history, language())
        st.dataframe(rows, hide_index=True, key="history_rows", column_config=columns)
