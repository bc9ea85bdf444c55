r"""`[sources."NAME"]` of konkyo.toml: where documents come from, and how people know the place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion.rights.names import EVERYBODY, is_group_name

RightsFrom = Literal["settings", "posix", "file"]
SourceKind = Literal["folder", "webdav", "imap"]
_PRINCIPAL = re.compile(r"(user|group):.+")
_SCHEMES = {"webdav": ("https", "http"), "imap": ("imaps", "imap")}


class SourceSettings(BaseModel):
    r"""One source. Without `kind` it only names a folder: `\\server\share` or `https://intranet/docs`.

    A password is never in the settings: `password_env` names an environment variable, `password_file` a file
    that only its owner can read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shown_as: str = ""
    owner: str = Field("", description="who is asked where the documents below it do not say")
    kind: SourceKind | Literal[""] = ""
    path: str = Field("", description="folder: where it is; empty: the name is the path")
    url: str = Field(
        "", description="webdav: https://host/folder; imap: imaps://host, or imap:// for STARTTLS"
    )
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    ca_file: str = Field("", description="certificates of a private authority; empty: the system's")
    allow_unencrypted: bool = Field(False, description="send the password without TLS to another machine")
    folders: tuple[str, ...] = Field(("INBOX",), description='imap: the mailboxes; "*" is all of them')
    groups: tuple[str, ...] = Field((), description="who may read it; empty: rights stay as they are")
    rights: RightsFrom = Field(
        "settings",
        description="who may read it; posix: by owners, bits and access lists of its files and folders; "
        "file: by rights.csv in its root; settings: by groups, and what was said at an ingest",
    )  # fmt: skip
    rights_map: dict[str, tuple[str, ...]] = Field(
        {},
        description='posix: "user:NAME", "group:NAME" or "other" → groups; else groups of the same name',
    )
    every_minutes: float = Field(0.0, ge=0, description="the service synchronises it so often; 0: never")
    max_mb: int = Field(512, ge=1, description="larger files are not fetched, and listed")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind in _SCHEMES:
            address = urlsplit(self.url)
            if "@" in address.netloc:
                raise ValueError("url holds a user or a password; use user and password_env or password_file")
            if address.scheme not in _SCHEMES[self.kind] or not address.hostname:
                shown = "url" if "@" in self.url else f"url = {self.url!r}"  # it may hold a password
                raise ValueError(f"{shown} must begin with {_SCHEMES[self.kind][0]}:// and a host")
        self._check_rights()
        if self.path and not Path(self.path).is_absolute():
            raise ValueError(f"path = {self.path!r} must be given from the root on")
        return self

    def _check_rights(self) -> None:
        if self.rights != "settings" and self.groups:
            raise ValueError(f'groups does not go with rights = "{self.rights}"; leave one of them out')
        if (self.rights == "posix" and self.kind in _SCHEMES) or (
            self.rights == "file" and self.kind == "imap"
        ):
            raise ValueError(f'rights = "{self.rights}" does not go with kind = "{self.kind}"')
        if self.rights_map and self.rights != "posix":
            raise ValueError('rights_map needs rights = "posix"')
        for key, groups in self.rights_map.items():
            if key != "other" and not _PRINCIPAL.fullmatch(key):
                raise ValueError(f'rights_map: {key!r} must be "user:NAME", "group:NAME" or "other"')
            for name in groups:
                if name != EVERYBODY and not is_group_name(name):
                    raise ValueError(f"rights_map: {name!r} cannot be the name of a group")
