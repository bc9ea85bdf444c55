"""The report over generated conversations in a real database, beside counts by brute force."""

from __future__ import annotations

import math
import random
import statistics
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from asked_questions import keep, make_answer, make_claim, make_place, opened

from assistant.adapters import AdapterFolder
from assistant.errors import MonitoringError
from assistant.feedback_rows import FeedbackRows
from assistant.monitoring.asked_rows import AskedRows
from assistant.monitoring.counting import time_saved
from assistant.monitoring.monitor import Monitor
from assistant.records import Records
from ingestion.documents import LOCAL_USER, Location, User
from ingestion.settings import MonitoringSettings

Json = dict[str, Any]
TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)  # noon in Tokyo
FIRST, EARLIER = date(2026, 10, 24), date(2026, 9, 24)
VERDICTS = ("supported", "partly", "contradicted", "unsupported", "unchecked")
DOCUMENTS = ("hr-1", "hr-2", "it-1", "gone-1")
PLACES = {name: Location("/srv", make_place(name)["path"]) for name in DOCUMENTS[:3]}


class AsStored:
    def messages(self, messages: list[Json], user: User = LOCAL_USER) -> list[Json]:
        return messages


def monitor(records: Records, folder: Path, **settings: Any) -> Monitor:
    return Monitor(
        AskedRows(records.engine), AsStored(), AdapterFolder(folder / "adapters"),
        MonitoringSettings(**settings), places=lambda: PLACES, clock=lambda: NOW, zone=TOKYO,
    )  # fmt: skip


def make_turn(random_: random.Random) -> Json:
    """What becomes of one question, at a random time of the last 65 days."""
    outcome = random_.choice(["answered"] * 5 + ["verified", "abstained", "abstained", "stopped", "task"])
    return {
        "at": NOW - timedelta(seconds=random_.randrange(65 * 86_400)), "outcome": outcome,
        "verdicts": random_.choices(VERDICTS, k=random_.randrange(5)) if outcome != "abstained" else [],
        "document": random_.choice(DOCUMENTS), "model": "" if outcome == "verified" else random_.choice("mn"),
        "adapter": random_.choice([None, "tuned"]), "rating": random_.choice(["", "", "", "up", "down"]),
        "first": random_.choice([None, random_.uniform(100, 9000)]), "total": random_.uniform(100, 90_000),
    }  # fmt: skip


def stored(turn: Json, question: str) -> Json:
    first = None if turn["outcome"] == "verified" else turn["first"]
    return make_answer(
        question,
        abstained=turn["outcome"] == "abstained", stopped=turn["outcome"] == "stopped",
        verified={"id": "v"} if turn["outcome"] == "verified" else None,
        claims=[make_claim(verdict, turn["document"]) for verdict in turn["verdicts"]],
        hits=[make_place(turn["document"])], model=turn["model"], adapter=turn["adapter"],
        timings={"retrieve_ms": 1.0, "first_token_ms": first, "total_ms": turn["total"], "tokens": 1},
        **({"task": "summarise"} if turn["outcome"] == "task" else {}),
    )  # fmt: skip


def day_in_tokyo(turn: Json) -> date:
    found: datetime = turn["at"] + timedelta(hours=9)  # Japan changes no clocks
    return found.date()


