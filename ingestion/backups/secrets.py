"""The settings without what only their owner may know. A backup goes to places that have other readers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingestion.errors import BackupError
from ingestion.settings import Settings, is_secret

_LONG_ENOUGH = 4  # a shorter value stands in any text by chance
Key = tuple[str, ...]


def without_secrets(text: str) -> tuple[str, list[str]]:
    """The text of konkyo.toml without passwords, and the keys that were taken out.

    What was taken out is proved: the rest reads as the same settings, and none of the values stands in it.

    Raises:
        BackupError: a secret is written in a way in which it cannot be taken out alone.
    """
    values = tomllib.loads(text)
    keys = list(_secret_keys(values))
    for key in keys:
        text, values = _taken_out(text, values, key)
    return text, [".".join(key) for key in keys]


def password_files(root: Path, settings: Settings) -> list[Path]:
    """Files that hold passwords, which may lie inside the workspace."""
    return [root / source.password_file for source in settings.sources.values() if source.password_file]


def settings_copies(root: Path) -> list[Path]:
    """Copies that editors leave beside konkyo.toml, as konkyo.toml~: they hold what it holds."""
    return sorted(root.glob("konkyo.toml?*"))


def _secret_keys(values: Mapping[str, Any], place: Key = ()) -> Iterator[Key]:
    for name, value in values.items():
        key = (*place, name)
        if isinstance(value, Mapping):
            yield from _secret_keys(value, key)
        elif value and (is_secret(key) or _is_address_with_password(value)):
            yield key


def _is_address_with_password(value: object) -> bool:
    if not isinstance(value, str) or "@" not in value:
        return False
    try:
        return urlsplit(value).password is not None
    except ValueError:
        return True  # nobody can tell


def _taken_out(text: str, values: dict[str, Any], key: Key) -> tuple[str, dict[str, Any]]:
    """The lines of one assignment: those without which all other settings read as before."""
    wanted = deepcopy(values)
    table = wanted
    for name in key[:-1]:
        table = table[name]
    value = table.pop(key[-1])
    begins = re.compile(rf"""^\s*(?:[\w."'-]+\.)?["']?{re.escape(key[-1])}["']?\s*=""")
    lines = text.splitlines(keepends=True)
    for start in (number for number, line in enumerate(lines) if begins.match(line)):
        for end in range(start + 1, len(lines) + 1):
            rest = f"{''.join(lines[:start])}# {key[-1]}: left out of the backup\n{''.join(lines[end:])}"
            if _reads_as(rest, wanted) and not _shows(rest, value):
                return rest, wanted
    raise BackupError(
        f"{'.'.join(key)} in konkyo.toml cannot be left out of the backup. "
        "Put it on lines of its own, or into the environment."
    )


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return _filled(tomllib.loads(text)) == _filled(wanted)
    except tomllib.TOMLDecodeError:
        return False


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without empty tables, which say nothing: a dotted key leaves none behind, a table's head does."""
    inner = {key: _filled(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    return {key: value for key, value in inner.items() if value != {}}


def _shows(text: str, value: object) -> bool:
    each = value if isinstance(value, list) else [value]
    return any(len(str(one)) >= _LONG_ENOUGH and str(one) in text for one in each)
