"""People whom something outside vouches for: which account that is, with which role and groups.

An account belongs to the way by which it came. Whoever has a name in a directory, or may choose one at a
proxy, so never comes into an account that somebody made here, least of all that of an admin.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from assistant.accounts import group_rows, user_rows
from assistant.accounts.roles import ROLES, Role, group_name, user_name
from assistant.accounts.user_rows import UserRow
from assistant.errors import SignInError
from ingestion.access_settings import MappingSettings

Way = Literal["proxy", "ldap"]


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who somebody is by the word of another; `groups` are groups there, under their names there."""

    user: str
    way: Way
    display_name: str = ""
    groups: frozenset[str] = frozenset()


def let_in(connection: sa.Connection, who: Vouched, settings: MappingSettings, at: str) -> UserRow:
    """The account of somebody, made at the first time, with the role and groups of now.

    Writes only what has changed.

    Raises:
        AccountError: the name cannot be one here, was a removed user's, or the last admin would be none.
        SignInError: the account is another way's, disabled, or nobody gives this person a role.
    """
    key = user_name(who.user)
    row = user_rows.find(connection, key)
    if row is not None and (row.way != who.way or row.disabled):
        raise SignInError(f"{key!r} is the name of an account that is not let in this way.")
    role = _role(who, settings, row)
    if row is None:
        row = UserRow(key, who.display_name or key, role, False, at, "", who.way)
        user_rows.add(connection, row)
    elif row.role != role or (who.display_name and row.display_name != who.display_name):
        shown = who.display_name or row.display_name
        user_rows.change(connection, key, role=role, display_name=shown)
        row = user_rows.require(connection, key)
    _put(connection, key, _ours(who, settings), {group_name(name) for name in settings.groups.values()}, at)
    return row


def _role(who: Vouched, settings: MappingSettings, row: UserRow | None) -> Role:
    """The highest that one of the groups gives; where no group is named, an admin here says it."""
    held = _folded(who.groups)
    for role in reversed(ROLES):
        if held & _folded(settings.roles.get(role, ())):
            return role
    if row is not None and not settings.roles:
        return row.role
    if settings.role == "":
        raise SignInError(f"nobody has given {who.user!r} a role here.")
    return settings.role


def _ours(who: Vouched, settings: MappingSettings) -> set[str]:
    held = _folded(who.groups)
    return {group_name(ours) for outer, ours in settings.groups.items() if outer.casefold() in held}


def _put(connection: sa.Connection, user: str, wanted: set[str], managed: set[str], at: str) -> None:
    """Right memberships in the groups of the settings; in others an admin here puts people."""
    held = group_rows.groups_of(connection, user)
    for name in sorted(wanted - held):
        group_rows.ensure(connection, name, at)
        group_rows.put_user(connection, name, user)
    for name in (managed - wanted) & held:
        group_rows.take_user(connection, name, user)


def _folded(names: Collection[str]) -> set[str]:
    return {name.casefold() for name in names}
