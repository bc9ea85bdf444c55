"""Rights that are lost while an answer is being written. Readers are answered by what is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rights_world import RightsWorld

from assistant.accounts.roles import Actor
from assistant.errors import AccessRefusedError, AccountError, AdapterError
from ingestion.documents import User
from ui.access import acting

Json = dict[str, Any]
HR = User("hana", frozenset({"hr", "everybody"}))
NONE = User("hana", frozenset({"everybody"}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RightsWorld]:
    with closing(RightsWorld(tmp_path, 1)) as made:
        made.grant({made.places[0][0]: frozenset({"hr"})})
        yield made


def removed() -> Actor:
    raise AccountError("there is no user 'hana'.")


def lose_the_document(world: RightsWorld, now: list[Callable[[], Actor]]) -> None:
    world.grant({world.places[0][0]: frozenset({"it"})})


def lose_the_group(world: RightsWorld, now: list[Callable[[], Actor]]) -> None:
    now[0] = lambda: Actor(NONE, "reader")


def be_removed(world: RightsWorld, now: list[Callable[[], Actor]]) -> None:
    now[0] = removed


def nothing(world: RightsWorld, now: list[Callable[[], Actor]]) -> None:
    pass


@pytest.mark.parametrize("lose", [nothing, lose_the_document, lose_the_group, be_removed])
@pytest.mark.parametrize("after", ["retrieved", "token"])
def test_what_may_not_be_read_any_more_is_not_shown(
    world: RightsWorld, lose: Callable[[RightsWorld, list[Callable[[], Actor]]], None], after: str
) -> None:
    now: list[Callable[[], Actor]] = [lambda: Actor(HR, "reader")]
    operations = acting(world.operations, Actor(HR, "reader"), lambda: now[0]())
    key = str(operations.new_conversation(title="t")["id"])
    events, lost = [], False
    for event in operations.ask("What is the secret word of this paper?", conversation=key):
        if lost:
            events.append(event)
        elif event["event"] == after:
            lose(world, now)
            lost = True
    assert lost and events[-1]["event"] == "finished"
    word = world.word(0)
    if lose is nothing:
        assert word in str(events[-1]) and word in str(operations.conversation(key))
        return
    final = events[-1]["answer"]
    assert final["abstained"] and final["answer"] and (final["claims"], final["hits"]) == ([], [])
    assert not any(secret in str(events[-1]) for secret in (word, world.hidden(0), world.ids[0], "nma000kk"))
    assert [one["event"] for one in events if one["event"] != "token"] == ["finished"]
    if after == "retrieved":  # rights are looked at between words only once a second
        assert events[-1]["conversation"] == key
    # Also to who reads everything: the words were never put into the conversation.
    kept = world.operations.resources.records.seen_by("hana").show(key)["messages"]
    assert len(kept) == 2 and word not in str(kept)


def test_readers_do_not_choose_what_is_not_published(world: RightsWorld) -> None:
    for role, may in (("reader", False), ("editor", False), ("trainer", True), ("admin", True)):
        operations = acting(world.operations, Actor(HR, role))  # type: ignore[arg-type]
        key = str(operations.new_conversation(title="t")["id"])
        with pytest.raises(AdapterError if may else AccessRefusedError):
            operations.choose_adapter(key, "not-there")
        assert operations.choose_adapter(key, None)["done"] and operations.choose_adapter(key, "base")["done"]
        if may:
            assert list(operations.ask("What is travel?", model="other"))[-1]["event"] == "finished"
        else:
            with pytest.raises(AccessRefusedError, match="needs the role trainer"):
                list(operations.ask("What is travel?", model="other"))
        configured = world.operations.settings()["models"]["chat"]
        assert list(operations.ask("What is travel?", model=configured))[-1]["event"] == "finished"
