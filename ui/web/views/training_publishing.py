"""Publishing an adapter, to all or to a share of the users, taking it back, and deleting one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from assistant.adapters import BASE
from ui.web import adapted
from ui.web.resources import operations
from ui.web.session import errors_shown, plain, say, tell

Json = dict[str, Any]

_SHARE = 0.2


def publish(listed: Json, publication: Json) -> None:
    """Buttons that open what has to be confirmed."""
    name = listed["name"]
    acts = len(publication["history"])  # after an act another popover stands there, and it is closed
    with st.container(horizontal=True, key="publish_buttons"):
        lacking = _lacking(listed)
        answers = listed["published"] and not listed["problem"]  # what was exported anew since does not
        with st.popover(
            say("training.publish"), icon=":material/publish:", key=f"publish_more_{name}_{acts}",
            type="primary", disabled=bool(lacking) or answers, help=lacking or None,
        ):  # fmt: skip
            _form(listed)
        serves = listed["published"] or listed["trial"] is not None
        with st.popover(
            say("training.remove"), icon=":material/delete:", key=f"remove_more_{name}_{acts}",
            type="tertiary", disabled=serves,
        ):  # fmt: skip
            st.caption(say("training.remove_more"))
            if st.button(say("training.remove_now"), type="primary", key=f"remove_{name}"):
                with errors_shown():
                    operations().remove_adapter(name)
                    _done(say("training.removed", adapter=plain(name)))
    if lacking:
        st.caption(lacking)


def _lacking(listed: Json) -> str:
    """Why it cannot be published, whatever reason is given; "" when it can."""
    if not listed["exported"]:
        return say("training.needs_export")
    return "" if listed["parity"] else say("training.needs_parity")


def _form(listed: Json) -> None:
    name = listed["name"]
    st.caption(say("training.publish_more"))
    names = {"all": say("training.serves_all"), "some": say("training.share")}
    whom = st.segmented_control(
        say("training.whom"), list(names), format_func=lambda key: names[key], default="all", required=True,
        key=f"publish_whom_{name}",
    )  # fmt: skip
    share = None
    if whom == "some":
        share = st.slider(
            say("training.share"), 0.05, 0.95, _SHARE, 0.05, format="percent", key=f"publish_share_{name}"
        )
    by = _name(f"publish_by_{name}")
    force = False
    if not listed["gate"]:
        force = st.checkbox(say("training.force"), key=f"publish_force_{name}")
    reason = st.text_area(
        say("training.why"), key=f"publish_reason_{name}", height=68, help=say("training.why_help")
    ).strip()
    if force and not (reason and by):
        st.caption(say("training.why_needed"))
    ready = bool(listed["gate"]) or (force and bool(reason) and bool(by))
    if st.button(
        say("training.publish_now"), type="primary", key=f"publish_{name}", disabled=not ready,
        icon=":material/check:",
    ):  # fmt: skip
        with errors_shown():
            operations().publish_adapter(name, by=by, trial=share, force=force, reason=reason)
            st.session_state["editor_name"] = by
            if share is None:
                _done(say("training.published", adapter=plain(name)))
            _done(say("training.tried", adapter=plain(name), share=f"{share:.0%}"))


def roll_back(publication: Json) -> None:
    """Whatever was served before, or the base model."""
    current, trial = publication["current"], publication["trial"]
    if current is None and trial is None:
        return
    with st.popover(
        say("training.roll_back"), icon=":material/undo:", key=f"roll_back_more_{len(publication['history'])}"
    ):
        st.caption(say("training.roll_back_more"))
        former = adapted.former(publication["history"], current)
        names = {"": say("training.roll_back_last")}
        names |= {name or BASE: name or say("training.base_model") for name in former}
        to = st.selectbox(
            say("training.roll_back_to"), list(names), format_func=lambda key: names[key], key="roll_back_to"
        )
        by = _name("roll_back_by")
        reason = st.text_area(
            say("training.why"), key="roll_back_reason", height=68, help=say("training.why_help")
        )
        if st.button(say("training.roll_back_now"), type="primary", key="roll_back"):
            with errors_shown():
                done = operations().roll_back_adapter(by=by, to=to or None, reason=reason.strip())
                st.session_state["editor_name"] = by
                answers = done["current"] or say("training.base_model")
                _done(say("training.rolled_back", adapter=plain(answers)))


def _name(key: str) -> str:
    known = st.session_state.get("editor_name", "")
    return str(st.text_input(say("training.by"), value=known, key=key)).strip()


def _done(text: str) -> None:
    tell("adapters", text)
    st.rerun()
