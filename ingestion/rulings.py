"""What a person says of a document's version. It outranks what was found, and can be taken back.

A ruling is on content: it holds for the same bytes wherever they lie, after they were read again and when
they come back. A new version of a file is another document, of which nothing has been said yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from ingestion.errors import RulingError
from ingestion.validity import Facts, Version

What = Literal["official", "superseded_by", "valid_from", "valid_to", "apart"]
KINDS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class Ruling:
    """One thing that `by` ("" for nobody known) said of a document at `at` (ISO 8601, UTC).

    `value` is the superseding document, or a day (ISO), "" for none; "yes" for "official" and "apart".
    """

    what: What
    value: str
    at: str = ""
    by: str = ""


Rulings = Mapping[str, Mapping[What, Ruling]]
"""By document and by what was said."""


def checked(
    document: str, what: str, value: str, known: Iterable[str], rulings: Rulings | None = None
) -> Ruling:
    """The ruling, if it makes sense; `known` are the documents of the library, `rulings` what was said.

    Raises:
        RulingError: it does not.
    """
    if what not in KINDS:
        raise RulingError(f"{what!r} cannot be said of a version. Choose one of {', '.join(KINDS)}.")
    if what in ("official", "apart"):
        return Ruling(what, "yes")
    if what == "superseded_by":
        if value == document:
            raise RulingError(f"document {document} cannot be superseded by itself.")
        if value not in set(known):
            raise RulingError(f"there is no document {value!r}. See: konkyo documents list")
        if document in _superseding(value, rulings or {}):
            raise RulingError(
                f"document {value} is itself superseded by {document}, as was said. Take that back first."
            )
        return Ruling(what, value)
    try:
        day = value and date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise RulingError(f"{value!r} is no day. Write it as 2025-04-01, or leave it empty.") from error
    return Ruling(what, day)


def _superseding(document: str, rulings: Rulings) -> set[str]:
    """The documents that supersede `document`, also by way of others."""
    by = dict(replacements(rulings))
    found: set[str] = set()
    while (newer := by.get(document)) is not None and newer not in found:
        found.add(newer)
        document = newer
    return found


def ruled_facts(facts: Facts, said: Mapping[What, Ruling]) -> Facts:
    """The facts of a document with the days and the standing that a person gave it."""
    if "valid_from" in said:
        facts = replace(facts, valid_from=said["valid_from"].value or None, dated=None)
    if "valid_to" in said:
        facts = replace(facts, valid_to=said["valid_to"].value or None)
    if "official" in said:
        facts = replace(facts, standing="official")
    return facts


def apart(rulings: Rulings) -> frozenset[str]:
    """Documents that belong to no family."""
    return frozenset(document for document, said in rulings.items() if "apart" in said)


def replacements(rulings: Rulings) -> list[tuple[str, str]]:
    """(document, the one that supersedes it)."""
    return [(id, said["superseded_by"].value) for id, said in rulings.items() if "superseded_by" in said]


def ruled(versions: Sequence[Version], rulings: Rulings) -> list[Version]:
    """`versions` with what follows from the rulings on them.

    An official one is not superseded; it is the copy that is cited, and all others of its family give way to
    it, but other official ones. A person's word on who supersedes whom outranks that.
    """
    known = {version.id: version for version in versions}
    official: dict[str, list[Version]] = {}
    for version in versions:
        if "official" in rulings.get(version.id, {}):
            official.setdefault(version.family, []).append(version)
    found = []
    for version in versions:
        said = rulings.get(version.id, {})
        if chosen := official.get(version.family):
            version = _beside_official(version, chosen)
        if "superseded_by" in said:
            by = known.get(said["superseded_by"].value)
            version = replace(version, superseded_from=_since(version, by))
        found.append(version)
    return found


def _beside_official(version: Version, chosen: Sequence[Version]) -> Version:
    if any(version.id == one.id for one in chosen):
        return replace(version, preferred=True, superseded_from=None)
    if any(version.text == one.text for one in chosen):
        return replace(version, preferred=False, superseded_from=None)
    days = [_since(version, one) for one in chosen]
    return replace(version, superseded_from=min(days))


def _since(version: Version, by: Version | None) -> str:
    """The day from which `by` counts instead of `version`; "" where it has none behind that of `version`."""
    begin = by.valid_from if by is not None else None
    return begin if begin and begin > (version.valid_from or "") else ""
