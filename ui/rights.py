"""Why somebody may read a document or may not, and what somebody may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.accounts.accounts import Accounts
from assistant.accounts.roles import Actor
from ingestion.documents import LOCAL_USER, Location
from ingestion.library import Library
from ui.errors import NotFoundError

Json = dict[str, Any]


def explain(accounts: Accounts, library: Library, user: str, document: str) -> Json:
    """`{user, document, may_read, because, locations: [{source, path, groups, may_read, through}]}`.

    `because` is an English sentence, `through` the groups that lead from the user to one of the location's.

    Raises:
        AccountError: there is no such user, or it is disabled.
        NotFoundError: there is no such document.
    """
    actor, ways = accounts.actor(user), accounts.ways(user)
    stored = library.document(document, LOCAL_USER)
    if stored is None:
        raise NotFoundError(f"there is no document {document!r}. See: konkyo documents list")
    places = [_place(actor, ways, location) for location in stored.locations]
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
    through = min((ways[group] for group in location.groups if group in ways), key=_short, default=())
    return {
        "source": location.source, "path": location.path, "groups": sorted(location.groups),
        "may_read": actor.user.may_read(location.groups), "through": list(through),
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
        groups = ", ".join(sorted({group for place in places for group in place["groups"]}))
        return f"it is for {groups}, and {name} is in none of them."
    if not found["groups"]:
        return f"{found['path']} carries no groups, and [access] ungrouped is everybody."
    way = " → ".join([name, *found["through"]])
    return f"{found['path']} may be read by {found['through'][-1]}, and {name} is in it ({way})."
