"""With what a file was tried: the same again would fail the same way."""

from __future__ import annotations

import hashlib

from ingestion.deriving import derivation
from ingestion.screener import settings_key
from ingestion.settings import IngestionSettings, Settings

UNREAD = "unread"
"""Instead of `tried_by` at files whose bytes could not even be had, or for which the machine failed: each run
looks at them again."""


def tried_by(settings: Settings) -> str:
    """The parser and every setting that decides whether a file can be read: another value, another try."""
    sizes = settings.chunking
    return "/".join(
        (
            derivation(sizes.target, sizes.maximum),
            _limits(settings.ingestion),
            settings_key(settings.screening),
        )
    )


def _limits(settings: IngestionSettings) -> str:
    """Other limits, passwords or ways to read are reasons to try a file again that failed."""
    others = {"ignore", "removal_limit", "removal_days", "fiscal_month", "processes"}
    chosen = settings.model_dump(exclude=others)
    return hashlib.sha256(repr(sorted(chosen.items())).encode()).hexdigest()[:8]
