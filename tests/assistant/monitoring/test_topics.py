"""What questions are about: every way of dealing them, by brute force, and formulas by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
from asked_questions import make_asked

from assistant.monitoring.topics import (
    DRAWS,
    GONE,
    NOTHING,
    chance_of_difference,
    stability_index,
    topic_of,
    topics,
)
from ingestion.documents import Location

PLACES = {
    "a": Location("/srv", "hr/leave/a.txt"), "b": Location("/srv", "b.txt"),
    "c": Location("/srv", "mails.zip/sales/c.txt", parent="mails.zip"), "d": Location("/srv", "it/d.txt"),
}  # fmt: skip


def chi_square(now: Sequence[int], before: Sequence[int]) -> float:
    """Pearson's, cell by cell, over both periods."""
    total = sum(now) + sum(before)
    return sum(
        (row[at] - sum(row) * (now[at] + before[at]) / total) ** 2
        / (sum(row) * (now[at] + before[at]) / total)
        for row in (now, before) for at in range(len(now)) if now[at] + before[at]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "before"), [((4, 0, 1), (1, 3, 1)), ((3, 2), (2, 3)), ((5, 0, 0), (0, 3, 2))]
)
def test_the_chance_is_that_of_all_ways_to_deal_the_questions(
    now: tuple[int, ...], before: tuple[int, ...]
) -> None:
    questions = [
        at for at, number in enumerate(map(sum, zip(now, before, strict=True))) for _ in range(number)
    ]
    real, as_far, ways = chi_square(now, before), 0, 0
    for chosen in itertools.combinations(range(len(questions)), sum(now)):
        dealt = [sum(questions[one] == at for one in chosen) for at in range(len(now))]
        rest = [
            total - one for total, one in zip(map(sum, zip(now, before, strict=True)), dealt, strict=True)
        ]
        ways += 1
        as_far += chi_square(dealt, rest) >= real - 1e-9
    exact = as_far / ways
    error = 4 * math.sqrt(exact * (1 - exact) / DRAWS) + 2 / DRAWS
    assert chance_of_difference(now, before) == pytest.approx(exact, abs=error)


def test_equal_periods_differ_by_nothing() -> None:
    assert chance_of_difference((7, 3, 0), (7, 3, 0)) == 1.0
    assert stability_index((7, 3, 0), (7, 3, 0)) == 0.0
    with pytest.raises(ValueError, match=r"periods of \[0, 3\] questions"):
        chance_of_difference((0, 0), (1, 2))


def test_the_stability_index_is_the_divergence_both_ways() -> None:
    now, before = (30, 10, 0), (15, 20, 5)
    a = [(one + 0.5) / 41.5 for one in now]
    b = [(one + 0.5) / 41.5 for one in before]
    there = sum(x * math.log(x / y) for x, y in zip(a, b, strict=True))
    back = sum(y * math.log(y / x) for x, y in zip(a, b, strict=True))
    assert stability_index(now, before) == pytest.approx(there + back)


def test_a_question_is_about_the_folder_of_its_document_today() -> None:
    assert topic_of(make_asked(documents=("a", "d")), PLACES) == ("folder", "/srv", "hr")
    assert topic_of(make_asked(documents=("b",)), PLACES) == ("folder", "/srv", "")
    assert topic_of(make_asked(documents=("c",)), PLACES) == ("folder", "/srv", "")  # where its archive lies
    assert topic_of(make_asked(documents=("removed", "a")), PLACES) == GONE
    assert topic_of(make_asked(), PLACES) == NOTHING


def test_folders_and_documents_are_counted_now_and_before() -> None:
    now = [make_asked(documents=("a", "d"))] * 30 + [make_asked(documents=("gone",))] * 10
    before = [make_asked(documents=("a",))] * 5 + [make_asked(documents=("d",))] * 35
    found = topics(now, before, PLACES, 30)
    shown = [(one["kind"], one["folder"], one["count"], one["before_count"]) for one in found["folders"]]
    assert shown == [("folder", "hr", 30, 5), ("gone", "", 10, 0), ("folder", "it", 0, 35)]
    assert [one["share"] for one in found["folders"]] == [0.75, 0.25, 0.0]
    assert found["state"] == "changed" and found["p"] == pytest.approx(1 / (DRAWS + 1), abs=1e-4)
    assert found["documents"] == [
        {"document": "a", "count": 30, "before_count": 5}, {"document": "d", "count": 30, "before_count": 35}
    ]  # fmt: skip


def test_few_questions_are_not_compared() -> None:
    found = topics([make_asked(documents=("a",))] * 30, [make_asked(documents=("d",))] * 29, PLACES, 30)
    assert (found["state"], found["psi"], found["p"]) == ("too_few", None, None)
    assert found["folders"][1]["before_share"] == 1.0
    empty = topics([], [], PLACES, 30)
    assert empty == {"state": "too_few", "psi": None, "p": None, "folders": [], "documents": []}
    assert topics([], [make_asked(documents=("a",))], PLACES, 1)["folders"][0]["share"] is None


def test_folders_that_are_many_share_a_row() -> None:
    places = {str(at): Location("/srv", f"f{at}/x.txt") for at in range(20)}
    asked = [make_asked(documents=(str(at),)) for at in range(20) for _ in range(20 - at)]
    found = topics(asked, asked, places, 30)["folders"]
    assert len(found) == 12 and found[-1]["kind"] == "other"
    assert sum(one["count"] for one in found) == sum(one["before_count"] for one in found) == len(asked)
    assert found[-1]["count"] == sum(range(1, 10))
