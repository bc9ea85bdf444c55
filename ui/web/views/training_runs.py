"""Trainings: a new one with its estimate, the one that runs as it goes, and all that were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.reasons import reason_in
from ui.web import tuning
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_told, tell
from ui.web.tuning_charts import run_plots
from ui.web.views import training_start
from ui.web.views.picking import picked, text_columns
from ui.web.views.reports import draw

Json = dict[str, Any]

_POLL_SECONDS = 2.0


def section() -> None:
    """What runs comes first, so that a page that is opened anew shows it again."""
    show_told("runs")
    runs = operations().training_runs()
    running = next((run for run in runs if run["state"] == "running"), None)
    if running is not None:
        st.fragment(run_every=_POLL_SECONDS)(_live)(running["run"])
    with st.expander(
        say("training.start"), icon=":material/model_training:", expanded=running is None, key="new_training"
    ):
        if running is not None:
            st.info(say("training.another_runs"), icon=":material/info:")
        else:
            training_start.section()
    st.subheader(say("training.runs"), anchor=False)
    if not runs:
        st.caption(say("training.no_runs"))
        return
    chosen = _chosen(runs)
    if chosen["state"] != "running":
        with st.container(border=True, key="training_run"):
            _one(operations().training_run(chosen["run"]))


def _chosen(runs: Sequence[Json]) -> Json:
    columns = text_columns(
        run=("training.run", 200), state=("training.state", 90), method=("training.method", 90),
        steps=("training.steps", 90), train_loss=("training.train_loss", 105),
        validation_loss=("training.validation_loss", 105), seconds=("training.seconds", 90),
    ) | {
        "created": st.column_config.DatetimeColumn(
            say("training.created"), format="YYYY-MM-DD HH:mm", width=125
        )
    }  # fmt: skip
    ids = [run["run"] for run in runs]
    at = picked("training_runs", ids, tuning.run_rows(runs, language()), columns, most=260)
    return runs[at or 0]


# --- one


def _live(name: str) -> None:
    """The training that runs, drawn anew every few seconds."""
    with errors_shown():
        run = operations().training_run(name)
        if run["state"] != "running":
            st.rerun()  # the whole page, to show what came of it
            return
        with st.container(border=True, key="training_live"):
            _one(run)


def _one(run: Json) -> None:
    events = run["events"]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(run['run'])}** · {tuning.run_state(run, language())}")
        _buttons(run)
    if run["state"] == "running":
        st.progress(tuning.run_share(events), text=tuning.run_line(events, language()))
    elif run["reason"]:
        told = plain(reason_in(language(), run["reason"]))
        (st.warning if run["state"] == "stopped" else st.error)(told, icon=":material/info:")
    _numbers(run)
    for plot in run_plots(events, language()):
        draw(plot)
    _samples(events)
    if run["state"] == "done":
        st.success(say("training.go_adapter", adapter=plain(run["adapter"])), icon=":material/check_circle:")
        st.button(
            say("training.open_adapter"), key=f"open_adapter_{run['run']}", on_click=_open_adapter,
            args=(run["adapter"],), icon=":material/arrow_forward:",
        )  # fmt: skip


def _numbers(run: Json) -> None:
    events = run["events"]
    step, check = tuning.last(events, "step"), tuning.last(events, "validation")
    with st.container(horizontal=True, key=f"run_numbers_{run['run']}"):
        if step is not None:
            st.metric(say("training.steps"), f"{step['step']} / {step['steps']}")
            st.metric(say("training.train_loss"), tuning.loss_text(step["loss"]))
        if check is not None:
            st.metric(say("training.validation_loss"), tuning.loss_text(check["loss"]))
        if step is not None:
            st.metric(say("training.rate"), f"{step['rate']:.2f}")
        if run["state"] == "running" and step is not None:
            st.metric(say("training.eta"), tuning.duration(step["eta_seconds"], language()))
        elif run["seconds"]:
            st.metric(say("training.seconds"), tuning.duration(run["seconds"], language()))


def _buttons(run: Json) -> None:
    # Keys of this run and state: a click that comes when another is drawn does nothing.
    if run["state"] == "running":
        if st.button(say("training.stop"), icon=":material/stop_circle:", key=f"stop_{run['run']}"):
            with errors_shown():
                with st.spinner(say("training.stopping")):
                    operations().stop_training(run["run"])
                tell("runs", say("training.stopped", run=plain(run["run"])))
                st.rerun()
    elif run["state"] in ("stopped", "failed") and st.button(
        say("training.resume"), icon=":material/play_circle:", key=f"resume_{run['run']}"
    ):
        with errors_shown():
            operations().resume_training(run["run"])
            tell("runs", say("training.resumed", run=plain(run["run"])))
            st.rerun()


def _samples(events: Sequence[Json]) -> None:
    found = tuning.samples(events)
    if not found:
        return
    st.markdown(f"**{say('training.samples')}**")
    st.caption(say("training.samples_note"))
    for number, (question, answers) in enumerate(found.items()):
        with st.expander(plain(" ".join(question.split())), expanded=number == 0, key=f"sample_{number}"):
            for one in reversed(answers):
                st.markdown(f":gray[{say('training.at_step', step=one['step'])}]  \n{plain(one['text'])}")


def _open_adapter(name: str) -> None:
    st.session_state["training_room"] = "adapters"
    st.session_state["adapter_open"] = name
