"""The cookie by which a browser stays signed in. Scripts cannot read it, and other sites cannot send it.

The secret of a session stands nowhere else in the browser: an address is copied, logged and kept in the
history, and what a page stores itself every script of that page can read.
"""

from __future__ import annotations

import hashlib
import os
from urllib.parse import urlsplit

from starlette.requests import cookie_parser

_LONGEST = 200  # characters; the secret of a session has 47


def cookie_name() -> str:
    """One for each workspace: browsers send cookies to every port of a host."""
    workspace = os.environ.get("KONKYO_WORKSPACE", "")
    return f"konkyo_{hashlib.sha256(workspace.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def set_cookie(secret: str, *, origin: str) -> str:
    """The header that keeps `secret` until the browser ends; over TLS it is sent over TLS only."""
    return _header(secret, origin)


def drop_cookie(*, origin: str) -> str:
    """The header that takes the cookie away."""
    return f"{_header('', origin)}; Max-Age=0"


def secret_in(header: str) -> str:
    """The secret in a request's Cookie header; "" when there is none."""
    # Not http.cookies: one odd cookie of another program would hide ours.
    return plausible(cookie_parser(header).get(cookie_name(), ""))


def plausible(secret: str) -> str:
    """`secret`, or "" when it cannot be one: it becomes part of a header."""
    fits = len(secret) <= _LONGEST and secret.isascii() and secret.replace("-", "").replace("_", "").isalnum()
    return secret if fits else ""


def _header(value: str, origin: str) -> str:
    secure = "; Secure" if urlsplit(origin).scheme == "https" else ""
    return f"{cookie_name()}={value}; Path=/; HttpOnly; SameSite=Strict{secure}"
