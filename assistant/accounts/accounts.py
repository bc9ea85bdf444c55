"""The accounts of a workspace: who there is, who is in which group, and who a secret belongs to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assistant.accounts import group_rows, secret_rows, user_rows
from assistant.accounts.door import AsksDirectory, Clock, Door, actor_of
from assistant.accounts.passwords import Passwords
from assistant.accounts.roles import (
    EVERYBODY,
    Actor,
    checked_role,
    checked_scopes,
    group_name,
    user_name,
)
from assistant.accounts.tables import open_accounts, writing, written
from assistant.accounts.user_rows import UserRow
from assistant.errors import AccountError
from ingestion.access_settings import AccessSettings

Json = dict[str, Any]
_DEFAULTS = AccessSettings()


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


def _directory(settings: AccessSettings) -> AsksDirectory | None:
    if not settings.ldap.url:
        return None
    from assistant.accounts.directory import Directory  # ldap3 is loaded where it is needed

    return Directory(settings.ldap)


class Accounts:
    """One workspace's accounts; usable from several threads and processes. Names may be given in any case."""

    def __init__(
        self,
        path: Path,
        settings: AccessSettings = _DEFAULTS,
        *,
        clock: Clock = now,
        keeping: Passwords | None = None,
        directory: AsksDirectory | None = None,
    ) -> None:
        """Open or make the database at `path`. Without a `directory`: that of the settings.

        Raises:
            WorkspaceError, BackupError: as `open_accounts`.
        """
        self._engine = open_accounts(path)
        self._settings = settings
        self._clock = clock
        self._passwords = keeping or Passwords()
        self.door = Door(self._engine, settings, clock, self._passwords, directory or _directory(settings))

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    # --- users

    @property
    def any(self) -> bool:
        """Whether there is a user at all; without one everybody here is the only user."""
        return bool(self.users())

    def users(self) -> list[UserRow]:
        """All users by name."""
        with self._engine.connect() as connection:
            return user_rows.all_users(connection)

    def add_user(
        self, name: str, *, role: str = "reader", password: str | None = None, display_name: str = ""
    ) -> UserRow:
        """Make a user. Without a password only tokens let it in.

        Raises:
            AccountError: name, role or password cannot be used, or the first user is no admin.
        """
        key = user_name(name)
        kept = self._passwords.hashed(password, user=key) if password is not None else ""
        row = UserRow(key, display_name or name, checked_role(role), False, self._now(), kept)
        with writing(self._engine) as connection:
            if row.role != "admin" and not user_rows.all_users(connection):
                raise AccountError(f"the first user must be an admin: konkyo users add {name} --admin")
            user_rows.add(connection, row)
        return row

    def remove_user(self, name: str) -> None:
        """Take a user out. Conversations stay in the records, where nobody sees them.

        Raises:
            AccountError: there is none, or it is the last admin.
        """
        with writing(self._engine) as connection:
            user_rows.remove(connection, user_name(name), self._now())

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password and end its sessions.

        Raises:
            AccountError: there is no such user, or the password cannot be used.
        """
        key = user_name(name)
        kept = self._passwords.hashed(password, user=key)
        with writing(self._engine) as connection:
            if (way := user_rows.require(connection, key).way) != "here":
                raise AccountError(f"the password of {key!r} is not kept here: {way} vouches for this user.")
            user_rows.change(connection, key, password=kept)
            secret_rows.end_sessions(connection, key)

    def set_role(self, name: str, role: str) -> None:
        """Give a user another role; it counts at the next request.

        Raises:
            AccountError: there is no such user or role, or it is the last admin.
        """
        with writing(self._engine) as connection:
            user_rows.change(connection, user_name(name), role=checked_role(role))

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Let a user in, or not any more, by neither password nor token.

        Raises:
            AccountError: there is no such user, or it is the last admin.
        """
        key = user_name(name)
        with writing(self._engine) as connection:
            user_rows.change(connection, key, disabled=disabled)
            if disabled:
                secret_rows.end_sessions(connection, key)

    # --- groups

    def groups(self) -> list[Json]:
        """`[{name, display_name, created_at, users, groups}]` by name, with what is right in each."""
        with self._engine.connect() as connection:
            return group_rows.all_groups(connection)

    def add_group(self, name: str, *, display_name: str = "") -> str:
        """Make a group; returns its name as it is kept.

        Raises:
            AccountError: the name cannot be used, or there is one.
        """
        key = group_name(name)
        with writing(self._engine) as connection:
            group_rows.add(connection, key, display_name or name, self._now())
        return key

    def remove_group(self, name: str) -> None:
        """Take a group out. What carries its name is then readable through its other groups only.

        Raises:
            AccountError: there is none.
        """
        with writing(self._engine) as connection:
            group_rows.remove(connection, group_name(name))

    def put_into(self, group: str, *, users: Collection[str] = (), groups: Collection[str] = ()) -> None:
        """Put users and groups into a group: all of them or, when one cannot be, none.

        Raises:
            AccountError: one does not exist, or a group would be inside itself.
        """
        key = group_name(group)
        with writing(self._engine) as connection:
            group_rows.require(connection, key)
            for user in users:
                group_rows.put_user(connection, key, user_rows.require(connection, user_name(user)).name)
            for member in map(group_name, groups):
                group_rows.require(connection, member)
                group_rows.put_group(connection, key, member)

    def take_out(self, group: str, *, users: Collection[str] = (), groups: Collection[str] = ()) -> None:
        """Take users and groups out of a group: all of them or, when one is not in it, none.

        Raises:
            AccountError: one is not in it.
        """
        key = group_name(group)
        with writing(self._engine) as connection:
            group_rows.require(connection, key)
            left = [user for user in users if not group_rows.take_user(connection, key, user_name(user))]
            left += [one for one in groups if not group_rows.take_group(connection, key, group_name(one))]
            if left:
                raise AccountError(f"{left[0]!r} is not in the group {key!r}.")

    def ways(self, name: str) -> dict[str, tuple[str, ...]]:
        """Each group that a user is in, with the groups through which: `{outer: (inner, …, outer)}`.

        Raises:
            AccountError: there is no such user.
        """
        key = user_name(name)
        with self._engine.connect() as connection:
            user_rows.require(connection, key)
            return {**group_rows.ways(connection, key), EVERYBODY: (EVERYBODY,)}

    # --- who acts

    def actor(self, name: str) -> Actor:
        """The user of this name with its rights as they are now; admins read everything.

        Raises:
            AccountError: there is no such user, or it is disabled.
        """
        key = user_name(name)
        with self._engine.connect() as connection:
            row = user_rows.require(connection, key)
            if row.disabled:
                raise AccountError(f"the user {key!r} is disabled. See: konkyo users enable {key}")
            return actor_of(connection, row, self._settings)

    # --- tokens

    def tokens(self, user: str | None = None) -> list[Json]:
        """`[{id, user, label, scopes, created_at, expires_at, used_at}]`, the oldest first."""
        with self._engine.connect() as connection:
            found = secret_rows.all_tokens(connection, None if user is None else user_name(user))
            return [row.as_json() for row in found]

    def add_token(
        self, user: str, *, label: str = "", scopes: Collection[str], expires: timedelta | None = None
    ) -> Json:
        """Make a token: as in `tokens`, and its `token`, which is told only here. None: it never expires.

        Raises:
            AccountError: there is no such user, or a scope is none.
        """
        chosen = checked_scopes(scopes)
        if expires is not None and expires <= timedelta(0):
            raise AccountError("a token must expire after now.")
        until = None if expires is None else written(self._clock() + expires)
        with writing(self._engine) as connection:
            owner = user_rows.require(connection, user_name(user)).name
            secret, row = secret_rows.add_token(
                connection, owner, label=label, scopes=chosen, at=self._now(), expires_at=until
            )
        return {**row.as_json(), "token": secret}

    def remove_token(self, id: str) -> Json:
        """Take a token out; what it was, as in `tokens`.

        Raises:
            AccountError: there is none.
        """
        with writing(self._engine) as connection:
            return secret_rows.remove_token(connection, id).as_json()

    # --- inside

    def _now(self) -> str:
        return written(self._clock())
