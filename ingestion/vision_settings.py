"""`[vision]` of konkyo.toml: the server that says what figures show."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator


class VisionSettings(BaseModel):
    """An OpenAI-compatible server whose model sees pictures. Empty `base_url`: figures are not described."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = ""
    model: str = ""
    api_key_env: str = Field("", description="name of the environment variable that holds the key")
    timeout_seconds: float = Field(120.0, gt=0, description="for one figure")

    @model_validator(mode="after")
    def _check(self) -> Self:
        address = urlsplit(self.base_url)
        if "@" in address.netloc:
            raise ValueError("base_url holds a user or a password; use api_key_env")
        if self.base_url and (address.scheme not in ("http", "https") or not address.hostname):
            raise ValueError(f"base_url = {self.base_url!r} must begin with http:// or https:// and a host")
        return self
