"""Tokens, sessions and attempts of accounts.db. Of a secret only its SHA-256 is kept: it is random."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from assistant.accounts import tables as t
from assistant.errors import AccountError

_TOKEN, _SESSION = "kkt_", "kks_"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token as it is kept."""

    id: str
    user: str
    label: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    used_at: str | None

    def as_json(self) -> dict[str, Any]:
        """`{id, user, label, scopes, created_at, expires_at, used_at}`."""
        return {
            "id": self.id, "user": self.user, "label": self.label, "scopes": list(self.scopes),
            "created_at": self.created_at, "expires_at": self.expires_at, "used_at": self.used_at,
        }  # fmt: skip


def digest(secret: str) -> str:
    """What is kept of a secret. 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def is_session(secret: str) -> bool:
    """Whether it looks like the secret of a session, and not like an API token."""
    return secret.startswith(_SESSION)


def add_token(
    connection: sa.Connection,
    user: str,
    *,
    label: str,
    scopes: tuple[str, ...],
    at: str,
    expires_at: str | None,
) -> tuple[str, TokenRow]:
    """Make a token; its secret is told here and never again."""
    secret = _TOKEN + secrets.token_urlsafe(32)
    row = TokenRow(secrets.token_hex(4), user, label, scopes, at, expires_at, None)
    connection.execute(
        t.tokens.insert().values(
            id=row.id, user=user, label=label, sha256=digest(secret), scopes=json.dumps(scopes),
            created_at=at, expires_at=expires_at, used_at=None,
        )
    )  # fmt: skip
    return secret, row


def all_tokens(connection: sa.Connection, user: str | None = None) -> list[TokenRow]:
    """Tokens, the oldest first."""
    query = sa.select(t.tokens).order_by(t.tokens.c.created_at, t.tokens.c.id)
    if user is not None:
        query = query.where(t.tokens.c.user == user)
    return [_token(row) for row in connection.execute(query)]


def remove_token(connection: sa.Connection, id: str) -> TokenRow:
    """Take a token out: it opens nothing from now on.

    Raises:
        AccountError: there is none.
    """
    row = connection.execute(sa.select(t.tokens).where(t.tokens.c.id == id)).one_or_none()
    if row is None:
        raise AccountError(f"there is no token {id!r}. See: konkyo tokens list")
    connection.execute(t.tokens.delete().where(t.tokens.c.id == id))
    return _token(row)


def token_of(connection: sa.Connection, secret: str, at: str) -> TokenRow | None:
    """The token with this secret that has not expired at `at`."""
    query = sa.select(t.tokens).where(t.tokens.c.sha256 == digest(secret))
    row = connection.execute(query).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= at):
        return None
    return _token(row)


def token_used(connection: sa.Connection, id: str, at: str) -> None:
    """Note when a token was used."""
    connection.execute(t.tokens.update().where(t.tokens.c.id == id).values(used_at=at))


def add_session(connection: sa.Connection, user: str, at: str) -> str:
    """Begin a session; its secret is told here and never again."""
    secret = _SESSION + secrets.token_urlsafe(32)
    connection.execute(
        t.sessions.insert().values(sha256=digest(secret), user=user, created_at=at, seen_at=at)
    )
    return secret


def session_of(connection: sa.Connection, secret: str) -> sa.Row[Any] | None:
    """The session with this secret, however old: `user`, `created_at`, `seen_at`."""
    query = sa.select(t.sessions).where(t.sessions.c.sha256 == digest(secret))
    return connection.execute(query).one_or_none()


def session_seen(connection: sa.Connection, secret: str, at: str) -> None:
    """Note when a session was used."""
    connection.execute(t.sessions.update().where(t.sessions.c.sha256 == digest(secret)).values(seen_at=at))


def end_session(connection: sa.Connection, secret: str) -> None:
    """End a session; one that is not there is ended already."""
    connection.execute(t.sessions.delete().where(t.sessions.c.sha256 == digest(secret)))


def end_sessions(connection: sa.Connection, user: str) -> None:
    """End all sessions of a user."""
    connection.execute(t.sessions.delete().where(t.sessions.c.user == user))


def sweep(connection: sa.Connection, *, created_before: str, seen_before: str, attempts_before: str) -> None:
    """Forget sessions that are over and attempts that count no more."""
    columns = t.sessions.c
    connection.execute(
        t.sessions.delete().where((columns.created_at < created_before) | (columns.seen_at < seen_before))
    )
    connection.execute(t.attempts.delete().where(t.attempts.c.at < attempts_before))


def attempts_since(connection: sa.Connection, at: str, *, user: str, address: str) -> tuple[int, int]:
    """How many attempts there were for this user, and from this address."""
    columns = t.attempts.c
    recent = sa.select(sa.func.count()).where(columns.at >= at)
    by_user = connection.execute(recent.where(columns.user == user)).scalar_one()
    by_address = connection.execute(recent.where(columns.address == address)).scalar_one()
    return int(by_user), int(by_address)


def add_attempt(connection: sa.Connection, *, user: str, address: str, at: str) -> int:
    """Note an attempt before it is looked at; returns its number."""
    done = connection.execute(t.attempts.insert().values(user=user, address=address, at=at))
    assert done.inserted_primary_key is not None  # SQLite tells it
    number: int = done.inserted_primary_key[0]
    return number


def forget_attempt(connection: sa.Connection, number: int) -> None:
    """The attempt could not be judged: it counts neither way."""
    connection.execute(t.attempts.delete().where(t.attempts.c.id == number))


def forget_attempts(connection: sa.Connection, number: int, user: str) -> None:
    """The attempt was right: it counts no more, nor do those before it for the same user."""
    columns = t.attempts.c
    connection.execute(t.attempts.delete().where((columns.id == number) | (columns.user == user)))


def _token(row: sa.Row[Any]) -> TokenRow:
    return TokenRow(
        row.id, row.user, row.label, tuple(json.loads(row.scopes)), row.created_at, row.expires_at,
        row.used_at,
    )  # fmt: skip