def test_every_figure_is_that_of_counting_one_by_one(tmp_path: Path) -> None:
    random_ = random.Random(1)
    turns = [make_turn(random_) for _ in range(180)]
    records = opened(tmp_path)
    feedback, conversation = FeedbackRows(records.engine), None
    for number, turn in enumerate(sorted(turns, key=lambda one: one["at"])):
        conversation = None if random_.random() < 0.4 else conversation
        text = f"Question {number % 150}?"
        conversation, message = keep(records, text, stored(turn, text), turn["at"], conversation=conversation)
        if turn["rating"]:
            feedback.give(conversation, message, rating=turn["rating"], reason="wrong")
    report = monitor(records, tmp_path).report()
    now = [turn for turn in turns if day_in_tokyo(turn) >= FIRST]
    before = [turn for turn in turns if EARLIER <= day_in_tokyo(turn) < FIRST]
    assert len(now) + len(before) < len(turns)
    assert (report["from"], report["to"]) == ("2026-10-24", "2026-11-22")
    assert (report["before"]["from"], report["before"]["to"]) == ("2026-09-24", "2026-10-23")
    for found, period in ((report, now), (report["before"], before)):
        counts = Counter(turn["outcome"] for turn in period)
        assert found["questions"] == len(period) - counts["task"]
        assert [found[name] for name in ("answered", "verified", "abstained", "stopped", "tasks")] == [
            counts[name] for name in ("answered", "verified", "abstained", "stopped", "task")
        ]
    by_day = Counter(day_in_tokyo(turn).isoformat() for turn in now if turn["outcome"] != "task")
    assert {row["day"]: row["questions"] for row in report["by_day"] if row["questions"]} == by_day
    assert len(report["by_day"]) == 30
    asked = [turn for turn in now if turn["outcome"] != "task"]
    check_latency(report, asked)
    check_shares(report, asked, [turn for turn in before if turn["outcome"] != "task"])
    check_models(report, asked)
    folders = Counter(topic(turn) for turn in asked)
    assert {one["folder"] or one["kind"]: one["count"] for one in report["topics"]["folders"]} == folders
    groups = report["unanswered"]
    assert groups["n"] == sum(turn["outcome"] == "abstained" for turn in now)
    assert sum(one["n"] for one in groups["groups"]) + groups["left_out"] == groups["n"]
    records.close()


def topic(turn: Json) -> str:
    told = turn["outcome"] == "abstained" or turn["verdicts"]
    if not told:
        return "nothing"
    return "gone" if turn["document"] == "gone-1" else str(turn["document"].split("-")[0])


def check_latency(report: Json, asked: list[Json]) -> None:
    written = [
        one for one in asked if one["outcome"] in ("answered", "abstained") and one["first"] is not None
    ]
    for name, key in (("first_token_ms", "first"), ("total_ms", "total")):
        values = sorted(one[key] for one in written)
        found = report["latency"][name]
        assert found["n"] == len(values)
        assert found["median"] == statistics.median_low(values)
        assert found["p95"] == values[math.ceil(0.95 * len(values)) - 1]


def check_shares(report: Json, asked: list[Json], earlier: list[Json]) -> None:
    for period, at in ((asked, lambda name: report["shares"][name]),
                       (earlier, lambda name: report["shares"][name]["before"])):  # fmt: skip
        finished = [one for one in period if one["outcome"] != "stopped"]
        verdicts = Counter(verdict for one in period for verdict in one["verdicts"])
        judged = verdicts.total() - verdicts["unchecked"]
        ratings = Counter(one["rating"] for one in period if one["rating"])
        expected = {
            "abstained": (sum(one["outcome"] == "abstained" for one in finished), len(finished)),
            "unsupported": (verdicts["unsupported"] + verdicts["contradicted"], judged),
            "unchecked": (verdicts["unchecked"], verdicts.total()),
            "thumbs_down": (ratings["down"], ratings.total()),
        }
        assert {name: (at(name)["count"], at(name)["n"]) for name in expected} == expected
        assert all(at(name)["share"] == count / n for name, (count, n) in expected.items())
    for one in report["shares"].values():
        assert one["low"] <= one["share"] <= one["high"]
        enough = min(one["cases"], one["before"]["cases"]) >= 30
        assert (one["difference"] is not None) == enough == (one["state"] != "too_few")
        if enough:
            assert one["difference"]["low"] <= one["difference"]["mean"] <= one["difference"]["high"]


def check_models(report: Json, asked: list[Json]) -> None:
    groups = Counter((one["model"], one["adapter"]) for one in asked if one["model"])
    assert {(row["model"], row["adapter"]): row["questions"] for row in report["models"]} == groups
    for row in report["models"]:
        own = [one for one in asked if (one["model"], one["adapter"]) == (row["model"], row["adapter"])]
        assert row["abstained"] == sum(one["outcome"] == "abstained" for one in own)
        assert row["judged"] == sum(verdict != "unchecked" for one in own for verdict in one["verdicts"])
        assert row["up"] == sum(one["rating"] == "up" for one in own)


