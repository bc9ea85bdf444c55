"""The operations of `ui.knowledge_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import date

from ingestion.dictionary import Entry, add_entry, read_dictionary, remove_entry, save_dictionary
from ingestion.documents import Location
from ingestion.rulings import KINDS, Ruling, checked
from ingestion.validity import Version, state_on
from ingestion.workspace import Workspace
from ui.errors import NotFoundError, UsageError
from ui.knowledge_operations import Json
from ui.resources import Resources


class LocalKnowledge(ABC):
    """Implements `ui.knowledge_operations.KnowledgeOperations` for a class that has what is declared here."""

    workspace: Workspace
    resources: Resources

    @abstractmethod
    def _locations(self, locations: Sequence[Location]) -> list[Json]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[None]: ...

    def versions(self) -> list[Json]:
        """See `KnowledgeOperations.versions`."""
        from ingestion.ruling_rows import RulingRows
        from ingestion.version_rows import VersionRows

        said = RulingRows(self.resources.library).all()
        readable = {summary.id: summary for summary in self.resources.library.documents_list()}
        limited = self.resources.user.groups is not None
        families = []
        for members in VersionRows(self.resources.library).families():
            preferred = {version.text: version.id for version in members if version.preferred}
            documents = [
                {"document": version.id, "title": readable[version.id].title,
                 "locations": self._locations(readable[version.id].locations),
                 **_validity(version),
                 "copy_of": _other(preferred.get(version.text), version.id, readable),
                 "rulings": _rulings(said.get(version.id, {}).values(), readable if limited else None)}
                for version in members if version.id in readable
            ]  # fmt: skip
            if documents:  # the family is named by one of its documents, which must be a readable one
                family = members[0].family if not limited else min(one["document"] for one in documents)
                families.append({"family": family, "documents": documents})
        return families

    def rule_version(self, document: str, said: Json, *, by: str = "") -> Json:
        """See `KnowledgeOperations.rule_version`."""
        from ingestion.ruling_rows import RulingRows
        from ingestion.version_rows import VersionRows

        library = self.resources.library
        known = {summary.id for summary in library.documents_list()}
        rows = RulingRows(library)
        before = rows.all()
        if self.resources.user.groups is not None:
            before = {id: said for id, said in before.items() if id in known}
        if document not in known and document not in before:
            raise NotFoundError(f"there is no document {document!r}. See: konkyo documents list")
        taken_back = [what for what, value in said.items() if value is None or value is False]
        put = [
            checked(document, what, str(value), known, before) for what, value in said.items()
            if what not in taken_back
        ]  # fmt: skip
        if unknown := [what for what in taken_back if what not in KINDS]:
            checked(document, unknown[0], "", known)  # which refuses it
        with self._writing():
            rows.undo(document, taken_back)
            rows.put(document, put, by.strip())
            VersionRows(library, self.resources.settings.ingestion.fiscal_month).refresh()
        found = rows.all().get(document, {})
        return {
            "done": True,
            "document": document,
            "rulings": _rulings(found.values(), known if self.resources.user.groups is not None else None),
        }

    def dictionary(self) -> Json:
        """See `KnowledgeOperations.dictionary`."""
        entries, problems = read_dictionary(self.workspace.dictionary_path)
        return {
            "ok": not problems, "path": str(self.workspace.dictionary_path),
            "entries": [
                {"row": entry.row, "term": entry.term, "reading": entry.reading,
                 "synonyms": list(entry.synonyms)}
                for entry in entries
            ],
            "problems": [
                {"row": problem.row, "field": problem.field, "message": problem.message}
                for problem in problems
            ],
        }  # fmt: skip

    def put_word(self, term: str, *, reading: str = "", synonyms: Sequence[str] = ()) -> Json:
        """See `KnowledgeOperations.put_word`."""
        entry = _entry({"term": term, "reading": reading, "synonyms": list(synonyms)})
        add_entry(self.workspace.dictionary_path, entry)
        return {"done": True, "term": entry.term}

    def remove_word(self, term: str) -> Json:
        """See `KnowledgeOperations.remove_word`."""
        if not remove_entry(self.workspace.dictionary_path, term):
            raise NotFoundError(f"the dictionary has no term {term!r}. See: konkyo dictionary list")
        return {"done": True, "term": term}

    def save_dictionary(self, entries: Sequence[Json]) -> Json:
        """See `KnowledgeOperations.save_dictionary`."""
        save_dictionary(self.workspace.dictionary_path, [_entry(entry) for entry in entries])
        return self.dictionary()


def _validity(version: Version) -> Json:
    facts = version.facts
    return {
        "state": state_on(version, date.today().isoformat()),
        "version": ".".join(map(str, facts.version)) or None, "valid_from": version.valid_from,
        "valid_to": facts.valid_to, "superseded_from": version.superseded_from or None,
    }  # fmt: skip


def _rulings(said: Iterable[Ruling], readable: Container[str] | None) -> list[Json]:
    """What was said; which document supersedes one is told to those who may read it. None: all."""
    return [
        {"what": one.what, "value": one.value, "at": one.at, "by": one.by}
        for one in said
        if one.what != "superseded_by" or readable is None or one.value in readable
    ]


def _other(document: str | None, own: str, readable: Container[str]) -> str | None:
    return None if document == own or document not in readable else document


def _entry(value: Json) -> Entry:
    synonyms = value.get("synonyms") or []
    if isinstance(synonyms, str) or any("|" in str(word) for word in synonyms):
        raise UsageError(f"the synonyms {synonyms!r} must be a list of words without |.")
    words = tuple(str(word).strip() for word in synonyms)
    return Entry(str(value.get("term") or "").strip(), str(value.get("reading") or "").strip(), words)
