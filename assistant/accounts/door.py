"""The way in: passwords, sessions, tokens, and how often may be tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

import sqlalchemy as sa

from assistant.accounts import group_rows, secret_rows, user_rows
from assistant.accounts.passwords import Passwords
from assistant.accounts.roles import EVERYBODY, Actor, user_name
from assistant.accounts.tables import writing, written
from assistant.accounts.user_rows import UserRow
from assistant.accounts.vouching import Vouched, let_in
from assistant.errors import AccountError, DirectoryError, SignInError, SignInLimitError
from ingestion.access_settings import AccessSettings, MappingSettings
from ingestion.documents import User

Json = dict[str, Any]
Clock = Callable[[], datetime]
_VOUCHED_STEP = timedelta(seconds=10)  # the same word of a proxy is not compared with the rows more often
_MOST_VOUCHED = 10_000
_SEEN_STEP = timedelta(minutes=1)  # a session's last use is not written down more often


def actor_of(
    connection: sa.Connection,
    row: UserRow,
    settings: AccessSettings,
    scopes: frozenset[str] | None = None,
) -> Actor:
    """A user with its rights as they are now; admins read everything."""
    if row.role == "admin":
        return Actor(User(row.name, None), row.role, scopes)
    groups = frozenset({*group_rows.ways(connection, row.name), EVERYBODY})
    return Actor(User(row.name, groups, settings.ungrouped == "everybody"), row.role, scopes)


class AsksDirectory(Protocol):
    """As `assistant.accounts.directory.Directory`."""

    def person(self, name: str, password: str) -> Vouched | None:
        """Who this is; None when name and password do not fit."""


class Door:
    """Lets people in by password, session or token. Part of `Accounts`."""

    def __init__(
        self,
        engine: sa.Engine,
        settings: AccessSettings,
        clock: Clock,
        passwords: Passwords,
        directory: AsksDirectory | None = None,
    ) -> None:
        """`directory` knows those who have no account here, and those whom it has let in before."""
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._passwords = passwords
        self._directory = directory
        self._last: dict[str, tuple[Vouched, datetime]] = {}

    def sign_in(self, name: str, password: str, *, address: str) -> tuple[str, Json]:
        """Begin a session: its secret, which is told only here, and as `session`.

        Raises:
            SignInLimitError: too many attempts failed for this user, or from this address.
            SignInError: name and password do not fit, or the user is disabled; it does not tell which.
            DirectoryError: the directory would have to tell, and cannot be asked.
        """
        try:
            key = user_name(name)
        except AccountError:
            key = ""
        number, kept, way = self._attempt(key, address)
        if self._directory is not None and key and way in ("", "ldap"):
            return self._by_directory(self._directory, number, key, password)
        if not self._passwords.fits(password, kept):
            raise SignInError("the name or the password is wrong.")
        with writing(self._engine) as connection:
            row = user_rows.find(connection, key)
            if row is None or row.disabled or row.password != kept:  # changed while it was compared
                raise SignInError("the name or the password is wrong.")
            secret_rows.forget_attempts(connection, number, key)
            if kept and self._passwords.outdated(kept):
                user_rows.change(connection, key, password=self._passwords.again(password))
            secret = secret_rows.add_session(connection, key, written(self._clock()))
        return secret, self.session(secret)

    def _by_directory(
        self, directory: AsksDirectory, number: int, key: str, password: str
    ) -> tuple[str, Json]:
        try:
            who = directory.person(key, password)
        except DirectoryError:
            with writing(self._engine) as connection:
                secret_rows.forget_attempt(connection, number)
            raise
        if who is None:
            raise SignInError("the name or the password is wrong.")
        with writing(self._engine) as connection:
            row = self._let_in(connection, who)
            secret_rows.forget_attempts(connection, number, key)
            secret = secret_rows.add_session(connection, row.name, written(self._clock()))
        return secret, self.session(secret)

    def vouched(self, who: Vouched) -> tuple[str, Json]:
        """Begin a session of somebody whom a proxy vouches for: as `sign_in`.

        Raises:
            SignInError: as `act_for`.
        """
        with writing(self._engine) as connection:
            row = self._let_in(connection, who)
            secret = secret_rows.add_session(connection, row.name, written(self._clock()))
        return secret, self.session(secret)

    def act_for(self, who: Vouched) -> Actor:
        """Who a proxy vouches for, with the rights of now; no session begins.

        Raises:
            SignInError: there is an account of this name that is not the proxy's, it is disabled, or the
                settings let nobody in who is in none of their groups.
        """
        last = self._last.get(who.user)
        if last is not None and last[0] == who and timedelta(0) <= self._clock() - last[1] < _VOUCHED_STEP:
            with self._engine.connect() as connection:
                row = user_rows.find(connection, user_name(who.user))
                if row is not None and row.way == who.way and not row.disabled:
                    return actor_of(connection, row, self._settings)
        with writing(self._engine) as connection:
            found = actor_of(connection, self._let_in(connection, who), self._settings)
        if len(self._last) >= _MOST_VOUCHED:
            self._last.clear()
        self._last[who.user] = (who, self._clock())
        return found

    def _let_in(self, connection: sa.Connection, who: Vouched) -> UserRow:
        try:
            settings = self._settings.proxy if who.way == "proxy" else self._ldap
            return let_in(connection, who, settings, written(self._clock()))
        except AccountError as error:
            raise SignInError(str(error)) from error

    def session(self, secret: str) -> Json:
        """`{user, display_name, role, groups, expires_at, way}` of a session or token.

        Raises:
            SignInError: as `identify`.
        """
        actor, expires_at = self._identified(secret)
        with self._engine.connect() as connection:
            user = user_rows.require(connection, actor.user.name)
            groups = {*group_rows.ways(connection, user.name), EVERYBODY}
        return {
            "user": user.name, "display_name": user.display_name, "role": user.role,
            "groups": sorted(groups), "expires_at": expires_at, "way": user.way,
        }  # fmt: skip

    def sign_out(self, secret: str) -> None:
        """End a session; its secret opens nothing from now on."""
        with writing(self._engine) as connection:
            secret_rows.end_session(connection, secret)

    def identify(self, secret: str) -> Actor:
        """Who comes with the secret of a session or a token, with the rights of now.

        Raises:
            SignInError: it is unknown, over, or its user may not come in.
        """
        return self._identified(secret)[0]

    def _identified(self, secret: str) -> tuple[Actor, str | None]:
        at = self._clock()
        with self._engine.connect() as connection:
            if secret_rows.is_session(secret):
                name, scopes, expires_at, stale = self._by_session(connection, secret, at)
            else:
                name, scopes, expires_at, stale = self._by_token(connection, secret, at)
            row = None if name is None else user_rows.find(connection, name)
            if row is None or row.disabled:
                raise SignInError("the session or token is unknown or over. Sign in again.")
            actor = actor_of(connection, row, self._settings, scopes)
        if stale is not None:
            with writing(self._engine) as connection:
                stale(connection)
        return actor, expires_at

    def _by_session(
        self, connection: sa.Connection, secret: str, at: datetime
    ) -> tuple[str | None, frozenset[str] | None, str | None, Callable[[sa.Connection], None] | None]:
        row = secret_rows.session_of(connection, secret)
        if row is None:
            return None, None, None, None
        began, seen = datetime.fromisoformat(row.created_at), datetime.fromisoformat(row.seen_at)
        end = min(
            began + timedelta(hours=self._settings.session_hours),
            seen + timedelta(minutes=self._settings.session_idle_minutes),
        )
        if not began - _SEEN_STEP <= at < end:  # also when the clock was set back: better to sign in again
            return None, None, None, None
        stale = at - seen >= _SEEN_STEP
        note = (lambda found: secret_rows.session_seen(found, secret, written(at))) if stale else None
        return row.user, None, written(end), note

    def _by_token(
        self, connection: sa.Connection, secret: str, at: datetime
    ) -> tuple[str | None, frozenset[str] | None, str | None, Callable[[sa.Connection], None] | None]:
        row = secret_rows.token_of(connection, secret, written(at))
        if row is None:
            return None, None, None, None
        stale = row.used_at is None or at - datetime.fromisoformat(row.used_at) >= _SEEN_STEP
        note = (lambda found: secret_rows.token_used(found, row.id, written(at))) if stale else None
        return row.user, frozenset(row.scopes), row.expires_at, note

    @cached_property
    def _ldap(self) -> MappingSettings:
        from assistant.accounts.directory import as_compared

        return as_compared(self._settings.ldap)

    def _attempt(self, user: str, address: str) -> tuple[int, str | None, str]:
        """Count an attempt before the password is looked at, so that many at once do not slip through.

        Its number, the hash, and the way of the account: "" where there is none.
        """
        settings, at = self._settings, self._clock()
        since = written(at - timedelta(minutes=settings.attempt_minutes))
        with writing(self._engine) as connection:
            secret_rows.sweep(
                connection, created_before=written(at - timedelta(hours=settings.session_hours)),
                seen_before=written(at - timedelta(minutes=settings.session_idle_minutes)),
                attempts_before=since,
            )  # fmt: skip
            by_user, by_address = secret_rows.attempts_since(connection, since, user=user, address=address)
            if by_user >= settings.most_attempts or by_address >= settings.most_attempts_address:
                raise SignInLimitError(
                    f"too many attempts to sign in failed. Try again in {settings.attempt_minutes} minutes."
                )
            number = secret_rows.add_attempt(connection, user=user, address=address, at=written(at))
            row = user_rows.find(connection, user)
        if row is None:
            return number, None, ""
        return (number, None, "here") if row.disabled else (number, row.password, row.way)
