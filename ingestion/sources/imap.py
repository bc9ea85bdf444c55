"""Mailboxes on an IMAP server (RFC 3501): each message is a file `mailbox/UID.eml`. Nothing is marked."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self
from urllib.parse import urlsplit

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from ingestion.errors import FetchError, SourceError
from ingestion.source_settings import SourceSettings
from ingestion.sources.connecting import CONNECT_SECONDS, SILENCE_SECONDS, tls_context
from ingestion.sources.names import path_of
from ingestion.sources.passwords import password_of
from ingestion.sources.remote import Listing, RemoteFile

_AT_ONCE = 1000  # messages whose sizes are asked for in one command
_PIECE = 4 << 20  # bytes of a message that one command asks for
_NO_KNOWLEDGE = {b"\\Noselect", b"\\NonExistent", b"\\Trash", b"\\Junk", b"\\Drafts"}


class ImapSource:
    """Implements `ingestion.sources.remote.RemoteSource`. A broken connection is opened anew."""

    def __init__(self, name: str, settings: SourceSettings, open_client: Callable[[], IMAPClient]) -> None:
        self._name = name
        self._settings = settings
        self._open = open_client
        self._client: IMAPClient | None = None
        self._selected: str | None = None
        self._validity: dict[str, int] = {}

    @classmethod
    def connect(cls, name: str, settings: SourceSettings) -> Self:
        """A source as its settings say; nothing is sent yet.

        Raises:
            SourceError: the password cannot be had.
        """
        password = password_of(name, settings)
        context = tls_context(name, settings)
        return cls(name, settings, lambda: _log_in(name, settings, password, context))

    def listing(self, check: Callable[[int], None] = lambda entries: None) -> Listing:
        """See `RemoteSource.listing`."""
        found = Listing()
        with self._translated():
            folders = self._folders()
            for folder, names in folders:
                self._list(folder, names, found, check)
        if len(found.unlisted) == len(folders):
            reason = next(iter(found.unlisted.values()), "there is none")
            raise SourceError(f"no mailbox of the source {self._name} can be read: {reason}. Check folders.")
        return found

    def fetch(self, file: RemoteFile, write: Callable[[bytes], None]) -> None:
        """See `RemoteSource.fetch`."""
        number, _, folder = file.ref.partition(" ")
        try:
            if self._selected != folder:
                known = self._validity.get(folder)
                if self._select(folder) != known:
                    raise FetchError("the mailbox was made anew; the next run takes it")
            self._fetch(int(number), file.size, write)
        except (IMAPClientAbortError, OSError) as error:
            self._drop()
            raise FetchError(_reason(error), connection=True) from error
        except IMAPClientError as error:
            raise FetchError(_reason(error)) from error

    def _fetch(self, number: int, told: int | None, write: Callable[[bytes], None]) -> None:
        """Fetch a message of the open mailbox in pieces, so that `write` can end one that is too large.

        What comes decides how long it is. The size that the server `told` may be wrong either way; only where
        it told more than came is it asked whether that was all.
        """
        done = 0
        while True:
            found = self._connected().fetch([number], [f"BODY.PEEK[]<{done}.{_PIECE}>"]).get(number, {})
            if f"BODY[]<{done}>".encode() not in found:
                raise FetchError("it was removed meanwhile; the next run will know")
            piece = found[f"BODY[]<{done}>".encode()] or b""
            write(piece)
            done += len(piece)
            if not piece or (len(piece) < _PIECE and done >= (told or 0)):
                return

    def close(self) -> None:
        """See `RemoteSource.close`."""
        if self._client is not None:
            with suppress(IMAPClientError, OSError):
                self._client.logout()
        self._drop()

    def _folders(self) -> list[tuple[str, list[str]]]:
        """The mailboxes to read, with their names from the root on."""
        every = [
            (flags, (delimiter or b"").decode("ascii", "replace"), str(name))
            for flags, delimiter, name in self._connected().list_folders()
        ]
        delimiters = {name: delimiter for _, delimiter, name in every}
        wanted = list(self._settings.folders)
        if "*" in wanted:
            wanted = sorted(name for flags, _, name in every if not _NO_KNOWLEDGE.intersection(flags))
        usual = next((delimiter for _, delimiter, _ in every if delimiter), "/")
        return [(name, name.split(delimiters.get(name) or usual)) for name in dict.fromkeys(wanted)]

    def _list(self, folder: str, names: list[str], found: Listing, check: Callable[[int], None]) -> None:
        try:
            place = path_of(names)
        except ValueError as error:
            found.odd[folder] = f"it was left out: {error}"
            return
        client = self._connected()
        check(len(found.files))
        try:
            validity = self._select(folder)
            numbers = client.search(["UNDELETED"])
            for begin in range(0, len(numbers), _AT_ONCE):
                check(len(found.files) + len(numbers))
                sizes = client.fetch(numbers[begin : begin + _AT_ONCE], ["RFC822.SIZE"])
                for number, values in sorted(sizes.items()):
                    version, ref = f"{validity} {number}", f"{number} {folder}"
                    size = values.get(b"RFC822.SIZE")
                    found.files.append(RemoteFile(f"{place}/{number}.eml", ref, version, size))
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            found.files = [file for file in found.files if file.ref.partition(" ")[2] != folder]
            found.unlisted[place] = f"the mailbox cannot be read ({_reason(error)})"

    def _select(self, folder: str) -> int:
        """Open a mailbox for reading only; returns its UIDVALIDITY (the numbers hold while it does)."""
        self._selected = None
        state = self._connected().select_folder(folder, readonly=True)
        validity = int(state.get(b"UIDVALIDITY", 0))
        self._validity.setdefault(folder, validity)
        self._selected = folder
        return validity

    def _connected(self) -> IMAPClient:
        if self._client is None:
            self._client = self._open()
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            with suppress(IMAPClientError, OSError):
                self._client.shutdown()
        self._client = self._selected = None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (IMAPClientError, OSError) as error:
            self._drop()
            raise SourceError(
                f"{self._settings.url} of the source {self._name} cannot be read: {_reason(error)}"
            ) from error


def _log_in(name: str, settings: SourceSettings, password: str, context: ssl.SSLContext) -> IMAPClient:
    address = urlsplit(settings.url)
    host, encrypted = address.hostname or "", address.scheme == "imaps"
    client = IMAPClient(
        host, port=address.port or (993 if encrypted else 143), ssl=encrypted, ssl_context=context,
        timeout=SocketTimeout(CONNECT_SECONDS, SILENCE_SECONDS),
    )  # fmt: skip
    try:
        if not encrypted and not settings.allow_unencrypted:
            client.starttls(context)
        client.login(settings.user, password)
    except (IMAPClientError, OSError) as error:
        with suppress(IMAPClientError, OSError):
            client.shutdown()
        if isinstance(error, LoginError):
            raise SourceError(
                f"{settings.url} of the source {name} does not accept the user or the password. "
                "Check user and password."
            ) from error
        raise
    return client


def _reason(error: Exception) -> str:
    text = error.args[-1] if error.args else error
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return text or type(error).__name__
