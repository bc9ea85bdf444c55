"""Who may talk to the service, under a name that cannot be rebound to this machine.

Without accounts: holders of the token of service.json. With accounts: people with a session or a token of
their own, as far as `ui.api.route_table` and `ui.access` let them.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import socket
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.errors import AccessRefusedError, SignInError
from ingestion.errors import IngestionError
from ui.api.error_bodies import body_of
from ui.errors import ServiceError

if TYPE_CHECKING:
    from assistant.accounts.vouching import Vouched
    from ui.api.acting import Gate
    from ui.api.proxies import Proxies

TRUSTED = "konkyo.trusted"
"""Key of a request's scope: whether it came with the token."""
PROBES = frozenset({"/health", "/ready"})
"""Addresses that whoever watches the service may ask for without the token."""
_LONGEST_OF_STRANGERS = 64 << 10
"""Bytes of a body that are taken into memory of somebody who has not said who it is."""
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Answers 401 without the bearer token, and 421 when the Host header is not one of `hosts`.

    Addresses `without_token` may be read (GET) by anybody. The Host check stops a web page whose name was
    pointed at this machine. With `any_address`, plain IP addresses pass too: a service that others may reach
    knows not under which address they do.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        hosts: Collection[str],
        any_address: bool = False,
        without_token: Collection[str] = PROBES,
        gate: Gate | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        """`gate` knows the accounts; without one there are none. `proxies` may say who comes."""
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._hosts = frozenset(host.lower() for host in hosts)
        self._any_address = any_address
        self._without_token = frozenset(without_token)
        self._gate = gate
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if not self._host_allowed(headers.get(b"host", b"").decode("latin-1")):
            await _refuse(scope, send, 421, "this service is not known under that name")
            return
        trusted = secrets.compare_digest(headers.get(b"authorization", b""), self._expected)
        scope = {**scope, TRUSTED: trusted}
        if self._gate is not None:
            await self._through(self._gate, scope, receive, send)
        elif not trusted and not (scope["method"] == "GET" and scope["path"] in self._without_token):
            await _refuse(scope, send, 401, "the token of service.json is missing or wrong")
        else:
            await self._app(scope, receive, send)

    async def _through(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        from ui.api.acting import USER_HEADER, Caller, begin

        named = dict(scope["headers"]).get(USER_HEADER, b"").decode("utf-8", "replace")
        try:
            vouched = None if is_trusted(scope) else self._vouched(scope)
            caller = Caller(is_trusted(scope), bearer(scope), unquote(named) or None, vouched)
            operations = await run_in_threadpool(
                gate.admit,
                scope["method"],
                scope["path"],
                caller,
                open_metrics="/metrics" in self._without_token,
            )
        except (SignInError, AccessRefusedError, IngestionError) as error:
            await _refuse(scope, send, *_refusal(error, is_trusted(scope)))
            return
        if operations is None and not caller.trusted and _too_long(scope):
            await _refuse(scope, send, 413, "the request is too long")
            return
        if operations is not None:
            begin(operations)
        await self._app(scope, receive, send)

    def _vouched(self, scope: Scope) -> Vouched | None:
        from ui.api.proxies import from_other_page

        found = None if self._proxies is None else self._proxies.person(scope)
        if found is not None and from_other_page(scope):
            raise SignInError("this request was sent by a page of another place.")
        return found

    def _host_allowed(self, value: str) -> bool:
        name = _without_port(value).lower()
        return name in self._hosts or (self._any_address and _is_address(name))


def is_trusted(scope: Mapping[str, Any]) -> bool:
    """Whether a request came with the token; one that passed no guard did not."""
    return scope.get(TRUSTED) is True


def bearer(scope: Mapping[str, Any]) -> str:
    """The secret that a request came with, "" without."""
    value = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    return value.removeprefix("Bearer ").strip() if value.startswith("Bearer ") else ""


def allowed_hosts(host: str) -> frozenset[str]:
    """Names under which a service that listens on `host` may be addressed."""
    if is_loopback(host):
        return LOOPBACK_NAMES | {host}
    return LOOPBACK_NAMES | {host, socket.gethostname(), socket.getfqdn()}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _too_long(scope: Scope) -> bool:
    """Whether a body is longer than a stranger's may be, or does not say how long it is."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    told = b"transfer-encoding" not in headers and length.isdigit()
    return not told or int(length) > _LONGEST_OF_STRANGERS


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _without_port(value: str) -> str:
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0]


def _refusal(error: Exception, trusted: bool) -> tuple[int, Exception]:
    """Status and error for one who is not let in. Where damaged accounts lie is not for strangers."""
    if isinstance(error, IngestionError):
        return 503, error if trusted else SignInError("nobody can be let in now")
    return (401 if isinstance(error, SignInError) else 403), error


async def _refuse(scope: Scope, send: Send, status: int, message: str | Exception) -> None:
    error = ServiceError(message) if isinstance(message, str) else message
    body = json.dumps(body_of(error, scope["path"], status)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
