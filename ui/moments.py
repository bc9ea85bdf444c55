"""Stored times (ISO 8601, in UTC) as the people at this machine read them."""

from __future__ import annotations

from datetime import datetime


def moment(at: str) -> datetime | None:
    """A stored time in local time; None when it is not one."""
    try:
        return datetime.fromisoformat(at).astimezone()
    except (TypeError, ValueError):
        return None


def day(at: str) -> str:
    """The local day of a stored time, as "2026-11-22"; what is no time as it is."""
    found = moment(at)
    return at if found is None else f"{found:%Y-%m-%d}"
