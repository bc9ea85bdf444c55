"""The operations on the company's own words and on versions. Part of `ui.operations.Operations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Json = dict[str, Any]


class KnowledgeOperations(Protocol):
    """The company's dictionary, which counts from the next question on, and versions of documents."""

    def versions(self) -> list[Json]:
        """Documents that have other versions or copies, or that do not count, by family.

        `[{family, documents: [{document, title, locations: [{source, path, shown_as}], state, version,
        valid_from, valid_to, superseded_from, copy_of: the preferred copy of the same text | None,
        rulings: [{what, value, at, by}]}]}]`, each family in order; `state` as in a hit's `validity`, days in
        ISO or None. `rulings` are what people said, see `rule_version`.
        """
        ...

    def rule_version(self, document: str, said: Json, *, by: str = "") -> Json:
        """Say what a document's version is; it outranks what was found, also when it is read again.

        `said` holds any of `official: true` (the others of its family give way to it), `superseded_by: ID`,
        `valid_from` and `valid_to` (a day in ISO, "" for none) and `apart: true` (it belongs to no family);
        null takes a thing back. `by` is who says it. `{done: True, document, rulings}`, all that is said now.

        Raises:
            NotFoundError: there is no such document.
            RulingError: what is said cannot be.
        """
        ...

    def dictionary(self) -> Json:
        """`{ok, path, entries: [{row, term, reading, synonyms: []}], problems: [{row, field, message}]}`.

        Rows with a problem are not among the entries and not used; `field` is "" where a whole row, or the
        file (row 0), is meant.
        """
        ...

    def put_word(self, term: str, *, reading: str = "", synonyms: Sequence[str] = ()) -> Json:
        """Add an entry, or replace the one of that term: `{done: True, term}`.

        Raises:
            DictionaryError: it is not valid, or the file has mistakes that rewriting it would lose.
        """
        ...

    def remove_word(self, term: str) -> Json:
        """`{done: True, term}`.

        Raises:
            NotFoundError: there is no such term.
            DictionaryError: as `put_word`.
        """
        ...

    def save_dictionary(self, entries: Sequence[Json]) -> Json:
        """Write all entries (`term`, `reading`, `synonyms`) in place of the file: as `dictionary`.

        Raises:
            DictionaryError: one of them is not valid; the file stays as it was.
        """
        ...
