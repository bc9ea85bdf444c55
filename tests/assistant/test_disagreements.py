"""Planted documents that say the same or not; which pairs differ was written down by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from assistant_fakes import hit

from assistant.answers import Citation, Claim, Hit, Validity, Verdict
from assistant.disagreements import disagreements, other_values


def claim_on(found: Hit, quote: str, verdict: Verdict = Verdict.SUPPORTED) -> Claim:
    start = found.start + found.text.index(quote)
    citation = Citation(
        document=found.document, source=found.source, path=found.path, page=None, page_label=None,
        locator=None, start=start, end=start + len(quote), quote=quote, score=0.9, number=1,
        title=found.title, format="md", validity=found.validity,
    )  # fmt: skip
    return Claim(0, 4, "回答です", verdict, 0.9, (citation,))


def told(
    one: str, other: str, heads: tuple[str, ...] = (), others: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    first = replace(hit(one, document="a", title="旅費規程2023"), heading_path=heads)
    second = replace(hit(other, document="b", title="旅費規程2024"), heading_path=others)
    return [found.values for found in disagreements([claim_on(first, one)], [first, second], "ja")]


DIFFER = [
    ("出張の宿泊費の上限は12,000円とする。", "出張の宿泊費の上限は13,000円とする。",
     ("12,000円", "13,000円")),
    ("在宅勤務手当は月額3,000円とする。", "在宅勤務手当は月額5千円を支給する。", ("3,000円", "5千円")),
    ("経費精算の申請期限は翌月5日とする。", "経費精算の申請期限は翌月10日とする。", ("5日", "10日")),
    ("パスワードの最小文字数は8文字とする。", "パスワードの最小文字数は12文字とする。", ("8文字", "12文字")),
    ("育児休業の申請期限は3月31日とする。", "育児休業の申請期限は4月10日とする。", ("3月31日", "4月10日")),
    ("The hotel limit for domestic trips is 12,000 yen.", "The hotel limit for domestic trips is 13,000 yen.",
     ("12,000 yen", "13,000 yen")),
    ("2 経費は翌月第5営業日までとする。", "経費は翌月第3営業日までとする。", ("5営業日", "3営業日")),
    ("(3) 日当の上限は2,500円とする。", "日当の上限は3,000円とする。", ("2,500円", "3,000円")),
]  # fmt: skip
AGREE = [
    ("出張の宿泊費の上限は1泊12,000円とする。", "出張の宿泊費の上限は1泊１万2千円とする。"),
    ("国内出張の宿泊費の上限は12,000円とする。", "海外出張の宿泊費の上限は20,000円とする。"),
    ("一般社員の宿泊費の上限は12,000円とする。", "管理職の宿泊費の上限は15,000円とする。"),
    ("宿泊費の上限は12,000円とする。", "管理職の宿泊費の上限は15,000円とする。"),
    ("大阪支店の営業時間は9時からとする。", "仙台支店の営業時間は10時からとする。"),
    ("この規程は2023年4月1日から施行する。", "この規程は2024年4月1日から施行する。"),
    ("2023年度の出張費の予算は300万円とする。", "2024年度の出張費の予算は350万円とする。"),
    ("第12条 出張の宿泊費は実費とする。", "第13条 出張の宿泊費は実費とする。"),
    ("申請書は3日前までに提出する。", "報告書は5日前までに提出する。"),
    ("出張の宿泊費は12,000円まで支給する。", "出張の宿泊費は12,000円を超えても支給しない。"),
    ("出張の日当は2,500円とする。", "出張の日当は1日とする。"),
    ("Hotels abroad cost up to 20,000 yen a night.", "Hotels in Japan cost up to 12,000 yen a night."),
]


@pytest.mark.parametrize(("one", "other", "values"), DIFFER)
def test_another_value_for_the_same_statement_is_told(one: str, other: str, values: tuple[str, str]) -> None:
    assert told(one, other) == [values]
    assert told(other, one) == [values[::-1]]


@pytest.mark.parametrize(("one", "other"), AGREE)
def test_other_statements_are_no_disagreement(one: str, other: str) -> None:
    assert told(one, other) == [] == told(other, one)


def test_sibling_headings_make_another_matter() -> None:
    one, other = "宿泊費の上限は1泊12,000円とする。", "宿泊費の上限は1泊20,000円とする。"
    assert told(one, other, ("国内出張",), ("国内出張",)) == [("12,000円", "20,000円")]
    assert told(one, other, ("国内出張",), ("海外出張",)) == []


def test_a_rule_and_a_notice_about_it_are_compared() -> None:
    one, other = "出張の宿泊費の上限は12,000円とする。", "出張の宿泊費の上限は13,000円とする。"
    rule, notice = hit(one, document="a", title="旅費規程"), hit(other, document="b", title="お知らせ")
    assert len(disagreements([claim_on(rule, one)], [rule, notice], "ja")) == 1


def test_both_documents_are_named_with_what_is_known_of_their_time() -> None:
    one, other = "出張の宿泊費の上限は1泊12,000円とする。", "出張の宿泊費の上限は1泊13,000円とする。"
    old = Validity("superseded", "1", "2023-04-01", None, "2024-04-01")
    first = replace(hit(f"前文。\n{one}", document="a", title="旅費規程2023"), validity=old)
    new = Validity("in_force", "2", "2024-04-01", None, None)
    second = replace(hit(f"総則です。\n{other}", start=40, document="b", title="旅費規程2024"), validity=new)
    (found,) = disagreements([claim_on(second, other)], [first, second], "ja")
    assert found.text == (
        "資料によって値が異なります：「旅費規程2024」（2024-04-01 から有効）では「13,000円」、"
        "「旅費規程2023」（2024-04-01 に改定済み）では「12,000円」。"
    )
    (english,) = disagreements([claim_on(second, other)], [first, second], "en")
    assert "“旅費規程2023” (superseded on 2024-04-01) says 12,000円" in english.text
    for passage in found.passages:
        source = first if passage.document == "a" else second
        assert source.text[passage.start - source.start : passage.end - source.start] == passage.quote


def test_only_what_is_cited_is_compared_and_each_pair_is_told_once() -> None:
    one, other = "出張の宿泊費の上限は1泊12,000円とする。", "出張の宿泊費の上限は1泊13,000円とする。"
    first, second = hit(one, document="a"), hit(other, document="b")
    both = [claim_on(first, one), claim_on(second, other)]
    assert len(disagreements(both, [first, second], "ja")) == 1
    assert disagreements([], [first, second], "ja") == ()
    assert disagreements([claim_on(first, one, Verdict.UNSUPPORTED)], [first, second], "ja") == ()
    assert disagreements([claim_on(first, one)], [first, hit(other, start=99, document="a")], "ja") == ()


def test_other_values_needs_the_same_numbers_in_the_same_order() -> None:
    assert other_values("3日以内に2回まで", "3日以内に3回まで") == ("2回", "3回")
    assert other_values("3日以内に2回まで", "3回まで") is None
    assert other_values("10日とする", "10日以上とする") is None
