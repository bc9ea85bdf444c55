"""Signing in and out over HTTP. The only addresses that take a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from assistant.accounts.vouching import Vouched
from assistant.errors import SignInError
from ingestion.access_settings import ProxySettings
from ingestion.errors import IngestionError
from ui.account_files import AccountFiles
from ui.api.guard import bearer, is_trusted
from ui.api.proxies import Proxies

if TYPE_CHECKING:
    from assistant.accounts.accounts import Accounts

Json = dict[str, Any]
_NONE = Proxies(ProxySettings())
ADDRESS_HEADER = "x-konkyo-address"
"""Where a person sits whom the page signs in; believed only of the page, which has the service's token."""


class SignInBody(BaseModel):
    """Name and password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=200)
    password: str = Field(max_length=2000, repr=False)


class VouchedBody(BaseModel):
    """Whom a proxy before the page vouches for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(max_length=4096)
    display_name: str = Field("", max_length=200)
    groups: list[str] = Field(default_factory=list, max_length=2000)


def session_routes(files: AccountFiles, proxies: Proxies | None = None) -> APIRouter:
    """`/session`: begin one, look at it, end it. `proxies` say where people sit."""
    routes = APIRouter()

    @routes.post("/session")
    def sign_in(body: SignInBody, request: Request) -> Json:
        accounts = _accounts(files, request)
        if accounts is None:
            raise SignInError("there are no accounts here, so nobody signs in.")
        told = request.headers.get(ADDRESS_HEADER) if is_trusted(request.scope) else None
        client = (proxies or _NONE).address(request.scope)
        secret, session = accounts.door.sign_in(body.name, body.password, address=told or client)
        return {**session, "token": secret}

    @routes.post("/session/proxy")
    def vouched(body: VouchedBody, request: Request) -> Json:
        accounts = _accounts(files, request)
        if accounts is None or not is_trusted(request.scope):  # the guard asks, too
            raise SignInError("there are no accounts here, so nobody signs in.")
        who = Vouched(body.user, "proxy", body.display_name, frozenset(body.groups))
        secret, session = accounts.door.vouched(who)
        return {**session, "token": secret}

    @routes.get("/session")
    def session(request: Request) -> Json:
        accounts = _accounts(files, request)
        if accounts is None:
            return {"accounts": False, "user": None}
        secret = bearer(request.scope)
        if is_trusted(request.scope) or not secret:
            return {"accounts": True, "user": None}
        return {"accounts": True, **accounts.door.session(secret)}

    @routes.delete("/session")
    def sign_out(request: Request) -> Json:
        accounts = _accounts(files, request)
        if accounts is not None:
            accounts.door.sign_out(bearer(request.scope))
        return {"done": True}

    return routes


def _accounts(files: AccountFiles, request: Request) -> Accounts | None:
    """The accounts. Where damaged ones lie is told on this machine only, as `ui.api.guard` does."""
    try:
        return files.current()
    except IngestionError as error:
        if is_trusted(request.scope):
            raise
        raise SignInError("nobody can be let in now") from error
