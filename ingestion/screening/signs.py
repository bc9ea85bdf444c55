"""The signs of planted instructions, read from signs.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Sign:
    """`weight` in (0, 1) is the belief that it adds; `order` says that it tells somebody to do something.

    It counts only beside the sign `beside`, where that is not "".
    """

    name: str
    weight: float
    order: bool
    beside: str
    pattern: re.Pattern[str]


@cache
def signs() -> tuple[Sign, ...]:
    """All signs, compiled once."""
    text = (files("ingestion") / "screening" / "signs.toml").read_text("utf-8")
    table = tomllib.loads(text)
    words: dict[str, str] = table["words"]
    return tuple(
        Sign(
            name,
            float(sign["weight"]),
            bool(sign.get("order", True)),
            str(sign.get("with", "")),
            _compiled(sign["patterns"], words),
        )
        for name, sign in table["signs"].items()
    )


def _compiled(patterns: list[str], words: dict[str, str]) -> re.Pattern[str]:
    whole = "|".join(re.sub("%([A-Z_]+)%", lambda match: words[match[1]], pattern) for pattern in patterns)
    return re.compile(whole, re.IGNORECASE | re.MULTILINE)
