"""What connections to sources share: certificates are verified, passwords never go out in the clear."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.parse import urlsplit

from ingestion.errors import SourceError
from ingestion.source_settings import SourceSettings

CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 60.0


def tls_context(name: str, settings: SourceSettings) -> ssl.SSLContext:
    """Certificates and host names are verified, against `ca_file` where one is named.

    Raises:
        SourceError: `ca_file` cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SourceError(
            f"the certificates {settings.ca_file} of the source {name} cannot be read: {error}. "
            "Check ca_file; it must be in PEM form."
        ) from error


def refuse_unencrypted(name: str, settings: SourceSettings) -> None:
    """Stop before a password or a document crosses a network in the clear.

    Raises:
        SourceError: the address is not encrypted, leads to another machine, and the settings do not allow it.
    """
    address = urlsplit(settings.url)
    if address.scheme in ("https", "imaps") or settings.allow_unencrypted:
        return
    if not is_this_machine(address.hostname or ""):
        raise SourceError(
            f"{settings.url} of the source {name} is not encrypted: the password could be read on the way. "
            "Use https:// or imaps://, or set allow_unencrypted = true."
        )


def is_this_machine(host: str) -> bool:
    """Whether `host` is a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
