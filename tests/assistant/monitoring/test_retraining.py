"""When another training is suggested: what was said since the adapter that was published last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from asked_questions import NOON, keep, make_answer, opened

from assistant.adapters import AdapterFolder, Manifest, Publication
from assistant.errors import AdapterError
from assistant.feedback_rows import FeedbackRows
from assistant.monitoring.asked_rows import AskedRows, Said
from assistant.monitoring.retraining import last_published, retraining


def make_said(rating: str, question: str = "q", answer: str = "a", corrected: str = "", **more: bool) -> Said:
    return Said(NOON, rating, question, answer, more.get("abstained", False), corrected)


def publish(folder: AdapterFolder, *names: str) -> None:
    publication = Publication()
    for name in names:
        publication = replace(publication.changed("publish", name, by="me"), current=name)
    folder.publish(publication)


def make_manifest(name: str, at: str) -> Manifest:
    return Manifest(name, at, {"model": "m"}, "sft", {}, "r", {}, 0, {})


def test_what_was_said_is_counted_and_compared_with_what_is_needed() -> None:
    said = [
        make_said("down", corrected="better"), make_said("down", "other", corrected=" "),
        make_said("up", "ＵＳＢは？", "yes"), make_said("down", "USBは", "no"),  # one question, two answers
        make_said("up", "same", "one"), make_said("down", "same", "one"),  # the same answer, liked and not
        make_said("up", "gone", "one"), make_said("down", "gone", "", abstained=True),
    ]  # fmt: skip
    found = retraining(said, 0, None, 3)
    assert (found["corrected"], found["pairs"], found["found"]) == (1, 1, 2)
    assert (found["since"], found["adapter"], found["state"], found["commands"]) == (None, None, "wait", [])


@pytest.mark.parametrize(
    ("reviewed", "state", "first"),
    [(2, "train", "konkyo train run cpu"), (1, "review", "konkyo train data build --from feedback")],
)
def test_what_was_reviewed_suggests_training_and_what_waits_a_review(
    reviewed: int, state: str, first: str
) -> None:
    found = retraining([make_said("down", corrected="better")] * 2, reviewed, None, 2)
    assert (found["state"], found["suggested"], found["commands"][0]) == (state, state == "train", first)


def test_a_question_gives_one_pair_however_often_it_is_asked() -> None:
    said = [make_said("up", answer=f"good {at}") for at in range(3)]
    said += [make_said("down", answer=f"bad {at}") for at in range(4)]
    assert retraining(said, 0, None, 9)["pairs"] == 1


def test_only_what_came_after_the_last_adapter_was_made_counts(tmp_path: Path) -> None:
    records, adapters = opened(tmp_path), AdapterFolder(tmp_path / "adapters")
    assert last_published(adapters) is None
    feedback = FeedbackRows(records.engine)
    key, message = keep(records, "q", make_answer("q"), NOON)
    feedback.give(key, message, rating="down", corrected="better")
    rows = AskedRows(records.engine)
    (said,) = rows.said_since(None)
    assert (said.rating, said.corrected, said.question, said.answer) == ("down", "better", "q", "Answer to q")
    assert abs(said.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert list(rows.said_since(None, user="other")) == []
    made = said.at + timedelta(seconds=1)
    adapters.write(make_manifest("second", made.isoformat()))
    adapters.write(make_manifest("third", "2099-01-01T00:00:00+00:00"))  # made, never published
    publish(adapters, "first", "second")
    last = last_published(adapters)
    assert last == ("second", made)
    assert list(rows.said_since(made)) == []
    assert retraining(rows.said_since(made), 0, last, 1)["since"] == made.isoformat(timespec="milliseconds")
    assert len(list(rows.said_since(said.at - timedelta(seconds=1)))) == 1
    records.close()


def test_going_back_is_no_publication_and_a_removed_adapter_counts_from_its_day(tmp_path: Path) -> None:
    adapters = AdapterFolder(tmp_path)
    publication = Publication().changed("publish", "gone", by="me").changed("rollback", None, by="me")
    adapters.publish(publication)
    last = last_published(adapters)
    assert last is not None and last[0] == "gone"
    assert last[1].isoformat(timespec="milliseconds") == publication.history[0]["at"]


def test_a_record_of_publications_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "published.json").write_text("{", "utf-8")
    with pytest.raises(AdapterError, match=r"published\.json cannot be read"):
        last_published(AdapterFolder(tmp_path))


def test_accepted_examples_of_feedback_are_counted(tmp_path: Path) -> None:
    records = opened(tmp_path)
    rows = AskedRows(records.engine)
    assert rows.reviewed_since(None) == 0
    plant_examples(
        records.engine,
        ("accepted", "feedback", 1), ("edited", "feedback", 2), ("rejected", "feedback", 2),
        ("new", "feedback", 2), ("accepted", "library", 2),
    )  # fmt: skip
    assert rows.reviewed_since(None) == 2
    assert rows.reviewed_since(NOON + timedelta(hours=1)) == 1
    assert rows.reviewed_since(NOON + timedelta(hours=2)) == 0
    records.close()


def plant_examples(engine: sa.Engine, *examples: tuple[str, str, int]) -> None:
    """Examples by status, origin and the hours after noon at which they were decided about."""
    table = sa.Table("tuning_examples", sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        for number, (status, origin, hours) in enumerate(examples, start=1):
            at = (NOON + timedelta(hours=hours)).isoformat(timespec="milliseconds")
            given = {
                "number": number,
                "id": str(number),
                "status": status,
                "origin": origin,
                "changed_at": at,
            }
            rest = {
                column.name: column.type.python_type()
                for column in table.columns
                if not column.nullable and column.name not in given
            }
            connection.execute(table.insert().values(**rest, **given))
