"""The seam for sources on other machines: list the files, fetch one. WebDAV and IMAP implement it.

An adapter knows its protocol and nothing else: limits, retries and what is kept are the mirror's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a source. `path` is relative to it, NFC, with "/"; `ref` is how the source itself names it.

    `version` changes whenever the bytes do. `size` is in bytes, None when the source does not tell.
    """

    path: str
    ref: str
    version: str
    size: int | None = None


@dataclass(slots=True)
class Listing:
    """Everything that a source holds.

    `unlisted` are folders (by path) that could not be listed, with the reason, and entries that the source
    names and tells nothing about: what is known at or below these paths must not be taken for deleted.
    `odd` are entries whose name cannot be a path, with the reason.
    """

    files: list[RemoteFile] = field(default_factory=list)
    unlisted: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)


class RemoteSource(Protocol):
    """A source on another machine."""

    def listing(self, check: Callable[[int], None] = lambda entries: None) -> Listing:
        """List all files. `check` is called with the number of entries so far, and raises to end it.

        Raises:
            SourceError: it cannot be reached, refuses the password, or cannot be listed as a whole.
        """
        ...

    def fetch(self, file: RemoteFile, write: Callable[[bytes], None]) -> None:
        """Give the bytes of `file` to `write`, piece by piece.

        Raises:
            FetchError: this file cannot be fetched.
            SourceError: no file can be fetched any more.
        """
        ...

    def close(self) -> None:
        """End the connection."""
        ...
