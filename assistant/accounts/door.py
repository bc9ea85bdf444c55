"""The way in: passwords, sessions, tokens, and how often may be tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.accounts import group_rows, secret_rows, user_rows
from assistant.accounts.passwords import Passwords
from assistant.accounts.roles import EVERYBODY, Actor, user_name
from assistant.accounts.tables import writing, written
from assistant.accounts.user_rows import UserRow
from assistant.accounts.vouching import Vouched, let_in
from assistant.errors import AccountError, SignInError, SignInLimitError
from ingestion.access_settings import AccessSettings
from ingestion.documents import User

Json = dict[str, Any]
Clock = Callable[[], datetime]
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


class Door:
    """Lets people in by password, session or token. Part of `Accounts`."""

    def __init__(
        self, engine: sa.Engine, settings: AccessSettings, clock: Clock, passwords: Passwords
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._passwords = passwords

    def sign_in(self, name: str, password: str, *, address: str) -> tuple[str, Json]:
        """Begin a session: its secret, which is told only here, and as `session`.

        Raises:
            SignInLimitError: too many attempts failed for this user, or from this address.
            SignInError: name and password do not fit, or the user is disabled; it does not tell which.
        """
        try:
            key = user_name(name)
        except AccountError:
            key = ""
        number, kept = self._attempt(key, address)
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
        with writing(self._engine) as connection:
            return actor_of(connection, self._let_in(connection, who), self._settings)

    def _let_in(self, connection: sa.Connection, who: Vouched) -> UserRow:
        try:
            return let_in(connection, who, self._settings.proxy, written(self._clock()))
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

    def _attempt(self, user: str, address: str) -> tuple[int, str | None]:
        """Count an attempt before the password is looked at, so that many at once do not slip through."""
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
        return number, None if row is None or row.disabled else row.password
