"""Who is signed in: where there are accounts, each tab works in the name of one person.

The page itself has the service's token, which acts for nobody then. The browser sends the secret of the
person's session in a cookie when it opens the page (`ui.web.entrance` sets it), so that a reload asks for
nothing. What a tab remembers in this process belongs to that secret, and is forgotten with it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from assistant.errors import SignInError
from ui.errors import EXPECTED
from ui.web import resources
from ui.web.cookies import cookie_name, plausible
from ui.web.session import language, plain, say, show_error

Json = dict[str, Any]
_STRANGER = {"user": None}
_OF_THE_TAB = ("language", "language_setting", "left")
"""What a tab remembers that is nobody's own."""
_TO_FORM = """<p>{said}</p><p><a href="{form}" target="_self">{title}</a></p><script>(() => {{
const at = location.pathname, cut = at.lastIndexOf("/") + 1;
location.replace(at.slice(0, cut) + {address} + "&next=" + encodeURIComponent(at.slice(cut)));
}})()</script>"""


def _of_browser() -> str:
    return plausible(st.context.cookies.get(cookie_name(), ""))


secret_of_tab: Callable[[], str] = _of_browser
"""Tells the secret with which the browser opened the page. A test may put its own here."""


def person() -> Json | None:
    """Who is signed in (`{user: None}` where there are no accounts); None: the way to the form is shown."""
    common: Any = resources.shared()
    if not hasattr(common, "session_of"):  # work in this process, or a page in a test: one user
        return _STRANGER
    secret = secret_of_tab()
    if st.session_state.get("session_secret", "") != secret:
        _forget()  # another person has signed in since, in this browser
        st.session_state["session_secret"] = secret
    try:
        found: Json = common.session_of(secret)
    except SignInError:
        _to_form(over=True)
        return None
    except EXPECTED as error:
        show_error(error)
        return None
    if found["accounts"] is not True:
        for key in ("signed_in", "signed_in_through", "role"):
            st.session_state.pop(key, None)
        return _STRANGER
    if found["user"] is None:
        _to_form(over=False)
        return None
    if st.session_state.get("signed_in_through") is not common:  # the service may have started anew
        st.session_state["signed_in"] = common.as_session(secret)
        st.session_state["signed_in_through"] = common
    st.session_state["role"] = found["role"]
    return found


def signed_in_as(found: Json) -> None:
    """Below the navigation: whose page this is, and the way out."""
    if found["user"] is None:
        return
    st.caption(plain(found["display_name"]))
    if found.get("way") == "proxy":
        _leave_proxy()
    elif st.button(say("sign_in.leave"), icon=":material/logout:", key="sign_out"):
        st.session_state["signed_in"].sign_out()
        _forget()
        st.session_state["left"] = True
        st.rerun()


def _leave_proxy() -> None:
    """A proxy would let them in again at once: only its own address ends that."""
    from ui.web.entrance import proxy_settings

    if where := proxy_settings().sign_out:
        leave = html.escape(say("sign_in.leave"))
        st.html(f'<a href="{html.escape(where)}" target="_self">{leave}</a>')


def _forget() -> None:
    """Whoever signs in next in this tab is not shown what it remembers of the one before."""
    kept = {key: st.session_state[key] for key in _OF_THE_TAB if key in st.session_state}
    st.session_state.clear()
    st.session_state.update(kept)


def _to_form(*, over: bool) -> None:
    """Send the browser to the form: only an answer over HTTP can give it the cookie."""
    left = st.session_state.pop("left", False)
    over = over and not left
    _forget()
    address = f"sign-in?lang={language()}" + ("&over=1" if over else "")
    st.html(
        _TO_FORM.format(
            said=html.escape(say("sign_in.over" if over else "sign_in.needed")),
            title=html.escape(say("sign_in.title")), form=html.escape(address), address=json.dumps(address),
        ),
        unsafe_allow_javascript=True,
    )  # fmt: skip
