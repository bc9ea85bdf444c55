r"""`[sources."NAME"]` of konkyo.toml: where documents come from, and how people know the place."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

SourceKind = Literal["folder", "webdav", "imap"]
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
        if self.path and not Path(self.path).is_absolute():
            raise ValueError(f"path = {self.path!r} must be given from the root on")
        return self
