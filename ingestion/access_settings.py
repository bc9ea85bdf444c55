"""The [access] table of konkyo.toml: what holds once there are accounts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
