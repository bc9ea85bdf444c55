"""The [access] table of konkyo.toml: what holds once there are accounts."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

RoleName = Literal["reader", "editor", "trainer", "admin"]
_HEADER = r"^([a-z0-9]+(-[a-z0-9]+)*)?$"


def _network(value: str) -> str:
    try:
        found = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no address and no network such as 10.0.0.0/24 ({error})") from error
    if found.prefixlen == 0:
        raise ValueError(f"{value!r} is every address: name those of your proxies")
    return value


class MappingSettings(BaseModel):
    """What people may do here whom something outside vouches for.

    `roles` names for each role the outer groups whose members have it, `groups` for each outer group the one
    of ours that its members are in. `role` is that of all others; "": they are not let in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: RoleName | Literal[""] = "reader"
    roles: dict[RoleName, tuple[str, ...]] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)


class ProxySettings(MappingSettings):
    """A reverse proxy that is believed: who somebody is (`user_header`), and where somebody sits.

    Headers are believed of connections from `trusted` addresses alone.
    """

    trusted: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    user_header: str = Field("", pattern=_HEADER)
    name_header: str = Field("", pattern=_HEADER)
    groups_header: str = Field("", pattern=_HEADER)
    groups_separator: str = Field(",", min_length=1, max_length=1)
    address_header: str = Field("x-forwarded-for", pattern=_HEADER)
    sign_out: str = Field("", pattern=r"^(https?://\S+|/\S*)?$")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.user_header and not self.trusted:
            raise ValueError("user_header needs trusted, the addresses of the proxy")
        if (self.groups_header or self.name_header) and not self.user_header:
            raise ValueError("groups_header and name_header need user_header")
        return self


class LdapSettings(MappingSettings):
    """A directory, LDAP or Active Directory, that knows people and their passwords; off without `url`.

    With `bind_dn` a service account looks for the person; with `user_dn` the person's own name and password
    do. Its password stands in the environment variable `password_env` or in `password_file` (mode 0600).
    """

    url: str = ""
    tls: Literal["starttls", "off"] = "starttls"
    ca_file: str = ""
    base: str = ""
    user_attribute: str = Field("uid", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    user_filter: str = "(objectClass=person)"
    user_dn: str = ""
    bind_dn: str = ""
    password_env: str = ""
    password_file: str = ""
    name_attribute: str = Field("displayName", pattern=r"^([A-Za-z][A-Za-z0-9-]*)?$")
    groups_base: str = ""
    groups_by: Literal["member", "memberof", "ad"] = "member"
    timeout_seconds: int = Field(5, ge=1, le=60)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.url:
            return self
        found = urlsplit(self.url)
        if found.scheme not in ("ldap", "ldaps") or not found.hostname or found.path.strip("/"):
            raise ValueError("url must be ldaps://HOST or ldap://HOST, with :PORT where it is another")
        if not self.base:
            raise ValueError("base is missing: the part of the directory that people are in")
        if bool(self.bind_dn) == bool(self.user_dn):
            raise ValueError("give either bind_dn or user_dn")
        named = (*self.groups, *(name for names in self.roles.values() for name in names))
        if wrong := next((name for name in named if "=" not in name), None):
            raise ValueError(
                f"{wrong!r} is no whole name of a group: write it as cn=staff,ou=groups,dc=example"
            )
        if self.bind_dn and not (self.password_env or self.password_file):
            raise ValueError("bind_dn needs password_env or password_file")
        if self.user_dn and "{user}" not in self.user_dn:
            raise ValueError("user_dn needs {user}, where the name is put in")
        if (
            found.scheme == "ldap"
            and self.tls == "off"
            and found.hostname not in ("127.0.0.1", "::1", "localhost")
        ):
            raise ValueError('tls = "off" would send passwords in the clear; it is for this machine only')
        return self


class AccessSettings(BaseModel):
    """Who reads what carries no groups, and how long people stay signed in; counts once there are accounts.

    After `most_attempts` failed attempts to sign in for one user within `attempt_minutes`, another one is
    refused; from one address after `most_attempts_address`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ungrouped: Literal["nobody", "everybody"] = "nobody"
    session_idle_minutes: int = Field(120, ge=1)
    session_hours: int = Field(12, ge=1)
    most_attempts: int = Field(10, ge=1)
    most_attempts_address: int = Field(50, ge=1)
    attempt_minutes: int = Field(15, ge=1)
    proxy: ProxySettings = ProxySettings()
    ldap: LdapSettings = LdapSettings()
