"""Signing in: where there are accounts, each tab works in the name of one person.

The page itself has the service's token, which acts for nobody then. A tab keeps the secret of its session, in
the memory of this process and nowhere else, so that a reload of the page asks for the password again.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from assistant.errors import SignInError
from ui.errors import EXPECTED
from ui.web import resources
from ui.web.session import plain, say, show_error

Json = dict[str, Any]
_STRANGER = {"user": None}
_OF_THE_TAB = ("language", "language_setting")
"""What a tab remembers that is nobody's own."""


def person() -> Json | None:
    """Who is signed in (`{user: None}` where there are no accounts); None: the form stands for the page."""
    common = resources.shared()
    look = getattr(common, "session", None)
    if look is None:  # work in this process, or a page in a test: one user
        return _STRANGER
    try:
        found: Json = look()
        if found["accounts"] is not True:
            st.session_state.pop("signed_in", None)
            return _STRANGER
        if (mine := st.session_state.get("signed_in")) is not None:
            told: Json = mine.session()
            return told
    except SignInError as error:
        _forget()
        show_error(error)
    except EXPECTED as error:
        show_error(error)
        return None
    _form(common)
    return None


def signed_in_as(found: Json) -> None:
    """Below the navigation: whose page this is, and the way out."""
    if found["user"] is None:
        return
    st.caption(plain(found["display_name"]))
    if st.button(say("sign_in.leave"), icon=":material/logout:", key="sign_out"):
        mine = st.session_state.pop("signed_in", None)
        if mine is not None:
            mine.sign_out()
        st.session_state.clear()
        st.rerun()


def _forget() -> None:
    """Whoever signs in next in this tab is not shown what it remembers of the one before."""
    kept = {key: st.session_state[key] for key in _OF_THE_TAB if key in st.session_state}
    st.session_state.clear()
    st.session_state.update(kept)


def _form(common: Any) -> None:
    st.subheader(say("sign_in.title"))
    with st.form("sign_in", width=420):
        name = st.text_input(say("sign_in.name"), autocomplete="username")
        password = st.text_input(say("sign_in.password"), type="password", autocomplete="current-password")
        sent = st.form_submit_button(say("sign_in.enter"), type="primary")
    st.caption(say("sign_in.hint"))
    if not sent:
        return
    try:
        st.session_state["signed_in"] = common.sign_in(name, password, address=st.context.ip_address)
    except EXPECTED as error:
        show_error(error)
        return
    st.rerun()
