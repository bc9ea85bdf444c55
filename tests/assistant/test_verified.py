"""Confirmed answers over a library of planted documents that change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.answers import Verdict
from assistant.errors import RecordNotFoundError, VerifiedAnswerError
from assistant.grounding.verdicts import RuleChecker
from assistant.records import Records
from assistant.verified import Quoted, VerifiedAnswers
from assistant.verified_rows import VerifiedRows
from ingestion.documents import EVERYTHING, LOCAL_USER, Chunk, Document, Location, Page, Scope, User
from ingestion.library import StoredDocument
from ingestion.settings import Settings
from ingestion.validity import Facts, Version

RULES = "第3章 休暇\n年次有給休暇は、入社から6か月後に10日を与える。\n休暇は3日前までに申請する。"
QUOTE = "年次有給休暇は、入社から6か月後に10日を与える。"
QUESTION = "有給休暇は何日もらえますか？"
ANSWER = "有給休暇は、入社から6か月後に10日もらえます。"


def stored(text: str, identity: str = "d1", path: str = "就業規則.md") -> StoredDocument:
    document = Document(text=text, format="md", pages=(Page(1, 0, len(text)),))
    chunk = Chunk(0, len(text), text, ("第3章 休暇",))
    return StoredDocument(
        identity, document, "就業規則", (chunk,), (Location("/docs", path),), "ready", None, "2026-01-01"
    )


@dataclass
class Shelf:
    """Documents by id. `hidden` documents and places below `closed` may not be read by users with groups."""

    documents: dict[str, StoredDocument] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    closed: str = "/nowhere"

    def document(self, document_id: str, user: User = LOCAL_USER) -> StoredDocument | None:
        found = self.documents.get(document_id)
        if found is None or user.groups is None:
            return found
        return replace(found, locations=tuple(at for at in found.locations if at.source != self.closed))

    def documents_list(self, user: User = LOCAL_USER, scope: Scope = EVERYTHING) -> Sequence[Any]:
        return list(self.documents.values())

    def readable_documents(self, user: User, scope: Scope = EVERYTHING) -> frozenset[str] | None:
        if user.groups is None and scope.documents is None:
            return None
        there = frozenset(self.documents) - (self.hidden if user.groups is not None else frozenset())
        return there if scope.documents is None else there & scope.documents


@dataclass
class World:
    shelf: Shelf
    rows: VerifiedRows
    answers: VerifiedAnswers
    versions: dict[str, Version]
    embedded: list[str]
    quarantined: set[str]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    shelf = Shelf({"d1": stored(RULES)})
    versions: dict[str, Version] = {}
    embedded: list[str] = []
    quarantined: set[str] = set()

    def embed(text: str) -> Any:
        embedded.append(text)
        return np.array([0.0, 1.0] if "付与" in text else [1.0, 0.0], dtype=np.float32)

    with closing(Records.open(tmp_path / "records.db")) as records:
        rows = VerifiedRows(records.engine)
        answers = VerifiedAnswers(
            rows, shelf, lambda: RuleChecker(Settings().answers), embed, near=0.94,
            versions=lambda: versions, quarantined=quarantined.__contains__,
            reworded=lambda question, _texts: question.replace("年休", "有給休暇"),
            today=lambda: date(2026, 11, 20),
        )  # fmt: skip
        yield World(shelf, rows, answers, versions, embedded, quarantined)


def quoted(text: str = RULES, quote: str = QUOTE, document: str = "d1") -> Quoted:
    start = text.index(quote)
    return Quoted(document, start, start + len(quote))


def added(world: World, **more: Any) -> str:
    return world.answers.add(QUESTION, ANSWER, [quoted()], editor="佐藤", **more).id


def superseded(document: str = "d1") -> Version:
    return Version(document, "f", "t", True, Facts(), None, "2026-04-01")


def test_its_passages_are_shown_at_places_that_the_reader_may_read(world: World) -> None:
    world.shelf.documents["d1"] = replace(
        stored(RULES), locations=(Location("/board", "役員用.md"), Location("/docs", "就業規則.md"))
    )
    world.shelf.closed = "/board"
    added(world)
    for user, path in ((LOCAL_USER, "役員用.md"), (User("a", frozenset({"staff"})), "就業規則.md")):
        offered = world.answers.offer(QUESTION, user=user)
        assert offered is not None
        assert {hit.path for hit in offered.hits} == {path}
        assert {one.path for claim in offered.claims for one in claim.citations} == {path}


def test_it_is_offered_with_its_editor_and_checked_against_its_passages(world: World) -> None:
    key = added(world)
    offered = world.answers.offer("有給休暇って何日取れるの？")
    assert offered is not None and offered.verified is not None
    assert (offered.text, offered.verified.id, offered.verified.editor) == (ANSWER, key, "佐藤")
    assert (offered.model, offered.abstained, offered.timings.first_token_ms) == ("", False, None)
    (claim,) = offered.claims
    assert claim.verdict is Verdict.SUPPORTED and offered.text[claim.start : claim.end] == claim.text
    (citation,) = claim.citations
    assert RULES[citation.start : citation.end] == citation.quote == QUOTE
    assert [(hit.document, hit.text, hit.heading_path) for hit in offered.hits] == [
        ("d1", RULES, ("第3章 休暇",))
    ]
    kept = world.rows.one(key).quotes[0]
    assert kept.quote == QUOTE and len(kept.sha256) == 64


@pytest.mark.parametrize(
    "question",
    [
        "有給休暇は何日前に申請しますか？",
        "2024年の有給休暇は何日もらえますか？",
        "AB-1の有給休暇は何日もらえますか？",
        "有給休暇は何日もらえませんか？",
        "慶弔休暇は何日もらえますか？",
        "How many vacation days do I get?",
    ],
)
def test_another_question_is_not_even_embedded(world: World, question: str) -> None:
    added(world)
    assert world.answers.offer(question) is None
    assert world.embedded == []


def test_like_words_with_far_vectors_are_not_enough(world: World) -> None:
    added(world)
    assert world.answers.offer("有給休暇は何日付与されますか") is None
    assert world.embedded == ["有給休暇は何日付与されますか", QUESTION]


def test_the_same_words_are_the_same_question_whatever_their_vectors(world: World) -> None:
    world.answers.add("有給休暇は何日付与されますか？", ANSWER, [quoted()], editor="佐藤")
    world.answers._embed = lambda text: np.array([1.0, 0.0] if "？" in text else [0.0, 1.0])  # type: ignore[assignment]
    assert world.answers.offer("有給休暇は、何日付与されますか") is not None


def test_other_wordings_and_the_dictionary_find_it(world: World) -> None:
    added(world, also=["休みは年に何日ありますか？", QUESTION, " "])
    assert world.rows.all()[0].also == ("休みは年に何日ありますか？",)
    assert world.answers.offer("休みは年に何日ありますか") is not None
    assert world.answers.offer("年休は何日もらえますか？") is not None


def test_a_changed_source_flags_it_until_it_is_confirmed_again(world: World) -> None:
    key = added(world)
    changed = RULES.replace("10日を", "12日を")
    world.shelf.documents = {"d2": stored(changed, "d2")}
    assert world.answers.offer(QUESTION) is None
    row = world.answers.show(key)
    assert row.flag == "changed" and row.flagged_at is not None
    world.shelf.documents = {"d1": stored(RULES)}  # the old file is back, but nobody has looked at it
    assert world.answers.offer(QUESTION) is None
    confirmed = world.answers.confirm(key, "田中")
    assert (confirmed.flag, confirmed.editor) == (None, "田中")
    assert world.answers.offer(QUESTION) is not None


def test_a_quote_that_only_moved_still_holds(world: World) -> None:
    added(world)
    longer = f"はじめに\nこの規則は全社員に適用する。\n{RULES}"
    world.shelf.documents = {"d2": stored(longer, "d2")}
    offered = world.answers.offer(QUESTION)
    assert offered is not None
    citation = offered.claims[0].citations[0]
    assert citation.document == "d2" and longer[citation.start : citation.end] == QUOTE


def test_a_removed_document_flags_it_and_cannot_be_confirmed(world: World) -> None:
    key = added(world)
    world.shelf.documents = {}
    assert world.answers.all()[0].flag == "removed"
    with pytest.raises(VerifiedAnswerError, match="not in the library any more"):
        world.answers.confirm(key, "田中")


def test_a_superseded_document_flags_it_and_an_editor_may_stand_by_it(world: World) -> None:
    key = added(world)
    world.versions["d1"] = superseded()
    assert world.answers.offer(QUESTION) is None
    assert world.answers.show(key).flag == "superseded"
    world.answers.confirm(key, "田中")
    offered = world.answers.offer(QUESTION)
    assert offered is not None and offered.hits[0].validity is not None
    assert offered.hits[0].validity.state == "superseded"


def test_quarantine_takes_it_away(world: World) -> None:
    key = added(world)
    world.quarantined.add("d1")
    assert world.answers.offer(QUESTION) is None and world.answers.show(key).flag == "quarantined"


def test_rights_and_scope_are_held(world: World) -> None:
    added(world)
    world.shelf.hidden = frozenset({"d1"})
    assert world.answers.offer(QUESTION, user=User("guest", frozenset({"sales"}))) is None
    assert world.answers.offer(QUESTION, scope=Scope(frozenset({"other"}))) is None
    assert world.answers.offer(QUESTION, scope=Scope(frozenset({"d1"}))) is not None
    assert world.rows.all()[0].flag is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": " "}, "needs its question"),
        ({"answer": ""}, "needs its answer"),
        ({"editor": "\n"}, "needs its editor"),
        ({"quoted": []}, "at least one passage"),
        ({"quoted": [Quoted("d9", 0, 1)]}, "no document 'd9'"),
        ({"quoted": [Quoted("d1", 5, 5)]}, "outside the text"),
        ({"quoted": [Quoted("d1", 0, 999)]}, "outside the text"),
    ],
)
def test_what_is_missing_is_named(world: World, change: dict[str, Any], message: str) -> None:
    values = {"question": QUESTION, "answer": ANSWER, "quoted": [quoted()], "editor": "佐藤"} | change
    with pytest.raises(VerifiedAnswerError, match=message):
        world.answers.add(values["question"], values["answer"], values["quoted"], editor=values["editor"])
    assert world.rows.all() == []


def test_removal_takes_its_passages_along_and_unknown_ids_are_named(world: World) -> None:
    key = added(world)
    world.answers.remove(key)
    assert world.answers.all() == []
    for call in (world.answers.remove, world.answers.show, lambda one: world.answers.confirm(one, "x")):
        with pytest.raises(RecordNotFoundError, match="no verified answer"):
            call(key)


def test_a_record_that_was_changed_outside_is_not_trusted(world: World) -> None:
    import sqlalchemy as sa

    key = added(world)
    with world.rows._engine.begin() as connection:
        connection.execute(sa.text("UPDATE verified_citations SET quote = '有給休暇は30日とする。'"))
    assert world.rows.one(key).flag == "damaged"
    assert world.answers.offer(QUESTION) is None


def test_the_flagged_row_stays_as_it_was_otherwise(world: World) -> None:
    key = added(world)
    before = world.rows.one(key)
    world.rows.flag(key, "changed")
    world.rows.flag(key, "removed")
    after = world.rows.one(key)
    assert after == replace(before, flag="changed", flagged_at=after.flagged_at)
