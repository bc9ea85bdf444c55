"""Two reports of one kind, question by question: what got better or worse, and what was set otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.quality.outcomes import outcome
from ui.web import comparing, reporting
from ui.web.interval_charts import comparison_plot
from ui.web.resources import operations
from ui.web.session import language, plain, say
from ui.web.views import reports
from ui.web.views.picking import picked, text_columns

Json = dict[str, Any]

_MOST = 100


def section() -> None:
    """Choose two reports, and see what lies between them."""
    found = operations().evaluation_reports()
    kinds = [
        kind
        for kind in dict.fromkeys(report["kind"] for report in found)
        if len(comparing.partners(found, kind)) > 1
    ]
    if not kinds:
        with st.container(border=True, key="nothing_to_compare"):
            st.subheader(say("quality.one_report"), anchor=False)
            st.write(say("quality.one_report_more"))
            reports.how_to()
        return
    pair = _pair(comparing.partners(found, _kind(kinds)))
    if pair is None:
        st.info(say("quality.same_report"), icon=":material/info:")
        return
    first, second = pair
    compared = operations().compare_reports(first["id"], second["id"])
    with st.container(border=True, key="comparison"):
        _result(compared)
        _changed_settings(first, second)
        _moved(reports.read(first["id"]), reports.read(second["id"]))


def _kind(kinds: Sequence[str]) -> str:
    names = {kind: reporting.kind_name(kind, language()) for kind in kinds}
    if st.session_state.get("compare_kind") not in names:
        st.session_state["compare_kind"] = kinds[0]
    chosen = st.segmented_control(
        say("quality.kind"), list(names), format_func=lambda key: names[key], required=True,
        key="compare_kind", label_visibility="collapsed",
    )  # fmt: skip
    return str(chosen)


def _pair(found: Sequence[Json]) -> tuple[Json, Json] | None:
    """The two reports that are chosen, the newest and the one before it at first; None when they are one."""
    by_id = {report["id"]: report for report in found}
    if st.session_state.get("compare_second") not in by_id:
        st.session_state["compare_second"] = comparing.best_second(found)["id"]
        st.session_state.pop("compare_first", None)
    if st.session_state.get("compare_first") not in by_id:
        second = by_id[st.session_state["compare_second"]]
        st.session_state["compare_first"] = (comparing.best_partner(second, found) or found[-1])["id"]
    left, right = st.columns(2, gap="large")
    with left:
        first = _choice("first", by_id)
    with right:
        second = _choice("second", by_id)
    return None if first["id"] == second["id"] else (first, second)


def _choice(which: str, by_id: dict[str, Json]) -> Json:
    chosen = st.selectbox(
        say(f"quality.{which}"), list(by_id), key=f"compare_{which}",
        format_func=lambda key: reporting.report_label(by_id[key]),
        help=say(f"quality.{which}_help"),
    )  # fmt: skip
    report = by_id[chosen]
    st.caption(plain(reporting.models_line(report)) or "–")
    return report


def _result(compared: Json) -> None:
    left_out = say("quality.left_out", number=compared["left_out"]) if compared["left_out"] else ""
    st.markdown(f"{say('quality.compared', number=compared['n'])} {left_out}")
    if better := comparing.judged_names(compared, "better", language()):
        st.success(say("quality.better", names=plain(" · ".join(better))), icon=":material/trending_up:")
    if worse := comparing.judged_names(compared, "worse", language()):
        st.error(say("quality.worse", names=plain(" · ".join(worse))), icon=":material/trending_down:")
    if not (better or worse):
        st.info(say("quality.no_difference"), icon=":material/trending_flat:")
    if (plot := comparison_plot(compared, language())) is not None:
        reports.draw(plot)
    columns = text_columns(
        measure=("quality.measure", 190), first=("quality.first", 90), second=("quality.second", 90),
        difference=("quality.difference", 90), interval=("quality.interval", 150),
        differing=("quality.differing", 145), verdict=("quality.verdict_column", 150),
    )  # fmt: skip
    rows = comparing.comparison_rows(compared, language())
    st.dataframe(rows, hide_index=True, key="comparison_table", column_config=columns)


def _changed_settings(first: Json, second: Json) -> None:
    st.subheader(say("quality.changed_settings"), anchor=False)
    if rows := comparing.changed_settings(first, second):
        reports.settings(rows)
    else:
        st.caption(say("quality.no_changed_settings"))


def _moved(first: Json, second: Json) -> None:
    """Questions that only one of them got right, with what both made of them."""
    found = comparing.moved(first, second)
    st.subheader(say("quality.moved"), anchor=False)
    if not found:
        st.caption(say("quality.none_moved"))
        return
    shown = found[:_MOST]
    rows = [
        {
            "moved": say("quality.gained" if gained else "quality.lost"),
            "question": new["question"],
            "first": outcome(old, language()),
            "second": outcome(new, language()),
        }
        for old, new, gained in shown
    ]
    columns = text_columns(
        moved=("quality.change", 110), question=("quality.question", 420), first=("quality.first", 200),
        second=("quality.second", 200),
    )  # fmt: skip
    at = picked("moved", [first["id"], second["id"]], rows, columns)
    if len(found) > _MOST:
        st.caption(say("show_more", number=len(found) - _MOST))
    if at is not None:
        _both(*shown[at][:2])


def _both(old: Json, new: Json) -> None:
    with st.container(border=True, key="moved_question"):
        st.markdown(f"**{plain(new['question'])}**")
        for column, key, row in zip(st.columns(2, gap="large"), ("first", "second"), (old, new), strict=True):
            with column:
                st.markdown(f"**{say(f'quality.{key}')}**")
                reports.details(row)
