"""Users of accounts.db. A removed one leaves its name behind: the next of that name would inherit from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from assistant.accounts import tables as t
from assistant.accounts.roles import Role
from assistant.errors import AccountError


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user. `password` is the hash, "" for one who can sign in by token only, or by another `way`.

    `way` is "here" for an account made here, else what vouches for it: "proxy" or "ldap".
    """

    name: str
    display_name: str
    role: Role
    disabled: bool
    created_at: str
    password: str
    way: str = "here"

    def as_json(self) -> dict[str, Any]:
        """`{name, display_name, role, disabled, created_at, password: bool, way}`."""
        return {
            "name": self.name, "display_name": self.display_name, "role": self.role,
            "disabled": self.disabled, "created_at": self.created_at, "password": bool(self.password),
            "way": self.way,
        }  # fmt: skip


def all_users(connection: sa.Connection) -> list[UserRow]:
    """Users by name."""
    query = sa.select(t.users).where(t.users.c.removed_at.is_(None)).order_by(t.users.c.name)
    return [_user(row) for row in connection.execute(query)]


def find(connection: sa.Connection, name: str) -> UserRow | None:
    """The user of this name, None when there is none."""
    query = sa.select(t.users).where(t.users.c.name == name, t.users.c.removed_at.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _user(row)


def require(connection: sa.Connection, name: str) -> UserRow:
    """The user of this name.

    Raises:
        AccountError: there is none.
    """
    found = find(connection, name)
    if found is None:
        raise AccountError(f"there is no user {name!r}. See: konkyo users list")
    return found


def add(connection: sa.Connection, user: UserRow) -> None:
    """Make a user.

    Raises:
        AccountError: the name is or was another's.
    """
    row = connection.execute(sa.select(t.users.c.removed_at).where(t.users.c.name == user.name)).one_or_none()
    if row is not None and row.removed_at is None:
        raise AccountError(f"there is a user {user.name!r} already.")
    if row is not None:
        raise AccountError(
            f"the name {user.name!r} was a removed user's, whose conversations are kept under it. "
            "Choose another one."
        )
    connection.execute(
        t.users.insert().values(
            name=user.name, display_name=user.display_name, password=user.password, role=user.role,
            disabled=user.disabled, created_at=user.created_at, removed_at=None, way=user.way,
        )
    )  # fmt: skip


def change(connection: sa.Connection, name: str, **values: object) -> None:
    """Change columns of a user.

    Raises:
        AccountError: there is none, or nobody would be left who can administer.
    """
    require(connection, name)
    connection.execute(t.users.update().where(t.users.c.name == name).values(**values))
    _require_admin(connection, name)


def remove(connection: sa.Connection, name: str, at: str) -> None:
    """Take a user out, with memberships, tokens and sessions.

    Raises:
        AccountError: there is none, or nobody would be left who can administer.
    """
    require(connection, name)
    connection.execute(
        t.users.update().where(t.users.c.name == name).values(removed_at=at, password="", disabled=True)
    )
    for table in (t.group_users, t.tokens, t.sessions):
        connection.execute(table.delete().where(table.c.user == name))
    _require_admin(connection, name)


def _require_admin(connection: sa.Connection, name: str) -> None:
    """There is one who can, or there was none before: accounts must not lock everybody out."""
    query = sa.select(t.users.c.name).where(
        t.users.c.role == "admin", t.users.c.disabled.is_(False), t.users.c.removed_at.is_(None)
    )
    if connection.execute(query).first() is None:
        raise AccountError(
            f"{name!r} is the last admin. Make another user admin first: konkyo users set-role NAME admin"
        )


def _user(row: sa.Row[Any]) -> UserRow:
    return UserRow(
        row.name, row.display_name, row.role, bool(row.disabled), row.created_at, row.password, row.way
    )
