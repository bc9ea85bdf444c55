"""The words shown to people, in Japanese and English: one TOML file a language, one table an area."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the commands import this file first, and answers bring numpy
    from assistant.answers import Language

LANGUAGES: tuple[Language, ...] = ("ja", "en")


@functools.cache
def texts(language: Language) -> Mapping[str, Mapping[str, Any]]:
    """Every table of the language's file: `texts("ja")["web"]["ask"]`. Nested tables are mappings."""
    return tomllib.loads(resources.files(__name__).joinpath(f"{language}.toml").read_text("utf-8"))


@functools.cache
def reasons(language: Language) -> Mapping[str, str]:
    """What reasons_en.toml and reasons_ja.toml say by code (table.key): see `ui/reasons.py`."""
    name = f"reasons_{language}.toml"
    tables = tomllib.loads(resources.files(__name__).joinpath(name).read_text("utf-8"))
    return {f"{table}.{key}": text for table, found in tables.items() for key, text in found.items()}


def t(language: Language, table: str, key: str, **values: object) -> str:
    """The text `key` of `table`, its `{names}` filled with `values`. A dot in `key` goes into a sub-table.

    Raises:
        KeyError: the file has no such text, or it names a value that was not given.
    """
    found: Any = texts(language)[table]
    for part in key.split("."):
        found = found[part]
    return str(found).format_map(values) if values else str(found)


def language_of(locale: str | None) -> Language:
    """The language to greet a browser with: Japanese for "ja" and "ja-JP", English for all others."""
    return "ja" if (locale or "").lower().split("-")[0] == "ja" else "en"
