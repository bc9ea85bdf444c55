"""The page: navigation, language, and the look that Streamlit's theme cannot give."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from pathlib import Path

# `streamlit run` puts this file's folder first on the path; the packages are found from the project's root.
_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

import streamlit as st  # noqa: E402

from assistant.answers import Language  # noqa: E402
from ui.web.allowed import may  # noqa: E402
from ui.web.launching import MAX_UPLOAD_MB  # noqa: E402
from ui.web.session import forget_shown, language, remember_language_setting, say  # noqa: E402
from ui.web.signing_in import person, signed_in_as  # noqa: E402
from ui.web.views import chat, dictionary, library, monitoring, quality, training, training_intake, verified  # noqa: E402

_ICON = str(Path(__file__).parent / "components" / "icon.png")
_NEEDED = {
    "chat": "ask", "library": "documents", "dictionary": "dictionary", "verified": "verified",
    "quality": "evaluation_reports", "training": "examples", "monitoring": "monitoring",
}  # fmt: skip
"""Each view by the operation without which it shows nothing."""
_NAMES: dict[Language, str] = {"ja": "日本語", "en": "English"}


def main() -> None:
    """Draw the page that is open."""
    # A file of our own: Streamlit would fetch the picture of a named icon from a font server.
    st.set_page_config("Konkyo", page_icon=_ICON, layout="wide", initial_sidebar_state="expanded")
    remember_language_setting()
    _look()
    found = person()
    if found is None:
        with st.sidebar:
            _brand()
            _language_switch()
        return
    pages = {
        "chat": st.Page(chat.page, title=say("chat"), icon=":material/forum:", url_path="chat", default=True),
        "library": st.Page(
            library.page, title=say("library"), icon=":material/folder_open:", url_path="library"
        ),
        "dictionary": st.Page(
            dictionary.page, title=say("dictionary"), icon=":material/dictionary:", url_path="dictionary"
        ),
        "verified": st.Page(
            verified.page, title=say("editor.title"), icon=":material/verified_user:", url_path="verified"
        ),
        "quality": st.Page(
            quality.page, title=say("quality.title"), icon=":material/monitoring:", url_path="quality"
        ),
        "training": st.Page(
            training.page, title=say("training.title"), icon=":material/model_training:", url_path="training"
        ),
        "monitoring": st.Page(
            monitoring.page, title=say("usage.title"), icon=":material/insights:", url_path="monitoring"
        ),
    }
    pages = {name: page for name, page in pages.items() if may(_NEEDED[name])}
    st.session_state["pages"] = pages
    opened = st.navigation(list(pages.values()), position="hidden")
    with st.sidebar:
        _brand()
        for page in pages.values():
            st.page_link(page)
        if opened.url_path == pages["chat"].url_path:
            chat.sidebar()
        signed_in_as(found)
        _language_switch()
    opened.run()
    forget_shown()


def _brand() -> None:
    st.html(f'<div class="k-brand"><b>Konkyo</b><span>{html.escape(say("tagline"))}</span></div>')


def _language_switch() -> None:
    with st.container(key="language_switch"):
        st.segmented_control(
            say("language"),
            list(_NAMES),
            format_func=lambda code: _NAMES[code],
            default=language(),
            required=True,
            key="language_choice",
            on_change=_choose_language,
            label_visibility="collapsed",
        )


def _choose_language() -> None:
    st.session_state["language"] = st.session_state["language_choice"]
    st.query_params["lang"] = st.session_state["language_choice"]


def _look() -> None:
    style = (Path(__file__).parent / "components" / "page.css").read_text("utf-8")
    words = {"drop": say("drop"), "limit": _limit(library.SUFFIXES), "browse": say("browse")}
    lines = "".join(f"--k-{name}: {_css_string(text)};" for name, text in words.items())
    examples = f".st-key-example_intake {{ --k-limit: {_css_string(_limit(training_intake.SUFFIXES))}; }}"
    st.html(f"<style>:root {{ {lines} }}\n{style}\n{examples}</style>")


def _limit(suffixes: Sequence[str]) -> str:
    """What an uploader takes."""
    formats = " ".join(suffix.lstrip(".").upper() for suffix in suffixes)
    return say("drop_limit", megabytes=MAX_UPLOAD_MB, formats=formats)


def _css_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ") + '"'


if __name__ == "__main__":
    main()
