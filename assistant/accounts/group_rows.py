"""Groups of accounts.db. Users and other groups are in them; who is in an inner one is in the outer one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from assistant.accounts import tables as t
from assistant.errors import AccountError


def all_groups(connection: sa.Connection) -> list[dict[str, Any]]:
    """`[{name, display_name, created_at, users, groups}]` by name, with what is right in each."""
    users, inner = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for row in connection.execute(sa.select(t.group_users).order_by(t.group_users.c.user)):
        users[row.group].append(row.user)
    for row in connection.execute(sa.select(t.group_groups).order_by(t.group_groups.c.member)):
        inner[row.group].append(row.member)
    return [
        {"name": row.name, "display_name": row.display_name, "created_at": row.created_at,
         "users": users[row.name], "groups": inner[row.name]}
        for row in connection.execute(sa.select(t.groups).order_by(t.groups.c.name))
    ]  # fmt: skip


def ways(connection: sa.Connection, user: str) -> dict[str, tuple[str, ...]]:
    """Each group that `user` is in, with a shortest way to it: the group they are put into first."""
    outer = _outer(connection)
    own = connection.execute(
        sa.select(t.group_users.c.group).where(t.group_users.c.user == user).order_by(t.group_users.c.group)
    ).scalars()
    return _reached({name: (name,) for name in own}, outer)


def groups_of(connection: sa.Connection, user: str) -> set[str]:
    """The groups that a user is right in."""
    columns = t.group_users.c
    return set(connection.execute(sa.select(columns.group).where(columns.user == user)).scalars())


def ensure(connection: sa.Connection, name: str, at: str) -> None:
    """Make a group where there is none."""
    if not _exists(connection, name):
        add(connection, name, name, at)


def add(connection: sa.Connection, name: str, display_name: str, at: str) -> None:
    """Make a group.

    Raises:
        AccountError: there is one of this name.
    """
    if _exists(connection, name):
        raise AccountError(f"there is a group {name!r} already.")
    connection.execute(t.groups.insert().values(name=name, display_name=display_name, created_at=at))


def remove(connection: sa.Connection, name: str) -> None:
    """Take a group out; who was in an outer one through it is not any more.

    Raises:
        AccountError: there is none.
    """
    require(connection, name)
    connection.execute(t.groups.delete().where(t.groups.c.name == name))


def put_user(connection: sa.Connection, group: str, user: str) -> None:
    """Put a user into a group; again changes nothing. Both must exist."""
    take_user(connection, group, user)
    connection.execute(t.group_users.insert().values(group=group, user=user))


def take_user(connection: sa.Connection, group: str, user: str) -> bool:
    """Take a user out of a group; whether it was in it."""
    columns = t.group_users.c
    found = connection.execute(t.group_users.delete().where(columns.group == group, columns.user == user))
    return found.rowcount > 0


def put_group(connection: sa.Connection, group: str, member: str) -> None:
    """Put a group into another; again changes nothing.

    Raises:
        AccountError: a group would be inside itself.
    """
    if group == member or member in _reached({group: (group,)}, _outer(connection)):
        raise AccountError(f"{member!r} cannot be put into {group!r}: a group would be inside itself.")
    take_group(connection, group, member)
    connection.execute(t.group_groups.insert().values(group=group, member=member))


def take_group(connection: sa.Connection, group: str, member: str) -> bool:
    """Take a group out of another; whether it was in it."""
    columns = t.group_groups.c
    found = connection.execute(
        t.group_groups.delete().where(columns.group == group, columns.member == member)
    )
    return found.rowcount > 0


def require(connection: sa.Connection, name: str) -> None:
    """Make sure that there is a group.

    Raises:
        AccountError: there is none.
    """
    if not _exists(connection, name):
        raise AccountError(f"there is no group {name!r}. See: konkyo groups list")


def _exists(connection: sa.Connection, name: str) -> bool:
    found = connection.execute(sa.select(t.groups.c.name).where(t.groups.c.name == name))
    return found.first() is not None


def _outer(connection: sa.Connection) -> Mapping[str, list[str]]:
    """The groups that each group is right in."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in connection.execute(sa.select(t.group_groups).order_by(t.group_groups.c.group)):
        found[row.member].append(row.group)
    return found


def _reached(
    start: Mapping[str, tuple[str, ...]], outer: Mapping[str, Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """`start` and all groups around it, each with a shortest way."""
    found, waiting = dict(start), deque(start)
    while waiting:
        name = waiting.popleft()
        for around in outer.get(name, ()):
            if around not in found:
                found[around] = (*found[name], around)
                waiting.append(around)
    return found
