"""The sign-in form as HTML: no script, nothing from elsewhere."""

from __future__ import annotations

import html

from starlette.requests import Request

from assistant.answers import Language
from ui.reasons import error_in
from ui.texts import LANGUAGES, language_of, t, texts

_STYLE = """
body { margin: 0; background: #f6f7f9; color: #1f2933; font: 15px/1.6 -apple-system, 'Segoe UI',
  'Hiragino Sans', 'Yu Gothic UI', Meiryo, 'Noto Sans JP', 'Noto Sans CJK JP', system-ui, sans-serif; }
main { max-width: 23rem; margin: 12vh auto 0; padding: 2rem; background: #fff; border: 1px solid #dfe4ea;
  border-radius: 8px; }
h1 { font-size: 1.3rem; margin: 0; } p { margin: 0 0 1.2rem; color: #52606d; font-size: .9rem; }
label { display: block; margin: 0 0 .9rem; font-size: .9rem; }
input { box-sizing: border-box; display: block; width: 100%; margin-top: .25rem; padding: .5rem .6rem;
  font: inherit; border: 1px solid #b8c2cc; border-radius: 8px; }
button { width: 100%; padding: .55rem; border: 0; border-radius: 8px; background: #2f5d8c; color: #fff;
  font: inherit; font-weight: 600; cursor: pointer; }
input:focus-visible, button:focus-visible { outline: 3px solid #8fb4d9; outline-offset: 1px; }
[role=alert] { margin: 0 0 1rem; padding: .6rem .8rem; background: #fdecea; color: #7d1f17;
  border-radius: 8px; }
small { display: block; margin-top: 1rem; color: #52606d; }
"""


def language_for(request: Request) -> Language:
    """As the address says, else as the browser does."""
    chosen = request.query_params.get("lang")
    if chosen in LANGUAGES:
        return "ja" if chosen == "ja" else "en"
    return language_of(request.headers.get("accept-language", "").partition(",")[0])


def form_page(language: Language, *, name: str = "", error: Exception | None = None) -> str:
    """The whole page, with what went wrong and the name that was given."""

    def say(key: str) -> str:
        return html.escape(t(language, "web", key))

    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{say('sign_in.title')} · Konkyo</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Konkyo</h1><p>{say('tagline')}</p>{_alert(language, error)}"
        '<form method="post">'
        f"<label>{say('sign_in.name')}<input name=name autocomplete=username autofocus required "
        f'maxlength=200 autocapitalize=none spellcheck=false value="{html.escape(name)}"></label>'
        f"<label>{say('sign_in.password')}<input name=password type=password required maxlength=2000 "
        "autocomplete=current-password></label>"
        f"<button>{say('sign_in.enter')}</button></form>"
        f"<small>{say('sign_in.hint')}</small></main></body></html>"
    )


def _alert(language: Language, error: Exception | None) -> str:
    if error is None:
        return ""
    known = texts(language)["web"]["errors"]
    what = known.get(type(error).__name__, known["other"])
    told = html.escape(error_in(language, str(error)))
    return f"<div role=alert><b>{html.escape(what)}</b> {told}</div>"
