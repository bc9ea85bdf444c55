"""Why somebody may read a document or may not, and what somebody may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.accounts.accounts import Accounts
from assistant.accounts.roles import Actor
from ingestion.documents import LOCAL_USER, Location
from ingestion.library import Library
from ingestion.library_writing import LibraryWriter
from ingestion.location_rows import FileState
from ingestion.rights.names import NOBODY, parts
from ingestion.rights.rules import RightsRules
from ui.errors import NotFoundError

Json = dict[str, Any]


def explain(accounts: Accounts, library: Library, rules: RightsRules, user: str, document: str) -> Json:
    """`{user, document, may_read, because, locations: [{source, path, groups, may_read, through, from}]}`.

    `because` is an English sentence, `through` the groups that lead from the user to one of the location's,
    `from` what `_from` tells.

    Raises:
        AccountError: there is no such user, or it is disabled.
        NotFoundError: there is no such document.
    """
    actor, ways = accounts.actor(user), accounts.ways(user)
    stored = library.document(document, LOCAL_USER)
    if stored is None:
        raise NotFoundError(f"there is no document {document!r}. See: konkyo documents list")
    places = [
        {**_place(actor, ways, location), "from": _from(library, rules, location)}
        for location in stored.locations
    ]
    found = next((place for place in places if place["may_read"]), None)
    return {
        "user": actor.user.name, "document": stored.id, "may_read": found is not None,
        "because": _because(actor, found, places), "locations": places,
    }  # fmt: skip


def readable(accounts: Accounts, library: Library, user: str) -> Json:
    """`{user, role, groups, documents: [{id, title, locations: [{source, path}]}]}`: what a search looks at.

    Raises:
        AccountError: there is no such user, or it is disabled.
    """
    actor = accounts.actor(user)
    return {
        "user": actor.user.name, "role": actor.role, "groups": sorted(accounts.ways(user)),
        "documents": [
            {"id": one.id, "title": one.title,
             "locations": [{"source": place.source, "path": place.path} for place in one.locations]}
            for one in library.documents_list(actor.user)
        ],
    }  # fmt: skip


def _place(actor: Actor, ways: Mapping[str, tuple[str, ...]], location: Location) -> Json:
    through = min((way for one in location.groups if (way := _way(ways, one))), key=_short, default=())
    return {
        "source": location.source, "path": location.path, "groups": sorted(location.groups),
        "may_read": actor.user.may_read(location.groups), "through": list(through),
    }  # fmt: skip


def _way(ways: Mapping[str, tuple[str, ...]], carried: str) -> tuple[str, ...]:
    """The groups that lead to `carried`; to each of its parts, where one must be in several."""
    wanted = sorted(parts(carried))
    return tuple(step for one in wanted for step in ways[one]) if all(one in ways for one in wanted) else ()


def _from(library: Library, rules: RightsRules, location: Location) -> Json:
    """`{rights, line, steps: [{path, lets}], problem, changed}`: where a place's rights come from now.

    `line` is that of rights.csv; `steps` are the folders, and the file, whose owners, bits and access lists
    let only some pass; `problem` is why they cannot be told. `changed`: they have been, since the last sync.
    """
    writer = LibraryWriter(library)
    known = writer.known_files(location.source, location.path).get(location.path)
    state = FileState(location.source, location.path, 0, 0) if known is None else known.state
    if state.container is not None:
        rules.know(one.state for one in writer.known_files(state.source, state.container).values())
    origin = rules.origin(state, steps=True)
    return {
        "rights": origin.kind, "line": origin.row, "problem": origin.problem,
        "steps": [{"path": path, "lets": lets} for path, lets in origin.steps],
        "changed": origin.groups is not None and origin.groups != location.groups,
    }  # fmt: skip


def _short(way: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(way), way


def _because(actor: Actor, found: Json | None, places: Sequence[Json]) -> str:
    name = actor.user.name
    if actor.user.groups is None:
        return f"{name} is an admin, and admins read everything."
    if found is None:
        if not any(place["groups"] for place in places):
            return "nobody has said which groups may read it, and [access] ungrouped is nobody."
        groups = sorted({group for place in places for group in place["groups"]} - {NOBODY})
        if not groups:
            return "nobody but admins may read it: its folder lets no group that is known here."
        return f"it is for {', '.join(groups)}, and {name} is in none of them."
    if not found["groups"]:
        return f"{found['path']} carries no groups, and [access] ungrouped is everybody."
    way = " → ".join([name, *found["through"]])
    carried = min(group for group in found["groups"] if parts(group) <= set(found["through"]))
    return f"{found['path']} may be read by {carried}, and {name} is in it ({way})."
