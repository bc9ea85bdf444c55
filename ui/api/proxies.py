"""What a reverse proxy says of a request: who comes, and from where. Believed of known addresses only.

Known are those of the settings. The address that counts is that of the connection itself. Headers of anybody
else are as if they were not there, whatever they are called; a proxy must set or remove them itself, so a
header that comes twice was passed on from outside and lets nobody in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from assistant.accounts.vouching import Vouched
from assistant.errors import SignInError
from ingestion.access_settings import ProxySettings

_LONGEST = 4096  # bytes of a header
_MOST_HOPS = 20
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Proxies:
    """The proxies of the settings. Knows requests as ASGI does."""

    def __init__(self, settings: ProxySettings) -> None:
        self.settings = settings
        self._trusted = tuple(ipaddress.ip_network(network) for network in settings.trusted)

    def person(self, scope: Mapping[str, Any]) -> Vouched | None:
        """Who comes, by the word of a proxy; None when none says it.

        Raises:
            SignInError: a header came twice, or holds what no name can be.
        """
        settings = self.settings
        if not settings.user_header or not self._from_proxy(scope):
            return None
        user = _header(scope, settings.user_header)
        if not user:
            return None
        named = _header(scope, settings.name_header) if settings.name_header else ""
        listed = _header(scope, settings.groups_header) if settings.groups_header else ""
        groups = (part.strip() for part in listed.split(settings.groups_separator))
        return Vouched(user, "proxy", named[:200], frozenset(group for group in groups if group))

    def address(self, scope: Mapping[str, Any]) -> str:
        """Where somebody sits: the nearest address on the way that is no proxy of ours."""
        peer = scope.get("client")
        own = str(peer[0]) if peer else "unknown"
        if not self.settings.address_header or not self._from_proxy(scope):
            return own
        try:
            way = _header(scope, self.settings.address_header, several=True).split(",")[-_MOST_HOPS:]
        except SignInError:
            return own
        for hop in reversed(way):
            found = _address(hop.strip())
            if found is None:
                return own
            if not self._known(found):
                return str(found)
            own = str(found)
        return own

    def _from_proxy(self, scope: Mapping[str, Any]) -> bool:
        peer = scope.get("client")
        found = _address(str(peer[0])) if peer else None
        return found is not None and self._known(found)

    def _known(self, address: _Address) -> bool:
        return any(address in network for network in self._trusted)


def from_other_page(scope: Mapping[str, Any]) -> bool:
    """Whether a page of another place sent a request. A browser brings a proxy's word along unasked."""
    site = _first(scope, b"sec-fetch-site") or "none"
    origin, host = _first(scope, b"origin"), _first(scope, b"host")
    return site not in ("same-origin", "none") or bool(
        origin and urlsplit(origin).netloc.lower() != host.lower()
    )


def _header(scope: Mapping[str, Any], name: str, *, several: bool = False) -> str:
    key = name.encode()
    found = [bytes(value) for known, value in scope["headers"] if known == key]
    if (len(found) > 1 and not several) or sum(map(len, found)) > _LONGEST:
        raise SignInError(f"the header {name!r} came twice or is too long: the proxy must set it alone.")
    try:
        return b",".join(found).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise SignInError(f"the header {name!r} is not in UTF-8.") from None


def _first(scope: Mapping[str, Any], name: bytes) -> str:
    return str(next((value for key, value in scope["headers"] if key == name), b"").decode("latin-1"))


def _address(text: str) -> _Address | None:
    """An address, also with a port, in brackets, or as IPv6 writes one of IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
