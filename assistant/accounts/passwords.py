"""Passwords: argon2id, and what is asked of a new one."""

from __future__ import annotations

import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assistant.errors import AccountError

SHORTEST = 10  # characters; length is worth more than kinds of characters
_AT_ONCE = 2  # comparisons; each takes 64 MB
_LONGEST = 1024  # characters; nobody shall make the program hash megabytes


class Passwords:
    """Makes hashes and compares with them. Thread-safe."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Without a `hasher`: argon2id with the parameters of RFC 9106 for machines with little memory."""
        self._hasher = hasher or PasswordHasher()
        self._at_once = threading.Semaphore(_AT_ONCE)

    def hashed(self, password: str, *, user: str) -> str:
        """The hash of a new password, with its own salt and parameters.

        Raises:
            AccountError: it is too short or too long, or the name of its user.
        """
        plain = _normal(password)
        if not SHORTEST <= len(plain) <= _LONGEST:
            raise AccountError(f"a password needs {SHORTEST} to {_LONGEST} characters.")
        if plain.casefold() == user.casefold() or len(set(plain)) < 3:
            raise AccountError("the password is too easy to guess. Choose another one.")
        return self._hasher.hash(plain)

    def fits(self, password: str, kept: str | None) -> bool:
        """Whether it is the password of `kept`; with None or "" it takes as long and is False."""
        try:
            with self._at_once:
                self._hasher.verify(kept or self._nobodys, _normal(password[: _LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
        return bool(kept)

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than those of now."""
        return self._hasher.check_needs_rehash(kept)

    def again(self, password: str) -> str:
        """A new hash of a password that fits already."""
        return self._hasher.hash(_normal(password))

    @cached_property
    def _nobodys(self) -> str:
        """A hash that a password is compared with where there is no user, so that time tells nothing."""
        return self._hasher.hash("nobody")


def _normal(password: str) -> str:
    """In NFC: keyboards write the same letters differently."""
    return unicodedata.normalize("NFC", password)
