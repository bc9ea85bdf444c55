"""A directory, LDAP or Active Directory: whether a password is right, and which groups somebody is in."""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from ldap3 import AUTO_BIND_NONE, BASE, DEREF_NEVER, NONE, SIMPLE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import escape_rdn, parse_dn

from assistant.accounts.roles import user_name
from assistant.accounts.vouching import Vouched
from assistant.errors import AccountError, DirectoryError
from ingestion.access_settings import LdapSettings
from ingestion.errors import SourceError
from ingestion.sources.passwords import password_of

_AT_ONCE = 4  # people; each may wait for the directory as long as it takes
_MOST_GROUPS = 2000
_DEEPEST = 30
_IN_ONE_FILTER = 40
_IN_CHAIN = "1.2.840.113556.1.4.1941"  # LDAP_MATCHING_RULE_IN_CHAIN of Active Directory
_DISABLED = 2  # ADS_UF_ACCOUNTDISABLE of userAccountControl
_WRONG = {49, 32, 48, 50, 53}
"""Results of a bind that are about the person: credentials, no such object, method, rights, unwilling."""
_ESCAPED = re.compile(r"(?:\\[0-9a-fA-F]{2})+|\\(.)")
_STATES = ("userAccountControl", "nsAccountLock", "pwdAccountLockedTime", "loginDisabled")


