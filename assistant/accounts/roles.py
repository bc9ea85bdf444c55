"""Roles, scopes of tokens, who acts, and which names users and groups may have."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from assistant.errors import AccountError
from ingestion.documents import LOCAL_USER, User
from ingestion.rights import names

Role = Literal["reader", "editor", "trainer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may, and more."""
TokenScope = Literal["search", "ask", "edit", "train", "admin"]
SCOPES: tuple[TokenScope, ...] = get_args(TokenScope)
"""What a token may be used for; each stands for itself."""
EVERYBODY = names.EVERYBODY
"""The group that every account is in, without anybody putting it there."""
_RESERVED_USERS = frozenset({LOCAL_USER.name})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and how much of what the user may do this way. `scopes` None: all of it."""

    user: User
    role: Role
    scopes: frozenset[str] | None = None

    def may(self, role: Role, scope: TokenScope) -> bool:
        """Whether an act that needs this role, and this scope of a token, is allowed."""
        if ROLES.index(self.role) < ROLES.index(role):
            return False
        return self.scopes is None or scope in self.scopes


LOCAL = Actor(LOCAL_USER, "admin")
"""The only one as long as there are no accounts."""


def user_name(name: str) -> str:
    """The name as it is kept: case and width do not tell two users apart.

    Raises:
        AccountError: it cannot be the name of a user.
    """
    found = _checked(unicodedata.normalize("NFKC", name).casefold(), "user")
    if found in _RESERVED_USERS:
        raise AccountError(f"the name {name!r} is taken by the program. Choose another one.")
    return found


def group_name(name: str) -> str:
    """The name as it is kept, in NFC as paths are; case tells groups apart, as in what documents carry.

    Raises:
        AccountError: it cannot be the name of a group.
    """
    found = _checked(unicodedata.normalize("NFC", name), "group")
    if found == EVERYBODY:
        raise AccountError(f"the group {EVERYBODY!r} is there already: every account is in it.")
    return found


def checked_role(role: str) -> Role:
    """`role` as one of `ROLES`.

    Raises:
        AccountError: it is none.
    """
    for known in ROLES:
        if role == known:
            return known
    raise AccountError(f"{role!r} is no role. Choose one of {', '.join(ROLES)}.")


def checked_scopes(scopes: Collection[str]) -> tuple[str, ...]:
    """`scopes` in the order of `SCOPES`, each once.

    Raises:
        AccountError: one is none, or there are none.
    """
    unknown = next((scope for scope in scopes if scope not in SCOPES), None)
    if unknown is not None or not scopes:
        raise AccountError(f"{unknown or ''!r} is no scope of a token. Choose of {', '.join(SCOPES)}.")
    return tuple(scope for scope in SCOPES if scope in scopes)


def _checked(name: str, what: str) -> str:
    if not names.is_group_name(name):
        raise AccountError(
            f"{name!r} cannot be the name of a {what}: use letters, digits and . _ @ + -, "
            f"at most {names.LONGEST}."
        )
    return name
