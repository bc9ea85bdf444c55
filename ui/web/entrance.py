"""The way into the page: the sign-in form, a plain page beside Streamlit's, and the keeper of the rest.

The form is a page of its own because only an HTTP answer can set a cookie that scripts cannot read; what
Streamlit draws comes over a WebSocket. Both are served under one address by `ui.web.served`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.errors import SignInError, SignInLimitError
from ingestion.access_settings import ProxySettings
from ui.api.guard import LOOPBACK_NAMES
from ui.errors import EXPECTED
from ui.web import resources
from ui.web.cookies import cookie_name, drop_cookie, secret_in, set_cookie
from ui.web.entrance_page import form_page, language_for
from ui.web.vouched import VouchedSessions

Json = dict[str, Any]
_LONGEST_FORM = 8 << 10  # bytes: a name and a password
_VIEW = re.compile(r"[a-z_]{0,40}")
_KEPT = ("/media/", "/_stcore/upload_file/")
"""What Streamlit hands out, or takes, without asking who comes."""


def _settings() -> ProxySettings:
    from ingestion.workspace import open_workspace

    return open_workspace().settings().access.proxy


proxy_settings: Callable[[], ProxySettings] = _settings
"""Tells the settings of proxies once. A test may put its own here."""


@cache
def vouched() -> VouchedSessions:
    """The sessions that proxies have opened, for all tabs."""
    return VouchedSessions(proxy_settings())


def routes() -> list[Route]:
    """`/sign-in`: the form, and where it is sent to."""
    return [Route("/sign-in", _form, methods=["GET"]), Route("/sign-in", _sent, methods=["POST"])]


class Keeper:
    """Lets nobody but those who are signed in at what Streamlit itself lets anybody do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "websocket" or (scope["type"] == "http" and _kept(scope)):
            scope = await run_in_threadpool(_with_vouched, scope)
        if scope["type"] == "websocket" and not await run_in_threadpool(_may_connect, scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "not under this name"})
        elif scope["type"] == "http" and _kept(scope) and not await run_in_threadpool(_signed_in, scope):
            await PlainTextResponse("sign in first", 401)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def header(scope: Scope, name: bytes) -> str:
    """The value of a request's header, "" without."""
    return str(next((value for key, value in scope["headers"] if key == name), b"").decode("latin-1"))


def _kept(scope: Scope) -> bool:
    return str(scope["path"]).startswith(_KEPT)


def _with_vouched(scope: Scope) -> Scope:
    """The request with the session of whom a proxy vouches for, in the place of what the browser keeps."""
    try:
        secret = resources.asked(lambda common: vouched().secret(scope, common))
    except EXPECTED:
        return scope  # the form says why
    if not secret:
        return scope
    others = [(key, value) for key, value in scope["headers"] if key != b"cookie"]
    return {**scope, "headers": [*others, (b"cookie", f"{cookie_name()}={secret}".encode())]}


def _signed_in(scope: Scope) -> bool:
    """Whether somebody is, or nobody needs to be."""
    told = _session(secret_in(header(scope, b"cookie")))
    return told is not None and (told["accounts"] is not True or told["user"] is not None)


def _may_connect(scope: Scope) -> bool:
    """Whether the page that opens a connection is ours.

    Pages at other ports of this host get the cookie sent along, and Streamlit takes them for its own.
    Without accounts there is no cookie to keep out a name that somebody pointed at this machine.
    """
    origin, host = header(scope, b"origin"), header(scope, b"host")
    if origin and urlsplit(origin).netloc.lower() != host.lower():
        return False
    if _name_of(host) in LOOPBACK_NAMES:
        return True
    told = _session("")
    return told is not None and told["accounts"] is True


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _session(secret: str) -> Json | None:
    """As `ServiceClient.session_of`; None when it is over or cannot be told."""
    try:
        return resources.asked(lambda common: _told(common, secret))
    except EXPECTED:
        return None


def _told(common: Any, secret: str) -> Json:
    if not hasattr(common, "session_of"):  # work in this process: one user
        return {"accounts": False, "user": None}
    found: Json = common.session_of(secret)
    return found


async def _form(request: Request) -> Response:
    return await run_in_threadpool(_asked, request)


def _asked(request: Request) -> Response:
    view = _view(request.query_params.get("next", ""))
    try:
        if resources.asked(lambda common: vouched().secret(request.scope, common)):
            return _to(view, request)
    except EXPECTED as error:
        return _page(form_page(language_for(request), error=error), 403)
    language, secret = language_for(request), secret_in(request.headers.get("cookie", ""))
    try:
        told = resources.asked(lambda common: _told(common, secret))
    except SignInError as error:
        page = _page(form_page(language, error=error if request.query_params.get("over") else None))
        page.headers.append("set-cookie", drop_cookie(origin=str(request.base_url)))
        return page
    except EXPECTED as error:  # the cookie may be good again when the service is
        return _page(form_page(language, error=error), 503)
    if told["accounts"] is not True or told["user"] is not None:
        return _to(view, request)
    return _page(form_page(language))


async def _sent(request: Request) -> Response:
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _LONGEST_FORM:
        return PlainTextResponse("the form is too long", 413)
    if not _from_here(request):
        return PlainTextResponse("this form is not of this page", 403)
    try:
        fields = parse_qs((await request.body()).decode("utf-8"), keep_blank_values=True, max_num_fields=8)
    except ValueError:
        return PlainTextResponse("this form cannot be read", 400)
    name, password = (fields.get(key, [""])[0] for key in ("name", "password"))
    return await run_in_threadpool(_enter, request, name, password)


def _from_here(request: Request) -> bool:
    """Whether our own page sends the form: another's could sign somebody in as its maker."""
    origin = request.headers.get("origin", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    host = request.headers.get("host", "")
    return site == "same-origin" and bool(origin) and urlsplit(origin).netloc.lower() == host.lower()


def _enter(request: Request, name: str, password: str) -> Response:
    address = vouched().proxies.address(request.scope)
    before = secret_in(request.headers.get("cookie", ""))
    try:
        told = resources.asked(lambda common: common.begin_session(name, password, address=address))
    except EXPECTED as error:
        status = 429 if isinstance(error, SignInLimitError) else 503
        status = 401 if type(error) is SignInError else status
        return _page(form_page(language_for(request), name=name, error=error), status)
    if before:
        with suppress(*EXPECTED):  # it is over already, or will be
            resources.asked(lambda common: common.as_session(before).sign_out())
    secret = str(told["token"])
    done = _to(_view(request.query_params.get("next", "")), request)
    done.headers.append("set-cookie", set_cookie(secret, origin=request.headers.get("origin", "")))
    return done


def _view(name: str) -> str:
    """A view of this page and nothing else: nobody is sent on to another site."""
    return name if _VIEW.fullmatch(name) else ""


def _to(view: str, request: Request) -> Response:
    language = request.query_params.get("lang", "")
    query = f"?{urlencode({'lang': language})}" if language else ""
    return RedirectResponse(f"./{view}{query}", 303, {"cache-control": "no-store"})


def _page(html: str, status: int = 200) -> Response:
    headers = {
        "cache-control": "no-store",
        "content-security-policy": (
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return HTMLResponse(html, status, headers)
