"""Screening within an ingest: which policy a document comes under, and which must be looked through again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingestion import finding_rows
from ingestion.documents import Document
from ingestion.examining import Examined, examine
from ingestion.library import Library
from ingestion.location_rows import FileState
from ingestion.plans import Plan
from ingestion.screening.policy import Policy, ScreeningSettings, policy_at, strictest


def settings_key(settings: ScreeningSettings) -> str:
    """Other settings, another key: a file that was refused may be taken then."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:8]


class Screener:
    """Knows the settings, and where else a document's bytes lie."""

    def __init__(self, library: Library, settings: ScreeningSettings) -> None:
        self._library = library
        self._settings = settings
        self._cut: dict[str, set[tuple[str, str]]] = {}

    def refuses(self, file: FileState) -> bool:
        """Whether files with personal data are refused where this one lies."""
        return policy_at(self._settings, file.source, file.path).personal == "refuse"

    def look_through(
        self, id: str, files: Sequence[FileState], document: Document, title: str
    ) -> tuple[Examined, str]:
        """What becomes of a document with these files, and the key to store.

        One text serves all places of a document, so the strictest of them decides. Refusing is different: it
        is about files, and only about these here.

        Raises:
            RefusedError: it holds personal data, and one of `files` lies where such files are refused.
        """
        places = self._places(id, files)
        released = id in finding_rows.released_documents(self._library)
        wanted = _allowing(strictest(self._settings, places), released)
        acting = wanted
        if wanted.personal == "refuse" and not any(self.refuses(file) for file in files):
            lenient = {place for place in places if not self._refuses_at(place)}
            acting = _allowing(strictest(self._settings, lenient), released)
        examined = examine(document, title, files[0].path, acting)
        self._cut.setdefault(id, set()).update((file.source, file.path) for file in files)
        overdue = acting is not wanted and any(wanted.meant(finding) for finding in examined.findings)
        return examined, "" if overdue else wanted.key

    def still_holds(self, id: str, files: Sequence[FileState], key: str) -> bool:
        """Whether the policy of `key` is still the one to store a document by: other places may have come."""
        released = id in finding_rows.released_documents(self._library)
        return key == _allowing(strictest(self._settings, self._places(id, files)), released).key

    def _places(self, id: str, files: Sequence[FileState]) -> set[tuple[str, str]]:
        """Where a document lies: here, in the library, and where it was cut for in this run.

        The last are not yet stored while they wait for their vectors, or for what lies inside them.
        """
        places = {(file.source, file.path) for file in files} | self._cut.get(id, set())
        return places | set(finding_rows.places(self._library, [id]).get(id, ()))

    def plan_again(self, plans: Iterable[Plan]) -> None:
        """Have documents read again that were screened by another policy than now holds for them.

        So a change of the settings, and a file that comes to a stricter folder, work with the next run.
        """
        stored = finding_rows.policies(self._library)
        released = finding_rows.released_documents(self._library)
        places = finding_rows.places(self._library)
        for plan in plans:
            coming: dict[str, set[tuple[str, str]]] = {}
            for file, id in [*plan.relinks, *((file, old.document) for old, file in plan.moves)]:
                if id is not None:
                    coming.setdefault(id, set()).add((file.source, file.path))
            _plan_again(plan, self._outdated(plan, stored, released, places, coming))

    def outdated(self, coming: dict[str, list[FileState]]) -> set[str]:
        """Those stored documents that must be screened anew when these files come to hold them, too."""
        if not coming:
            return set()
        stored = finding_rows.policies(self._library)
        released = finding_rows.released_documents(self._library)
        places = finding_rows.places(self._library, list(coming))
        found = set()
        for id, files in coming.items():
            at = set(places.get(id, ())) | {(file.source, file.path) for file in files}
            if stored.get(id, "") != _allowing(strictest(self._settings, at), id in released).key:
                found.add(id)
        return found

    def _outdated(
        self, plan: Plan, stored: dict[str, str], released: frozenset[str],
        places: dict[str, list[tuple[str, str]]], coming: dict[str, set[tuple[str, str]]],
    ) -> dict[str, Policy]:  # fmt: skip
        ids = {old.document for old in plan.unchanged} | set(coming)
        gone = {(old.state.source, old.state.path) for old, _ in plan.moves}
        found = {}
        for id in ids - {None}:
            at = (set(places.get(str(id), ())) - gone) | coming.get(str(id), set())
            policy = _allowing(strictest(self._settings, at), id in released)
            if stored.get(str(id), "") != policy.key:
                found[str(id)] = policy
        return found

    def _refuses_at(self, place: tuple[str, str]) -> bool:
        return policy_at(self._settings, *place).personal == "refuse"


def _allowing(policy: Policy, released: bool) -> Policy:
    """A document that was released is not quarantined again."""
    return replace(policy, planted="report") if released and policy.planted == "quarantine" else policy


def _plan_again(plan: Plan, outdated: dict[str, Policy]) -> None:
    """Turn what was settled without reading into files to be parsed."""
    if not outdated:
        return
    again = [(old.state, old.document) for old in plan.unchanged if old.document in outdated]
    again += [(file, id) for file, id in plan.relinks if id in outdated]
    again += [(file, old.document) for old, file in plan.moves if old.document in outdated]
    for file, id in again:
        plan.parse.setdefault(str(id), []).append(file)
        plan.reparse.add(str(id))
    for old, file in plan.moves:
        if old.document in outdated:
            plan.kinds[file.path] = "moved"
    plan.unchanged = [old for old in plan.unchanged if old.document not in outdated]
    plan.relinks = [(file, id) for file, id in plan.relinks if id not in outdated]
    plan.masking |= {id for id, policy in outdated.items() if policy.personal in ("mask", "refuse")}
