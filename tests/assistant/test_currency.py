"""Hits of planted versions: what is in force goes first, a question may ask as of a day, answers warn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest
from assistant_fakes import FakeGenerator, FakeRetriever, hit

from assistant.answering import Assistant
from assistant.answers import Citation, Hit, Validity
from assistant.currency import Currency, wanted_day, warnings_of
from assistant.grounding.verdicts import RuleChecker
from ingestion.settings import AnswerSettings, Settings
from ingestion.validity import Facts, Version

TODAY = date(2026, 1, 15)
OLD = "第13条 宿泊費の上限は、一般社員は1泊10,000円、管理職は1泊13,000円とする。"
NEW = "第13条 宿泊費の上限は、一般社員は1泊12,000円、管理職は1泊15,000円とする。"


@dataclass
class FakeVersions:
    versions: tuple[Version, ...]

    def all(self) -> dict[str, Version]:
        return {version.id: version for version in self.versions}


def version(
    id: str, facts: Facts = Facts(), *, family: str = "f", text: str = "", preferred: bool = True,
    superseded_from: str | None = None,
) -> Version:  # fmt: skip
    return Version(id, family, text or id, preferred, facts, facts.valid_from, superseded_from)


def prefer(question: str, hits: list[Hit], *versions: Version, top_k: int = 5) -> list[Hit]:
    return Currency(FakeVersions(versions), lambda: TODAY).prefer(question, hits, top_k)


TWO = (
    version("old", Facts(valid_from="2018-04-01"), superseded_from="2024-04-01"),
    version("new", Facts(valid_from="2024-04-01")),
)


def two_hits() -> list[Hit]:
    return [
        replace(hit(OLD, document="old", rank=1, score=0.9), path="規程/旅費規程_2018.docx"),
        replace(hit(NEW, document="new", rank=2, score=0.8), path="規程/旅費規程_2024.docx"),
    ]


def test_a_passage_that_a_newer_version_replaces_gives_way() -> None:
    (found,) = prefer("宿泊費の上限はいくらですか", two_hits(), *TWO)
    assert (found.document, found.rank) == ("new", 1)
    assert found.validity == Validity("in_force", None, "2024-04-01")


@pytest.mark.parametrize(
    "question", ["2023年度の宿泊費の上限は?", "the hotel limit in 2023", "2022年4月時点の宿泊費"]
)
def test_a_question_as_of_a_day_gets_the_version_of_that_day(question: str) -> None:
    (found,) = prefer(question, two_hits(), *TWO)
    assert found.document == "old"
    assert found.validity is not None and found.validity.state == "superseded"  # as it is today


def test_a_question_for_the_old_version_gets_both() -> None:
    assert [found.document for found in prefer("改定前の宿泊費の上限は?", two_hits(), *TWO)] == ["old", "new"]


def test_what_is_only_in_the_old_version_stays_but_goes_down() -> None:
    only_old = hit("第20条 海外出張の支度金は50,000円とする。", document="old", rank=1, score=0.9)
    other = hit("慶弔見舞金は別に定める。", document="else", rank=2, score=0.6)
    found = prefer("支度金", [only_old, other], *TWO)
    assert [(one.document, one.rank, one.score) for one in found] == [("else", 1, 0.6), ("old", 2, 0.45)]


def test_a_question_about_the_past_may_be_answered_by_what_came_later() -> None:
    report = version("report", Facts(valid_from="2024-04-01"), family="r")
    hits = [hit("2023年度の売上は10億円。", document="report", rank=1, score=0.9)]
    assert [one.score for one in prefer("2023年度の売上は?", hits, report)] == [0.9]


def test_of_two_copies_the_preferred_one_is_kept_with_the_better_score() -> None:
    copies = (version("docx", text="t", preferred=False), version("pdf", text="t"))
    hits = [hit(NEW[:30], document="docx", rank=1, score=0.9), hit(NEW, document="pdf", rank=2, score=0.7)]
    assert [(one.document, one.score) for one in prefer("宿泊費", hits, *copies)] == [("pdf", 0.9)]
    assert [one.document for one in prefer("宿泊費", hits[:1], *copies)] == ["docx"]  # the pdf may be hidden


def test_a_copy_whose_passage_says_something_else_stays() -> None:
    copies = (version("a", text="t", preferred=False), version("b", text="t"))
    hits = [hit(OLD, document="a", rank=1, score=0.9), hit(NEW, document="b", rank=2, score=0.7)]
    assert [one.document for one in prefer("宿泊費", hits, *copies)] == ["a", "b"]


@pytest.mark.parametrize("state", ["other_name", "draft", "expired"])
def test_only_a_superseded_version_of_the_same_name_gives_way(state: str) -> None:
    one, other = two_hits()
    old = {
        "other_name": version("old", superseded_from="2024-04-01"),
        "draft": version("old", Facts(standing="draft")),
        "expired": version("old", Facts(valid_to="2024-03-31")),
    }[state]
    if state == "other_name":
        one = replace(one, path="規程/東京支店旅費規程.docx")
    found = prefer("宿泊費の上限", [one, other], old, TWO[1])
    assert [hit.document for hit in found] == ["new", "old"]


def test_without_versions_nothing_changes() -> None:
    hits = [hit(NEW, document=str(i), rank=i, score=1 - i / 10) for i in range(1, 5)]
    assert prefer("2023年の規程", hits, top_k=3) == hits[:3]


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("2023年度の会費", "2024-03-31"),
        ("2023年の会費", "2023-12-31"),
        ("2022年2月の会費", "2022-02-28"),
        ("2025年度の会費", "2026-01-15"),  # this fiscal year lasts until March
        ("fees in fiscal year 2023", "2024-03-31"),
        ("令和5年4月1日時点の規程", "2023-04-01"),
        ("fees in 2023", "2023-12-31"),
        ("2019年入社の社員の休暇", "2026-01-15"),
        ("2022年と2023年の違いは", "2026-01-15"),
        ("会費はいくら", "2026-01-15"),
    ],
)
def test_the_day_that_a_question_asks_about(question: str, day: str) -> None:
    assert wanted_day(question, TODAY) == day


def cited(validity: Validity | None) -> Citation:
    return Citation(
        "d",
        "/s",
        "旅費規程.docx",
        None,
        None,
        None,
        0,
        1,
        "x",
        1.0,
        1,
        "旅費規程",
        "docx",
        None,
        None,
        validity,
    )


def test_each_document_that_does_not_count_is_warned_of_once() -> None:
    old = cited(Validity("superseded", superseded_from="2024-04-01"))
    assert warnings_of([old, old, cited(None), cited(Validity("in_force"))], "ja") == (
        "「旅費規程」は改定前の版です（新しい版は 2024-04-01 から）。",
    )
    assert warnings_of([cited(Validity("abolished"))], "en") == ("“旅費規程” has been abolished.",)
    for state in ("superseded", "abolished", "expired", "future", "draft"):
        day = "2025-03-31"
        (said,) = warnings_of([cited(Validity(state, None, day, day, day))], "en")
        assert (day in said) == (state != "draft")


def test_an_answer_warns_of_what_it_cites() -> None:
    old = replace(hit(OLD), validity=Validity("superseded", superseded_from="2024-04-01"))
    settings = Settings(answers=AnswerSettings(answerable_at=0))
    generator = FakeGenerator("宿泊費の上限は、一般社員は1泊10,000円です。")
    assistant = Assistant(FakeRetriever([old]), generator, RuleChecker(settings.answers), settings)
    answer = assistant.ask("一般社員の宿泊費の上限は?")
    assert not answer.abstained
    assert answer.as_json()["warnings"] == ["「就業規則」は改定前の版です（新しい版は 2024-04-01 から）。"]
    assert answer.as_json()["claims"][0]["citations"][0]["validity"]["state"] == "superseded"
