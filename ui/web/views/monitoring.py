"""The page on use: how much is asked, how well it goes, what to write next, and whether to train again."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.moments import day
from ui.web import usage
from ui.web.resources import operations
from ui.web.session import errors_shown, language, open_conversation, plain, say
from ui.web.usage_charts import days_plot, small_plots
from ui.web.views.picking import text_columns
from ui.web.views.reports import draw

Json = dict[str, Any]

PERIODS = (7, 30, 90, 365)
_RETRAIN_ICONS = {"train": "model_training", "review": "rate_review"}


def page() -> None:
    """Draw the report of the period that is chosen."""
    with st.container(key="usage"):
        st.title(say("usage.title"), anchor=False)
        st.caption(say("usage.more_about"))
        names = {days: say("usage.days", days=days) for days in PERIODS}
        days = st.segmented_control(
            say("usage.period"), list(names), format_func=lambda chosen: names[chosen], default=30,
            required=True, key="usage_days", label_visibility="collapsed",
        )  # fmt: skip
        with errors_shown():
            with st.spinner(say("usage.counting")):
                report = operations().monitoring(days=days or 30)
            _report(report)


def _report(report: Json) -> None:
    before = report["before"]
    st.caption(
        say(
            "usage.range", first=report["from"], last=report["to"], before_first=before["from"],
            before_last=before["to"],
        )
    )  # fmt: skip
    if usage.is_empty(report):
        with st.container(border=True, key="no_usage"):
            st.subheader(say("usage.empty_title"), anchor=False)
            st.write(say("usage.empty"))
        _retrain(report)
        return
    _numbers(report)
    draw(days_plot(report, language()))
    plots = list(small_plots(report, language()))
    for start in range(0, len(plots), 2):
        for column, plot in zip(st.columns(2, gap="large"), plots[start : start + 2], strict=False):
            with column:
                draw(plot)
                if plot.name == "usage_topics":
                    st.caption(plain(usage.topics_line(report, language())))
    _shares(report)
    _write_next(report["unanswered"])
    _models(report)
    _retrain(report)


def _numbers(report: Json) -> None:
    saved, total = report["time_saved"], report["latency"]["total_ms"]
    with st.container(horizontal=True, key="usage_numbers"):
        st.metric(
            say("usage.questions"), report["questions"], delta_color="off",
            delta=report["questions"] - report["before"]["questions"],
        )  # fmt: skip
        st.metric(
            say("usage.answered_share"), usage.percent(usage.answered_share(report)),
            help=say("usage.answered_help"),
        )  # fmt: skip
        st.metric(
            say("usage.unsupported_share"), usage.percent(report["shares"]["unsupported"]["share"]),
            help=say("usage.unsupported_help"),
        )  # fmt: skip
        if total["n"]:
            st.metric(
                say("usage.median_time"), say("usage.seconds", value=usage.seconds(total["median"])),
                help=say("usage.median_help", p95=usage.seconds(total["p95"])),
            )  # fmt: skip
        st.metric(
            say("usage.time_saved"), say("usage.hours", value=f"{saved['minutes'] / 60:,.1f}"),
            help=say("usage.time_help", **saved),
        )  # fmt: skip


def _shares(report: Json) -> None:
    columns = text_columns(
        share=("usage.share", 185), now=("usage.share_now", 70), interval=("usage.interval", 130),
        of=("usage.of", 80), before=("usage.share_before", 70), difference=("usage.difference", 205),
        state=("usage.state", 175),
    )  # fmt: skip
    rows = usage.share_rows(report, language())
    st.dataframe(rows, hide_index=True, key="usage_shares_table", column_config=columns)
    st.caption(usage.feedback_line(report, language()))


def _write_next(found: Json) -> None:
    st.subheader(say("usage.write_next"), anchor=False)
    if not found["n"]:
        st.success(say("usage.none_unanswered"), icon=":material/check_circle:")
        return
    st.caption(say("usage.write_more", number=found["n"]))
    for number, group in enumerate(found["groups"]):
        title = plain(usage.group_title(group, language()))
        with st.expander(title, expanded=number == 0, key=f"write_next_{number}"):
            for line in usage.group_lines(group, language()):
                st.caption(plain(line))
            for question in group["questions"]:
                _question(question)
    if found["left_out"]:
        st.caption(say("usage.left_out", number=found["left_out"]))


def _question(question: Json) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"{plain(question['question'])} :gray[{day(question['at'])}]")
        # Not in a callback: only a run of the page may go to another one.
        if st.button(
            say("usage.open_chat"), key=f"asked_{question['message']}", type="tertiary",
            icon=":material/forum:",
        ):  # fmt: skip
            open_conversation(question["conversation"])
            st.switch_page(st.session_state["pages"]["chat"])


def _models(report: Json) -> None:
    if report["models"]:
        st.subheader(say("usage.models"), anchor=False)
        columns = text_columns(
            model=("usage.model", 210), adapter=("usage.adapter", 110),
            abstained=("usage.abstained_share", 80), unsupported=("usage.ungrounded", 85),
            first_token=("usage.first_token", 115), total=("usage.total", 85), p95=("usage.p95", 85),
        ) | {
            key: st.column_config.NumberColumn(say(f"usage.{key}"), width=70)
            for key in ("questions", "up", "down")
        }  # fmt: skip
        rows = usage.model_rows(report, language())
        st.dataframe(rows, hide_index=True, key="usage_models", column_config=columns)
    if documents := usage.document_rows(report):
        st.subheader(say("usage.documents"), anchor=False)
        columns = text_columns(document=("usage.document", "medium"), place=("usage.place", "large")) | {
            "now": st.column_config.NumberColumn(say("usage.cited_now"), width=70),
            "before": st.column_config.NumberColumn(say("usage.cited_before"), width=70),
        }
        st.dataframe(documents, hide_index=True, key="usage_documents", column_config=columns)


def _retrain(report: Json) -> None:
    st.subheader(say("usage.retrain"), anchor=False)
    line = plain(usage.retrain_line(report, language()))
    if not report["retrain"]["commands"]:
        st.caption(line)
        return
    st.info(line, icon=f":material/{_RETRAIN_ICONS[report['retrain']['state']]}:")
    if "training" in st.session_state["pages"]:
        st.page_link(st.session_state["pages"]["training"], label=say("training.to_training"))
    st.caption(say("usage.run"))
    st.code("\n".join(report["retrain"]["commands"]), language=None)