class Directory:
    """Asks the directory of the settings. Thread-safe; each question has connections of its own."""

    def __init__(self, settings: LdapSettings, environ: Mapping[str, str] = os.environ) -> None:
        """Connects to nothing yet."""
        self.settings = settings
        self._environ = environ
        self._at_once = threading.Semaphore(_AT_ONCE)

    def person(self, name: str, password: str) -> Vouched | None:
        """Who this is, with all groups; None when name and password do not fit or the account is locked.

        Raises:
            DirectoryError: the directory cannot be asked.
            AccountError: no user can have this name.
        """
        key = user_name(name)
        if not password or "\x00" in password:
            return None  # a bind without a password is an anonymous one, and succeeds for every name
        with self._at_once, _translated(self.settings.url):
            return self._by_template(key, password) if self.settings.user_dn else self._found(key, password)

    def examine(self) -> bool:
        """Make sure that the directory is reached; whether a service account was let in, too.

        Raises:
            DirectoryError: it cannot be.
        """
        with _translated(self.settings.url), self._connected() as connection:
            if not self.settings.bind_dn:
                return False
            self._bind_service(connection)
            self._search(connection, self.settings.base, "(objectClass=*)", [], scope=BASE)
            return True

    # --- the person

    def _found(self, key: str, password: str) -> Vouched | None:
        """Found by the service account, let in by its own password."""
        with self._connected() as connection:
            self._bind_service(connection)
            entry = self._entry(connection, key)
            if entry is None or _locked(entry) or not self._password_fits(str(entry["dn"]), password):
                return None
            return self._vouched(connection, key, entry)

    def _by_template(self, key: str, password: str) -> Vouched | None:
        """Let in under the name that the template makes, and found by itself."""
        dn = self.settings.user_dn.replace("{user}", escape_rdn(key))
        with self._connected() as connection:
            if not self._bind(connection, dn, password):
                return None
            entry = self._entry(connection, key)
            if entry is None or _locked(entry):
                return None
            if "=" in self.settings.user_dn and normal(str(entry["dn"])) != normal(dn):
                return None
            return self._vouched(connection, key, entry)

    def _entry(self, connection: Connection, key: str) -> dict[str, Any] | None:
        """The one person of this name, spelt as the directory spells it."""
        settings = self.settings
        wanted = f"(&{settings.user_filter}({settings.user_attribute}={escape_filter_chars(key)}))"
        attributes = [settings.user_attribute, "memberOf", *_STATES]
        attributes += [settings.name_attribute] if settings.name_attribute else []
        found = self._search(connection, settings.base, wanted, attributes, most=2)
        if len(found) != 1:
            return None
        spelt = _values(found[0], settings.user_attribute)
        return found[0] if any(_same(value, key) for value in spelt) else None

    def _password_fits(self, dn: str, password: str) -> bool:
        with self._connected() as own:
            return self._bind(own, dn, password)

    def _vouched(self, connection: Connection, key: str, entry: dict[str, Any]) -> Vouched:
        named = _values(entry, self.settings.name_attribute) if self.settings.name_attribute else []
        return Vouched(key, "ldap", named[0][:200] if named else "", self._groups(connection, key, entry))

    # --- groups

    def _groups(self, connection: Connection, key: str, entry: dict[str, Any]) -> frozenset[str]:
        """The names (DNs, as `normal`) of all groups that a person is in, also through others."""
        dn = str(entry["dn"])
        if self.settings.groups_by == "memberof":
            return self._by_memberof(connection, _values(entry, "memberOf"))
        base = self.settings.groups_base or self.settings.base
        if self.settings.groups_by == "ad":
            chain = f"(member:{_IN_CHAIN}:={escape_filter_chars(dn)})"
            found = self._search(connection, base, chain, ["cn"], most=_MOST_GROUPS)
            return frozenset(normal(str(group["dn"])) for group in found)
        return self._by_member(connection, base, dn, key)

    def _by_member(self, connection: Connection, base: str, dn: str, key: str) -> frozenset[str]:
        """Groups that name the person, those that name these groups, and so on; circles end."""
        reached: dict[str, str] = {}
        wanted = [_names(dn), f"(memberUid={escape_filter_chars(key)})"]
        for _ in range(_DEEPEST):
            fresh: list[str] = []
            for start in range(0, len(wanted), _IN_ONE_FILTER):
                some = "".join(wanted[start : start + _IN_ONE_FILTER])
                for group in self._search(connection, base, f"(|{some})", ["cn"], most=_MOST_GROUPS):
                    if (name := normal(str(group["dn"]))) not in reached:
                        reached[name] = str(group["dn"])
                        fresh.append(str(group["dn"]))
            if not fresh:
                return frozenset(reached)
            self._refuse_too_many(len(reached))
            wanted = [_names(group) for group in fresh]
        raise DirectoryError(f"groups of {self.settings.url} lie in one another too deep.")

    def _by_memberof(self, connection: Connection, first: Sequence[str]) -> frozenset[str]:
        """Groups that the person's entry names, those that their entries name, and so on; circles end."""
        base = normal(self.settings.groups_base or self.settings.base)
        reached: set[str] = set()
        waiting = list(first)
        while waiting:
            dn = waiting.pop()
            name = normal(dn)
            if name in reached or not (name == base or name.endswith(f",{base}")):
                continue
            reached.add(name)
            self._refuse_too_many(len(reached))
            for group in self._search(connection, dn, "(objectClass=*)", ["memberOf"], scope=BASE):
                waiting += _values(group, "memberOf")
        return frozenset(reached)

    def _refuse_too_many(self, count: int) -> None:
        if count > _MOST_GROUPS:
            raise DirectoryError(f"{self.settings.url} tells more than {_MOST_GROUPS} groups of one person.")

    # --- the wire

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """An encrypted connection that nobody has signed in at yet."""
        settings, found = self.settings, urlsplit(self.settings.url)
        over_tls = found.scheme == "ldaps"
        server = Server(
            found.hostname, port=found.port or (636 if over_tls else 389), use_ssl=over_tls, get_info=NONE,
            connect_timeout=settings.timeout_seconds, tls=_Checked(settings.ca_file, str(found.hostname)),
            allowed_referral_hosts=[],
        )  # fmt: skip
        # A referral would send the password to whichever host an answer names.
        connection = Connection(
            server, authentication=SIMPLE, auto_bind=AUTO_BIND_NONE, auto_referrals=False, read_only=True,
            check_names=False, receive_timeout=settings.timeout_seconds, return_empty_attributes=False,
        )  # fmt: skip
        try:
            connection.open(read_server_info=False)
            if (
                not over_tls
                and settings.tls == "starttls"
                and not connection.start_tls(read_server_info=False)
            ):
                raise DirectoryError(f"{settings.url} does not speak TLS.")
            yield connection
        finally:
            with suppress(LDAPException, OSError):  # it may never have been opened
                connection.unbind()
            if connection.socket is not None:  # ldap3 leaves it open where opening failed
                connection.socket.close()

    def _bind_service(self, connection: Connection) -> None:
        try:
            password = password_of("the directory", self.settings, self._environ)
        except SourceError as error:
            raise DirectoryError(str(error)) from error
        if not password or not self._bind(connection, self.settings.bind_dn, password):
            raise DirectoryError(
                f"{self.settings.url} does not let the service account in. Check access.ldap.bind_dn and its "
                "password."
            )

    def _bind(self, connection: Connection, dn: str, password: str) -> bool:
        """Whether the directory lets this name in with this password, which is never empty here."""
        assert dn and password
        connection.user, connection.password = dn, password
        connection.bind(read_server_info=False)
        code = int(connection.result["result"])
        if code and code not in _WRONG:
            raise DirectoryError(f"{self.settings.url} answers: {connection.result['description']}.")
        return code == 0

    def _search(
        self, connection: Connection, base: str, wanted: str, attributes: Sequence[str], *,
        scope: str = SUBTREE, most: int = 0,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Entries that are found. A size limit, and a base that does not exist, are no errors."""
        connection.search(
            base, wanted, search_scope=scope, dereference_aliases=DEREF_NEVER,
            attributes=list(attributes) or ["1.1"], size_limit=most, time_limit=self.settings.timeout_seconds,
        )  # fmt: skip
        code = int(connection.result["result"])
        if code not in (0, 4, 32, 10):  # done, size limit, no such object, a referral, which is not followed
            raise DirectoryError(f"{self.settings.url} answers: {connection.result['description']}.")
        return [entry for entry in connection.response or [] if entry["type"] == "searchResEntry"]


class _Checked(Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS by Python's own rules: ldap3's would take any certificate unless told otherwise."""

    def __init__(self, ca_file: str, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        try:
            self._context = ssl.create_default_context(cafile=os.path.expanduser(ca_file) or None)
        except (OSError, ssl.SSLError) as error:
            raise DirectoryError(f"{ca_file} cannot be read as certificates ({error}).") from error
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._host = host

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Encrypt the connection, once the certificate is that of the host."""
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._host)


def normal(dn: str) -> str:
    """A DN in one spelling: case and spaces around its parts do not tell two apart."""
    try:
        parts = parse_dn(dn, escape=False, strip=True)
    except LDAPException:
        return dn.casefold()
    return "".join(f"{name}={_one_spelling(value)}{mark}" for name, value, mark in parts).casefold()


def _one_spelling(value: str) -> str:
    r"""A value in which only `\`, `,` and `+` are escaped: servers write `\2B`, people `\+`."""
    plain = _ESCAPED.sub(_unescaped, value)
    return re.sub(r"([\\,+])", r"\\\1", plain)


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    return bytes.fromhex(found[0].replace("\\", "")).decode("utf-8", "replace")


def as_compared(settings: LdapSettings) -> LdapSettings:
    """The settings with names of groups as `Vouched.groups` has them."""
    roles = {role: tuple(map(normal, names)) for role, names in settings.roles.items()}
    groups = {normal(outer): ours for outer, ours in settings.groups.items()}
    return settings.model_copy(update={"roles": roles, "groups": groups})


def _names(dn: str) -> str:
    """The part of a filter that finds groups which name `dn`."""
    escaped = escape_filter_chars(dn)
    return f"(member={escaped})(uniqueMember={escaped})"


def _values(entry: Mapping[str, Any], attribute: str) -> list[str]:
    """The values of an attribute, whichever case the directory writes its name in."""
    for name, raw in entry["raw_attributes"].items():
        if name.lower() == attribute.lower():
            return [value.decode("utf-8", "replace") for value in raw]
    return []


def _same(spelt: str, key: str) -> bool:
    """Directories compare more loosely than we do, which would make two users of one person."""
    try:
        return user_name(spelt) == key
    except AccountError:
        return False


def _locked(entry: Mapping[str, Any]) -> bool:
    """Whether the entry says that its account is shut; a bind tells it, too, where the directory knows."""
    control = next(iter(_values(entry, "userAccountControl")), "0")
    shut = (*_values(entry, "nsAccountLock"), *_values(entry, "loginDisabled"))
    return (
        (control.lstrip("-").isdigit() and bool(int(control) & _DISABLED))
        or any(value.lower() == "true" for value in shut)
        or bool(_values(entry, "pwdAccountLockedTime"))
    )


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except (LDAPException, OSError) as error:
        raise DirectoryError(f"{url} cannot be asked: {error}") from error
