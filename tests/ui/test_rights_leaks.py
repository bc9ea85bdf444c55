"""Over random users, groups within groups and rights: nobody is told anything of what they may not read.

Rights come from settings and from rights.csv, and were others when an earlier question of the conversation
was asked. The oracle is independent of the program: it closes the groups by squaring a matrix and looks at
each place of each document. Each has words, names and a title of its own, which are looked for in all that
comes back.
KONKYO_RIGHTS_CASES says how many cases are tried.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rights_world import RightsWorld

from assistant.accounts.accounts import Accounts
from assistant.errors import AccountError
from ui.access import acting
from ui.errors import EXPECTED
from ui.task_operations import TaskOrder

CASES = int(os.environ.get("KONKYO_RIGHTS_CASES", "25"))
PHASES = (Phase.explicit, Phase.generate)  # a case is read by people as it is: to shrink one takes long
DOCUMENTS = 9
GROUPS = ("g0", "g1", "g2", "g3")
USERS = ("ann", "bob", "cho")
EVERYBODY = "everybody"
UNKNOWN = "was-removed"
SAID_BY = ("settings", "settings", "file", "file", "broken")
"""Where rights come from; of a broken rights.csv nobody has any."""
Json = dict[str, Any]
WORLD_PLACES = {
    number: [
        f"{folder}/{RightsWorld.name(number, folder)}.md"
        for folder in ("a", "b", "c")[number % 3 :][: 1 + number % 2]
    ]
    for number in range(DOCUMENTS)
}
PATHS = [path for places in WORLD_PLACES.values() for path in places]


@dataclass(frozen=True)
class Case:
    """Who is in what, what carries which groups now and did before, who asks, and what is asked about."""

    inner: tuple[tuple[str, str], ...]
    members: frozenset[tuple[str, str]]
    carried: tuple[frozenset[str], ...]
    said_by: str
    earlier: tuple[frozenset[str], ...]
    earlier_by: str
    ungrouped: str
    user: str
    role: str
    about: int
    kept: tuple[int, ...]

    @property
    def rights(self) -> dict[str, frozenset[str]]:
        return dict(zip(PATHS, self.carried, strict=True))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    pairs = list(itertools.permutations(GROUPS, 2))
    carried = st.frozensets(st.sampled_from([*GROUPS, *GROUPS, EVERYBODY, UNKNOWN]), max_size=2)
    return Case(
        tuple(draw(st.lists(st.sampled_from(pairs), max_size=5))),
        draw(st.frozensets(st.tuples(st.sampled_from(USERS), st.sampled_from(GROUPS)), max_size=5)),
        tuple(draw(st.lists(carried, min_size=len(PATHS), max_size=len(PATHS)))),
        draw(st.sampled_from(SAID_BY)),
        tuple(draw(st.lists(carried, min_size=len(PATHS), max_size=len(PATHS)))),
        draw(st.sampled_from(SAID_BY)),
        draw(st.sampled_from(["nobody", "everybody"])),
        draw(st.sampled_from(USERS)),
        draw(st.sampled_from(["reader", "reader", "editor", "trainer"])),
        draw(st.integers(0, DOCUMENTS - 1)),
        tuple(draw(st.lists(st.integers(0, DOCUMENTS - 1), max_size=2))),
    )


class Oracle:
    """Which places may be read, by brute force."""

    def __init__(self, case: Case) -> None:
        self.accepted: list[tuple[str, str]] = []
        for outer, inner in case.inner:
            tried = self._closed([*self.accepted, (outer, inner)])
            if not any(tried[group, group] for group in GROUPS):
                self.accepted.append((outer, inner))
        closed = self._closed(self.accepted)
        own = {group for user, group in case.members if user == case.user}
        self.groups = own | {g for g in GROUPS if any(closed[g, mine] for mine in own)} | {EVERYBODY}
        self.paths = {
            path
            for path, carried in case.rights.items()
            if (self.groups & carried if carried or case.said_by == "file" else case.ungrouped == "everybody")
        }
        if case.said_by == "broken":
            self.paths = set()
        self.documents = {n for n, places in WORLD_PLACES.items() if any(p in self.paths for p in places)}

    @staticmethod
    def _closed(edges: list[tuple[str, str]]) -> dict[tuple[str, str], bool]:
        """(outer, inner) for any number of steps, at least one."""
        found = {(a, b): (a, b) in edges for a in GROUPS for b in GROUPS}
        for _ in GROUPS:
            found = {
                (a, b): found[a, b] or any(found[a, c] and found[c, b] for c in GROUPS)
                for a in GROUPS
                for b in GROUPS
            }
        return found

    def secrets(self, world: RightsWorld) -> dict[str, str]:
        """What must not be told → what that is."""
        found = {path: "a path" for path in PATHS if path not in self.paths}
        found |= {path.rsplit("/", 1)[1]: "a name" for path in PATHS if path not in self.paths}
        for number in set(WORLD_PLACES) - self.documents:
            found[world.ids[number]] = "an id"
            found[world.word(number)] = found[world.hidden(number)] = "a word"
            found[f"tt{number:03d}hh"] = "a title"
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RightsWorld]:
    with closing(RightsWorld(tmp_path_factory.mktemp("rights"), DOCUMENTS)) as made:
        assert made.places == WORLD_PLACES
        with closing(made.accounts()) as accounts:
            accounts.add_user("chief", role="admin")
            for user in USERS:
                accounts.add_user(user)
        yield made


def prepare(accounts: Accounts, case: Case) -> None:
    for group in accounts.groups():
        accounts.remove_group(group["name"])
    for group in GROUPS:
        accounts.add_group(group)
    for outer, inner in case.inner:
        try:
            accounts.put_into(outer, groups=[inner])
        except AccountError as error:
            assert "inside itself" in str(error)
    for group in GROUPS:
        inside = [user for user, into in case.members if into == group]
        accounts.put_into(group, users=inside)
    accounts.set_role(case.user, case.role)


def told(do: Callable[[], Any]) -> Any:
    """What comes back, streams as lists, and expected errors as their words."""
    try:
        found = do()
        return list(found) if isinstance(found, Iterator) else found
    except EXPECTED as error:
        return f"{type(error).__name__}: {error}"


def everything(
    world: RightsWorld, case: Case, operations: Any, conversation: str
) -> Iterator[tuple[str, Any]]:
    """Whatever one may ask of the program, with what comes back."""
    about = case.about
    word = world.word(about)
    folder = {"source": str(world.docs), "path": WORLD_PLACES[about][-1]}
    for mode in ("hybrid", "dense", "lexical"):
        yield f"search {mode}", told(lambda m=mode: operations.search(f"rule {word}", mode=m, top_k=30))
    yield "explain", told(lambda: operations.search(f"travel {word}", explain=True, top_k=30))
    yield "scope", told(lambda: operations.search("travel", scope={"folder": folder, "documents": None}))
    yield "documents", told(operations.documents)
    yield "in folder", told(lambda: operations.documents(scope={"folder": folder, "documents": None}))
    for name in ("status", "sources", "failures", "versions", "syncs", "job", "settings"):
        yield name, told(lambda n=name: getattr(operations, n)())
    yield "conversation", told(lambda: operations.conversation(conversation))
    yield "conversations", told(lambda: operations.conversations(search=word))
    yield "feedback", told(operations.feedback)
    for name in ("screening", "verified"):
        yield name, told(lambda n=name: getattr(operations, n)())
    yield "ask", told(lambda: operations.ask(f"What is {word}?", conversation=conversation))
    yield (
        "task",
        told(lambda: operations.perform(TaskOrder(task="extract", text="travel", columns=("rule",)))),
    )
    yield "after", told(lambda: operations.conversation(conversation))


def alone(world: RightsWorld, operations: Any, id: str) -> Iterator[Any]:
    """What is told of one document, which the asker names."""
    order = TaskOrder(task="summarise", documents=(id,))
    citation = {"document": id, "start": 0, "end": 5}
    for do in (
        lambda: operations.document(id),
        lambda: operations.boxes(id, 0, 3),
        lambda: operations.page_image(id, 1),
        lambda: operations.page_size(id, 1),
        lambda: operations.original(id),
        lambda: operations.figure_image(id, 0),
        lambda: operations.findings(id),
        lambda: operations.search("travel", scope={"documents": [id], "folder": None}),
        lambda: operations.documents(scope={"documents": [id], "folder": None}),
        lambda: operations.release(id, "why"),
        lambda: operations.rule_version(id, {"official": True}),
        lambda: operations.add_verified("Q?", "A.", [citation], editor="x"),
        lambda: operations.perform(order),
        lambda: operations.ask("What is travel?", scope={"documents": [id], "folder": None}),
    ):
        yield told(do)


def plain(value: Any) -> str:
    """As text, without times, which differ by themselves."""
    return json.dumps(value, ensure_ascii=False, default=repr)


@settings(max_examples=CASES, deadline=None, phases=PHASES)
@given(case=cases())
def test_nothing_is_told_of_what_may_not_be_read(world: RightsWorld, case: Case) -> None:
    oracle = Oracle(case)
    world.set_rights(case.earlier_by, dict(zip(PATHS, case.earlier, strict=True)))
    with closing(world.accounts(case.ungrouped)) as accounts:
        prepare(accounts, case)
        actor = accounts.actor(case.user)
        assert actor.user.groups == oracle.groups
        operations = acting(world.operations, actor)
        conversation = str(operations.new_conversation(title="kept")["id"])
        told(lambda: operations.ask("What is the rule about travel?", conversation=conversation))
        world.set_rights(case.said_by, case.rights)  # between two questions
        if case.kept:  # said when all of it could be read
            records = world.operations.resources.records.seen_by(case.user)
            records.append_turn(conversation, "Which?", world.kept_answer(case.kept, case.about))
        secrets = oracle.secrets(world)
        for name, found in everything(world, case, operations, conversation):
            text = plain(found).replace(world.word(case.about), "the word that was asked for")
            leaked = {word: what for word, what in secrets.items() if word in text}
            assert not leaked, (name, leaked, text)
        seen = {one["id"] for one in operations.documents()}
        assert seen == {world.ids[number] for number in oracle.documents}
        assert operations.status()["documents"] == len(oracle.documents)
        places = {place["path"] for one in operations.documents() for place in one["locations"]}
        assert places == oracle.paths
        found = {hit["document"] for hit in operations.search("travel rule", mode="dense", top_k=100)}
        assert found == seen
        id, nobodys = world.ids[case.about], "0123456789abcdef"
        if case.about not in oracle.documents:
            told_of_it = [plain(one).replace(id, "ID") for one in alone(world, operations, id)]
            of_nothing = [plain(one).replace(nobodys, "ID") for one in alone(world, operations, nobodys)]
            for mine, other in zip(told_of_it[:-2], of_nothing[:-2], strict=True):
                assert mine == other
            for one in told_of_it[-2:]:  # answers carry times
                assert not any(word in one for word in secrets)
        operations.delete_conversation(conversation)
