"""A folder on a WebDAV server (RFC 4918), such as Nextcloud: listed folder by folder, fetched with GET."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

import httpx
from lxml import etree

from ingestion.errors import FetchError, SourceError
from ingestion.source_settings import SourceSettings
from ingestion.sources.connecting import CONNECT_SECONDS, SILENCE_SECONDS, refuse_unencrypted, tls_context
from ingestion.sources.names import path_of
from ingestion.sources.passwords import password_of
from ingestion.sources.remote import Listing, RemoteFile

_DEPTH = 64  # folders within folders; a server could invent them without end
_ANSWER_BYTES = 64 << 20
_ASKED = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>'
    b"<resourcetype/><getetag/><getcontentlength/><getlastmodified/></prop></propfind>"
)
_DAV = "{DAV:}"
_LATER = {429, 502, 503, 504}


class WebDavSource:
    """Implements `ingestion.sources.remote.RemoteSource`."""

    def __init__(self, name: str, url: str, client: httpx.Client) -> None:
        self._name = name
        self._base = url.rstrip("/") + "/"
        self._root = _normal(urlsplit(self._base).path)
        self._http = client

    @classmethod
    def connect(cls, name: str, settings: SourceSettings) -> Self:
        """A source as its settings say; nothing is sent yet.

        Raises:
            SourceError: the password cannot be had, or would go out in the clear.
        """
        refuse_unencrypted(name, settings)
        password = password_of(name, settings)
        client = httpx.Client(
            auth=httpx.BasicAuth(settings.user, password) if settings.user else None,
            verify=tls_context(name, settings),
            # No compression: a small answer must not become an endless one here.
            headers={"accept-encoding": "identity", "user-agent": "Konkyo"},
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )
        return cls(name, settings.url, client)

    def listing(self, check: Callable[[int], None] = lambda entries: None) -> Listing:
        """See `RemoteSource.listing`."""
        found = Listing()
        waiting: list[tuple[str, list[str]]] = [(self._root, [])]
        entries = 0
        while waiting:
            check(entries)
            href, names = waiting.pop()
            for entry in self._children(href, names, found):
                entries += 1
                self._take(entry, names, found, waiting)
        check(entries)
        return found

    def fetch(self, file: RemoteFile, write: Callable[[bytes], None]) -> None:
        """See `RemoteSource.fetch`."""
        try:
            with self._http.stream("GET", urljoin(self._base, file.ref)) as response:
                if response.status_code != 200:
                    self._refused(response.status_code)
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise FetchError("the server packed it although it was asked not to")
                for piece in response.iter_raw(1 << 16):
                    write(piece)
        except httpx.HTTPError as error:
            raise FetchError(_reason(error), connection=True) from error

    def close(self) -> None:
        """See `RemoteSource.close`."""
        self._http.close()

    def _refused(self, status: int) -> None:
        if status == 401:
            raise SourceError(f"the server of {self._name} no longer accepts the user or the password.")
        if status in _LATER:
            raise FetchError(f"the server is busy (status {status})", connection=True)
        if status in (404, 410):
            raise FetchError("it was removed meanwhile; the next run will know")
        raise FetchError(f"the server answers with status {status}")

    def _children(self, href: str, names: list[str], found: Listing) -> list[_Entry]:
        """What lies in one folder. One that is closed to us is noted, the source itself must be open."""
        try:
            status, answer = self._ask(href)
        except httpx.HTTPError as error:
            raise SourceError(
                f"{self._base} of the source {self._name} cannot be reached: {_reason(error)}"
            ) from error
        if status == 207:
            return list(self._entries(answer, href))
        if names and status in (403, 404, 410, 423):
            found.unlisted["/".join(names)] = f"the folder cannot be listed (status {status})"
            return []
        raise SourceError(f"{self._base} of the source {self._name} cannot be listed: {_advice(status)}")

    def _ask(self, href: str) -> tuple[int, bytes]:
        headers = {"depth": "1", "content-type": "application/xml; charset=utf-8"}
        request = self._http.build_request(
            "PROPFIND", urljoin(self._base, href), content=_ASKED, headers=headers
        )
        response = self._http.send(request, stream=True)
        try:
            answer = bytearray()
            for piece in response.iter_raw():
                answer += piece
                if len(answer) > _ANSWER_BYTES:
                    raise SourceError(f"the list of {href} is larger than {_ANSWER_BYTES >> 20} MB.")
            return response.status_code, bytes(answer)
        finally:
            response.close()

    def _entries(self, answer: bytes, href: str) -> Iterator[_Entry]:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            tree = etree.fromstring(answer, parser)
        except etree.XMLSyntaxError as error:
            raise SourceError(f"the server of {self._name} answered with broken XML: {error}") from error
        if tree.tag != f"{_DAV}multistatus":
            raise SourceError(f"the server of {self._name} answered with XML that lists no folder.")
        for response in tree.iterfind(f"{_DAV}response"):
            entry = _Entry(response)
            if entry.href.rstrip("/") != href.rstrip("/"):
                yield entry

    def _take(
        self, entry: _Entry, names: list[str], found: Listing, waiting: list[tuple[str, list[str]]]
    ) -> None:
        """Sort one entry in: a file, a folder to be listed, or something that cannot be a path of ours."""
        parts = entry.href.rstrip("/").split("/")
        raw = [_decoded(part) for part in parts[len(self._root.rstrip("/").split("/")) :]]
        inside = entry.href.startswith(self._root) and len(raw) == len(names) + 1
        try:
            if not inside:
                raise ValueError("it does not lie in the folder that was listed")
            path = path_of(raw)
        except ValueError as error:
            found.odd[entry.href] = f"it was left out: {error}"
            return
        if not entry.known:
            found.unlisted[path] = "the server does not tell what it is"
        elif not entry.is_folder:
            found.files.append(RemoteFile(path, entry.href, entry.version, entry.size))
        elif len(raw) >= _DEPTH:
            found.unlisted[path] = f"folders lie deeper than {_DEPTH}"
        else:
            waiting.append((entry.href, raw))


class _Entry:
    """One `response` of a listing. `href` is the path part, still percent-encoded."""

    def __init__(self, response: etree._Element) -> None:
        self.href = _normal(urlsplit((response.findtext(f"{_DAV}href") or "").strip()).path)
        found = {
            value.tag: value
            for stat in response.iterfind(f"{_DAV}propstat")
            if " 200" in (stat.findtext(f"{_DAV}status") or "")
            for value in stat.iterfind(f"{_DAV}prop/*")
        }
        self.known = f"{_DAV}resourcetype" in found or f"{_DAV}getcontentlength" in found
        kind = found.get(f"{_DAV}resourcetype")
        self.is_folder = kind is not None and kind.find(f"{_DAV}collection") is not None
        texts = {tag: (value.text or "").strip() for tag, value in found.items()}
        length = texts.get(f"{_DAV}getcontentlength", "")
        self.size = int(length) if length.isascii() and length.isdigit() else None
        changed = texts.get(f"{_DAV}getlastmodified", "")
        self.version = texts.get(f"{_DAV}getetag") or f"{changed} {length}"


def _normal(path: str) -> str:
    """One spelling for a path: servers differ in which characters they encode."""
    return "/".join(quote(unquote_to_bytes(part), safe="") for part in path.split("/"))


def _decoded(part: str) -> str:
    raw = unquote_to_bytes(part)
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def _advice(status: int) -> str:
    if status == 401:
        return "it does not accept the user or the password (status 401). Check user and password."
    if status == 403:
        return "this user may not read it (status 403)."
    if 300 <= status < 400:
        return f"the server sends us elsewhere (status {status}). Put the final address into url."
    if status in (404, 405, 501):
        return f"there is no WebDAV folder (status {status}). Check url."
    return f"the server answers with status {status}. Try again later."


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "the server does not answer in time"
    return str(error) or type(error).__name__
