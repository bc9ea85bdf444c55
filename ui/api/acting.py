"""Whose request it is that is being answered, and what its user may use."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from assistant.accounts.roles import LOCAL, Actor
from assistant.errors import AccessRefusedError, AccountError, SignInError
from ui.access import acting, require
from ui.api.route_table import METRICS, PUBLIC, SERVICE, TOOLS, done_at

if TYPE_CHECKING:
    from assistant.accounts.vouching import Vouched
    from ui.account_files import AccountFiles
    from ui.local import LocalOperations
    from ui.operations import Operations

USER_HEADER = b"x-konkyo-user"
"""Who acts, from a command on this machine that has the service's token."""
_CURRENT: ContextVar[Operations] = ContextVar("operations of the request")


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request came with: the service's token or another `secret`, and the `user` that it names.

    `vouched` is who a proxy says that it is; a secret outranks that.
    """

    trusted: bool
    secret: str
    user: str | None
    vouched: Vouched | None = None


class Gate:
    """Decides for each request who acts and whether that is allowed. Blocks: for threads."""

    def __init__(self, operations: LocalOperations, accounts: AccountFiles) -> None:
        self._operations = operations
        self._accounts = accounts

    def admit(self, method: str, path: str, caller: Caller, *, open_metrics: bool) -> Operations | None:
        """The operations for a request; None when it needs none.

        Raises:
            SignInError: nobody acts, or it cannot be told who.
            AccessRefusedError: whoever acts may not do this, or nobody has said who may.
        """
        does = done_at(method, path)
        if does == {PUBLIC} or (does == {METRICS} and open_metrics):
            return None
        if does and does <= {SERVICE, METRICS} and caller.trusted:
            return None
        actor = self._actor(caller)
        if actor == LOCAL:
            return self._operations
        for one in does:
            if one == SERVICE:
                raise AccessRefusedError("this is not for those who come over the network.")
            if one == TOOLS:
                continue  # the operations below ask for what each of them needs
            require(actor, "monitoring" if one == METRICS else one)
        renewed = functools.partial(self._accounts.actor, actor.user.name)
        return acting(self._operations, actor, renewed) if does else None

    def _actor(self, caller: Caller) -> Actor:
        if caller.trusted:
            try:
                return self._accounts.actor(caller.user)
            except AccountError as error:
                raise SignInError(str(error)) from error
        accounts = self._accounts.current()
        if accounts is not None and caller.vouched is not None and not caller.secret:
            return accounts.door.act_for(caller.vouched)
        if accounts is None or not caller.secret:
            raise SignInError("the token of service.json is missing or wrong")
        return accounts.door.identify(caller.secret)


class OfRequest:
    """The operations of whoever's request is being answered; without one there are none."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return getattr(_CURRENT.get(), name)
        except LookupError:
            raise SignInError("nobody acts here") from None


def of_request() -> Operations:
    """What the routes are given where people come with names."""
    return cast("Operations", OfRequest())


def begin(operations: Operations) -> None:
    """From here on, this task and what it starts do what they do with `operations`."""
    _CURRENT.set(operations)
