"""What screening found, in the library: findings, what was done about them, releases from quarantine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ingestion import library_schema as t
from ingestion.documents import User
from ingestion.library import Library, below
from ingestion.location_rows import now
from ingestion.screening.findings import Finding


@dataclass(frozen=True, slots=True)
class Release:
    """An administrator's word that a document may be used as it is. `at` is UTC in ISO 8601."""

    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Screening:
    """What is stored with a document: its findings, the policy's key, and what was done."""

    findings: Sequence[Finding] = ()
    policy: str = ""
    masked: bool = False
    quarantined: bool = False


NOT_SCREENED = Screening()


@dataclass(frozen=True, slots=True)
class Screened:
    """What is known of one document. `quarantined`: parts of it are kept out of answers now."""

    findings: tuple[Finding, ...]
    policy: str
    masked: bool
    quarantined: bool
    release: Release | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings a document has, and what is done about them now."""

    personal: int
    planted: int
    masked: bool
    quarantined: bool


@dataclass(slots=True)
class FolderFindings:
    """What lies in one folder of a source. `personal` counts findings by type."""

    source: str
    folder: str
    documents: int = 0
    personal: Counter[str] = field(default_factory=Counter)
    planted: int = 0
    masked: int = 0
    quarantined: int = 0
    released: int = 0


def store(connection: sa.Connection, document: str, screening: Screening) -> None:
    """Replace what is known of a document; part of the transaction that stores it."""
    connection.execute(sa.delete(t.findings).where(t.findings.c.document == document))
    rows = [
        {"document": document, "kind": found.kind, "type": found.type, "start": found.start,
         "end": found.end, "confidence": found.confidence}
        for found in screening.findings
    ]  # fmt: skip
    if rows:
        connection.execute(sa.insert(t.findings), rows)
    values = {
        "document": document, "policy": screening.policy, "masked": int(screening.masked),
        "quarantined": int(screening.quarantined),
    }  # fmt: skip
    connection.execute(
        upsert(t.screenings).values(values).on_conflict_do_update(index_elements=["document"], set_=values)
    )


def policies(library: Library) -> dict[str, str]:
    """Which policy each document was screened by; "" means that it must be screened again."""
    with library.engine.connect() as connection:
        rows = connection.execute(sa.select(t.screenings.c.document, t.screenings.c.policy))
        return {row.document: row.policy for row in rows}


def released_documents(library: Library) -> frozenset[str]:
    """Documents that were released, also those that are not in the library now."""
    with library.engine.connect() as connection:
        return frozenset(connection.execute(sa.select(t.releases.c.document)).scalars())


def places(library: Library, documents: Iterable[str] | None = None) -> dict[str, list[tuple[str, str]]]:
    """Every (source, path) of `documents`, or of all."""
    columns = t.locations.c
    query = sa.select(columns.document, columns.source, columns.path)
    if documents is not None:
        ids = sa.func.json_each(json.dumps(sorted(documents))).table_valued("value")
        query = query.where(columns.document.in_(sa.select(ids.c.value)))
    found: dict[str, list[tuple[str, str]]] = {}
    with library.engine.connect() as connection:
        for row in connection.execute(query):
            found.setdefault(row.document, []).append((row.source, row.path))
    return found


def screened(library: Library, document: str) -> Screened:
    """What is known of a document; the caller has seen to it that its user may read it."""
    with library.engine.connect() as connection:
        rows = connection.execute(
            sa.select(t.findings).where(t.findings.c.document == document).order_by(t.findings.c.start)
        ).all()
        state = connection.execute(
            sa.select(t.screenings).where(t.screenings.c.document == document)
        ).one_or_none()
        release = connection.execute(
            sa.select(t.releases).where(t.releases.c.document == document)
        ).one_or_none()
    findings = tuple(Finding(row.kind, row.type, row.start, row.end, row.confidence) for row in rows)
    planted = any(finding.kind == "planted" for finding in findings)
    return Screened(
        findings,
        "" if state is None else state.policy,
        state is not None and bool(state.masked),
        planted and state is not None and bool(state.quarantined) and release is None,
        None if release is None else Release(release.at, release.reason),
    )


def withholds_file(library: Library, document: str, refused: str) -> bool:
    """Whether a file of `document` says what was masked or refused: in its own text, or in a file inside it.

    Where personal data is masked or refused, a file inside that nobody could look through may say it, too.
    `refused` is how the reason of a refused file begins.
    """
    from ingestion.plans import EMPTY_FILE  # which imports the writer, and that this module

    with library.engine.connect() as connection:
        policy = connection.execute(
            sa.select(t.screenings.c.policy).where(t.screenings.c.document == document)
        ).scalar()
    strict = policy is not None and policy.startswith(("mask", "refuse"))
    for source, path in places(library, [document]).get(document, ()):
        masked = (
            sa.select(t.locations.c.path)
            .join(t.screenings, t.screenings.c.document == t.locations.c.document)
            .where(
                t.screenings.c.masked == 1, t.locations.c.source == source, below(t.locations.c.path, path)
            )
        )
        kept_out = sa.select(t.failures.c.path).where(
            t.failures.c.source == source,
            below(t.failures.c.path, path),
            sa.and_(t.failures.c.path != path, t.failures.c.reason != EMPTY_FILE)
            if strict
            else t.failures.c.reason.startswith(refused, autoescape=True),
        )
        with library.engine.connect() as connection:
            for query in (masked, kept_out):
                if connection.execute(query.limit(1)).first() is not None:
                    return True
    return False


def release(library: Library, document: str, reason: str) -> None:
    """Let all of a document into answers from now on; its next ingest brings back what was taken off it."""
    with t.writing(library.engine).begin() as connection:
        values = {"document": document, "at": now(), "reason": reason}
        connection.execute(
            upsert(t.releases).values(values).on_conflict_do_update(index_elements=["document"], set_=values)
        )
        _screen_again(connection, document)


def withdraw(library: Library, document: str) -> bool:
    """Undo a release; False when there was none."""
    with t.writing(library.engine).begin() as connection:
        done = connection.execute(sa.delete(t.releases).where(t.releases.c.document == document)).rowcount
        # At once, and not only with the next ingest: until then nothing that was found is trusted.
        connection.execute(
            sa.update(t.screenings).where(t.screenings.c.document == document).values(quarantined=1)
        )
        _screen_again(connection, document)
    return done > 0


def _screen_again(connection: sa.Connection, document: str) -> None:
    connection.execute(sa.update(t.screenings).where(t.screenings.c.document == document).values(policy=""))


def counts(library: Library) -> dict[str, Counts]:
    """How much was found in each document that holds anything."""
    columns = (t.findings.c.document, t.findings.c.kind, sa.func.count().label("n"))
    query = sa.select(*columns).group_by(t.findings.c.document, t.findings.c.kind)
    released = released_documents(library)
    found: dict[str, dict[str, int]] = {}
    with library.engine.connect() as connection:
        states = {row.document: row for row in connection.execute(sa.select(t.screenings))}
        for row in connection.execute(query):
            found.setdefault(row.document, {})[row.kind] = row.n
    return {
        document: Counts(
            kinds.get("personal", 0),
            kinds.get("planted", 0),
            bool(states[document].masked),
            "planted" in kinds and bool(states[document].quarantined) and document not in released,
        )
        for document, kinds in found.items()
    }


def by_folder(library: Library, user: User | None = None) -> list[FolderFindings]:
    """What lies in each folder that `user` may read documents of, counted at every readable location."""
    types: dict[str, Counter[str]] = {}
    query = sa.select(t.findings.c.document, t.findings.c.type, sa.func.count().label("n")).where(
        t.findings.c.kind == "personal"
    )
    with library.engine.connect() as connection:
        for row in connection.execute(query.group_by(t.findings.c.document, t.findings.c.type)):
            types.setdefault(row.document, Counter())[row.type] = row.n
    known, released, nothing = counts(library), released_documents(library), Counts(0, 0, False, False)
    folders: dict[tuple[str, str], FolderFindings] = {}
    for summary in library.documents_list(user):
        own = known.get(summary.id, nothing)
        for place in summary.locations:
            name = place.path.rpartition("/")[0]
            folder = folders.setdefault((place.source, name), FolderFindings(place.source, name))
            folder.documents += 1
            folder.personal.update(types.get(summary.id, {}))
            folder.planted += own.planted
            folder.masked += own.masked
            folder.quarantined += own.quarantined
            folder.released += summary.id in released and own.planted > 0
    return [folders[key] for key in sorted(folders)]
