"""Why an adapter did not pass the comparison of both runtimes, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ui.texts import t

if TYPE_CHECKING:
    from assistant.answers import Language

_PAST_END = "∅"


def parity_reasons(language: Language, report: Mapping[str, Any]) -> list[str]:
    """A sentence for each reason of a report, as the manifest holds it (`Manifest.parity`)."""
    return [_sentence(language, reason) for reason in report["reasons"]]


def _sentence(language: Language, reason: Mapping[str, Any]) -> str:
    values = {name: _shown(name, value) for name, value in reason.items() if name != "code"}
    return t(language, "exporting", f"reason.{reason['code']}", **values)


def _shown(name: str, value: Any) -> str:
    if value is None:
        return _PAST_END
    if name in ("difference", "allowed", "tuned", "base"):
        return f"{value:.1%}"
    if isinstance(value, float):
        return f"{value:.4f}"
    return repr(value) if name in ("served", "trained", "before") else str(value)