def test_an_empty_workspace_has_no_shares_and_divides_by_nothing(tmp_path: Path) -> None:
    records = opened(tmp_path)
    report = monitor(records, tmp_path).report(7)
    assert report["questions"] == report["tasks"] == 0 and len(report["by_day"]) == 7
    assert report["latency"]["total_ms"] == {"n": 0, "median": None, "p95": None}
    assert {name: (one["share"], one["state"]) for name, one in report["shares"].items()} == dict.fromkeys(
        ("abstained", "unsupported", "unchecked", "thumbs_down"), (None, "too_few")
    )
    assert report["topics"]["state"] == "too_few" and report["unanswered"]["groups"] == []
    assert report["time_saved"] == {
        "minutes_per_answer": 5.0, "answers": 0, "waited_minutes": 0.0, "minutes": 0.0
    }  # fmt: skip
    assert (report["models"], report["retrain"]["suggested"]) == ([], False)
    records.close()


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_days_that_cannot_be_looked_at_are_refused(tmp_path: Path, days: int) -> None:
    records = opened(tmp_path)
    with pytest.raises(MonitoringError, match=f"^{days} days cannot be looked at"):
        monitor(records, tmp_path).report(days)
    records.close()


def test_a_deleted_conversation_is_out_and_users_are_told_apart(tmp_path: Path) -> None:
    records = opened(tmp_path)
    abstained = {"abstained": True, "hits": [make_place("hr-1")]}
    mine, _ = keep(records, "駐車場は？", make_answer("駐車場は？", **abstained), NOW - timedelta(hours=1))
    other, _ = keep(
        records, "賞与は？", make_answer("賞与は？", **abstained), NOW - timedelta(hours=1), user="sato"
    )
    watch = monitor(records, tmp_path)
    both = watch.report()
    assert both["questions"] == both["unanswered"]["n"] == 2 and "賞与" not in str(both)
    assert other not in str(both) and mine in str(both)
    only = watch.report(user="sato", reader="sato")
    assert (
        only["questions"] == 1 and only["unanswered"]["groups"][0]["questions"][0]["question"] == "賞与は？"
    )
    records.delete(mine)
    assert watch.report()["questions"] == 1 and "駐車場" not in str(watch.report())
    records.close()


def test_an_old_conversation_that_goes_on_counts_its_new_questions_only(tmp_path: Path) -> None:
    records = opened(tmp_path)
    key, _ = keep(records, "old", make_answer("old"), NOW - timedelta(days=100))
    keep(records, "new", make_answer("new"), NOW - timedelta(hours=2), conversation=key)
    assert monitor(records, tmp_path).report()["questions"] == 1
    (asked,) = AskedRows(records.engine).between(NOW - timedelta(days=1), NOW)
    assert (asked.question, asked.at) == ("new", NOW - timedelta(hours=2))
    records.close()


def test_answers_of_earlier_versions_lack_keys_and_are_counted(tmp_path: Path) -> None:
    records = opened(tmp_path)
    keep(records, "stopped early", {"answer": "", "stopped": True, "hits": [], "claims": []}, NOW)
    keep(records, "old form", {"answer": "x", "claims": [make_claim("supported", "hr-1")]}, NOW)
    report = monitor(records, tmp_path).report()
    assert (report["stopped"], report["answered"], report["models"]) == (1, 1, [])
    records.close()


def test_time_saved_is_less_what_people_waited(tmp_path: Path) -> None:
    records = opened(tmp_path)
    feedback = FeedbackRows(records.engine)
    for number, (rating, more) in enumerate(
        [("", {}), ("up", {}), ("down", {}), ("", {"abstained": True}), ("", {"stopped": True}),
         ("", {"task": "translate"})]
    ):  # fmt: skip
        timings = {"first_token_ms": 1.0, "total_ms": 30_000.0}
        key, message = keep(records, str(number), make_answer(str(number), timings=timings, **more), NOW)
        if rating:
            feedback.give(key, message, rating=rating)
    asked = AskedRows(records.engine).between(NOW, NOW + timedelta(seconds=1))
    # Two helped, five questions were waited for half a minute each: 2 × 4 − 2.5.
    assert time_saved(asked, 4.0) == {
        "minutes_per_answer": 4.0, "answers": 2, "waited_minutes": 2.5, "minutes": 5.5
    }  # fmt: skip
    records.close()
