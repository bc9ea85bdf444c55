"""What names and texts of planted documents say about when they count; every expectation is set by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.normalizing import normalize
from ingestion.validity import Facts, joined, name_facts, name_key, text_facts


@pytest.mark.parametrize(
    ("path", "version", "dated", "standing"),
    [
        ("規程/就業規則_第3版.pdf", (3,), None, ""),
        ("規程/就業規則_第3版(令和6年4月1日).docx", (3,), "2024-04-01", ""),
        ("Manual v2.10.pdf", (2, 10), None, ""),
        ("spec_Rev.4_final.docx", (4,), None, "official"),
        ("価格表_2025年度.xlsx", (), "2025-04-01", ""),
        ("令和6年度価格表.xlsx", (), "2024-04-01", ""),
        ("budget_FY2024.xlsx", (), "2024-04-01", ""),
        ("人事/2023/賃金表.xlsx", (), "2023-01-01", ""),
        ("人事/2023年度/賃金表.xlsx", (), "2023-04-01", ""),
        ("人事/2023年度/賃金表_2022.xlsx", (), "2022-01-01", ""),
        ("アカウント廃止手順.docx", (), None, ""),
        ("口座廃止届.docx", (), None, ""),
        ("証明書失効対応マニュアル.docx", (), None, ""),
        ("旅費規程_廃止.docx", (), None, "abolished"),
        ("改定前後比較表.docx", (), None, ""),
        ("Archived_mail_policy.docx", (), None, ""),
        ("2024_案内図.pdf", (), "2024-01-01", ""),
        ("(案件)一覧.xlsx", (), None, ""),
        ("会社 案内.pdf", (), None, ""),
        ("起案.docx", (), None, ""),
        ("移転計画_A案.docx", (), None, ""),
        ("就業規則案.docx", (), None, "draft"),
        ("S3バケット設定.docx", (), None, ""),
        ("R5モデル仕様書.pdf", (), None, ""),
        ("Windows Version 11 設定手順.docx", (), None, ""),
        ("旅費規程20240401.docx", (), "2024-04-01", ""),
        ("旅費規程_2024-04.docx", (), "2024-04-01", ""),
        ("組織図R6.pdf", (), "2024-01-01", ""),
        ("就業規則(案).docx", (), None, "draft"),
        ("新商品提案.pptx", (), None, ""),
        ("旧版/就業規則.docx", (), None, "old"),
        ("【旧】就業規則.docx", (), None, "old"),
        ("archive/handbook.pdf", (), None, "old"),
        ("【廃止】慶弔規程.pdf", (), None, "abolished"),
        ("AB-1234X取扱説明書.pdf", (), None, ""),
        ("MP-300.pdf", (), None, ""),
    ],
)
def test_names(path: str, version: tuple[int, ...], dated: str | None, standing: str) -> None:
    found = name_facts([path])
    assert (found.version, found.dated, found.standing) == (version, dated, standing)


@pytest.mark.parametrize(
    ("text", "valid_from", "valid_to", "standing"),
    [
        ("旅費規程\n施行日:令和6年4月1日\n第1条", "2024-04-01", None, ""),
        ("制定 1968年4月1日 最終改定 2025年4月1日\n第1条", "2025-04-01", None, ""),
        (
            "附則\nこの規程は、平成20年4月1日から施行する。\n附則\nこの規程は、令和5年10月1日より施行する。",
            "2023-10-01",
            None,
            "",
        ),
        ("夏季休業のお知らせ\n適用期間:2025年7月1日〜2025年9月30日", "2025-07-01", "2025-09-30", ""),
        ("有効期限 2026/3/31", None, "2026-03-31", ""),
        ("この制度は令和7年3月31日限り廃止する。", None, "2025-03-31", ""),
        ("【廃止】慶弔見舞金規程\n第1条", None, None, "abolished"),
        ("この基準は、新しい規程に移したため廃止する。", None, None, "abolished"),
        ("Effective date: April 1, 2024\nValid until March 31, 2026", "2024-04-01", "2026-03-31", ""),
        ("この就業規則は、令和6年4月1日から施行する。", "2024-04-01", None, ""),
        ("この条例は、第5条を除き、令和6年4月1日から施行する。", "2024-04-01", None, ""),
        ("この規程は、\n令和6年4月1日から施行する。", "2024-04-01", None, ""),
        ("別に定める規程がある。当該規程は廃止する。", None, None, ""),
        ("本規程のほか、この旧給与規程は廃止する。", None, None, ""),
        ("有効期間 2024年4月1日〜2025年3月31日\n期間満了後は自動的に更新する。", "2024-04-01", None, ""),
        (
            "This policy is effective from April 1, 2024. Section 5 is effective from April 1, 2027.",
            "2024-04-01",
            None,
            "",
        ),
        ("This price list is valid until March 31, 2026", None, "2026-03-31", ""),
        ("The badge expires on March 31, 2026", None, None, ""),
        ("この別表は、2027年4月1日から適用する。", None, None, ""),
        ("適用期間:2024年度", None, "2025-03-31", ""),
        ("この料金表は2026年3月まで有効です。", None, "2026-03-31", ""),
        ("本規程は、取締役会の決議により改正又は廃止することができる。", None, None, ""),
        ("この制度は、業績により廃止することがある。", None, None, ""),
        ("この規程は、旧給与規程を廃止するとともに新たに定める。", None, None, ""),
        ("本制度は、廃止するまで有効とする。", None, None, ""),
        ("第1条\n第5条(廃止)\n削除", None, None, ""),
        (
            "附則\nこの規程は、2024年4月1日から施行する。ただし、第5条の規定は、2027年4月1日から施行する。",
            "2024-04-01",
            None,
            "",
        ),
        (
            "1 この規程は、2024年4月1日から施行する。\n2 第3条の手当については、2025年3月31日まで適用する。",
            "2024-04-01",
            None,
            "",
        ),
        ("入館証の手引\n入館証の有効期限は2026年3月31日です。更新は総務部へ。", None, None, ""),
        ("補助金の手引 申請書の使用期限:2025年3月31日", None, None, ""),
        (
            "本規程は、旧規程を2024年3月31日限りで廃止し、2024年4月1日から施行する。",
            "2024-04-01",
            None,
            "",
        ),
        (
            "この規程は2020年4月1日から施行する。\nこの規程は2024年4月1日から改定施行する。",
            "2024-04-01",
            None,
            "",
        ),
        ("ソフトの一覧\n有効期限 2025年3月31日\n有効期限 2026年3月31日", None, None, ""),
        ("施行日 2024年4月1日\n有効期限 2023年3月31日", "2024-04-01", None, ""),
        ("会議は2024年4月1日に開催した。次回は5月1日。", None, None, ""),
        ("創業は1968年4月1日である。", None, None, ""),
    ],
)
def test_texts(text: str, valid_from: str | None, valid_to: str | None, standing: str) -> None:
    found = text_facts(normalize(text).text)
    assert (found.valid_from, found.valid_to, found.standing) == (valid_from, valid_to, standing)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("旅費規程 第3版\n第1条", (3,)),
        ("設定手順\nVersion 2.1\n本文", (2, 1)),
        ("PC設定手順\nWindows Version 10 対応", ()),
        ("PC設定手順 Windows Server Version 2022 対応", ()),
        ("第2版以降を対象とする。", ()),
    ],
)
def test_a_text_says_its_own_version_on_a_line_of_its_own(text: str, version: tuple[int, ...]) -> None:
    assert text_facts(text).version == version


def test_what_may_be_abolished_replaces_nothing() -> None:
    for text in (
        "本制度は、取締役会の決議により変更又は廃止することができる。",
        "取締役会の決議により、旅費規程は廃止することができる。",
        "本規程の施行に伴い、本規程は廃止する。",
    ):
        assert text_facts(text).replaces == ()


def test_a_rule_that_abolishes_another_counts_itself() -> None:
    text = (
        "附則\nこの規程は令和6年4月1日から施行する。"
        "この規程の施行に伴い、旧「海外出張旅費規程」(平成20年制定)は廃止する。"
    )
    found = text_facts(text)
    assert (found.valid_from, found.standing, found.replaces) == ("2024-04-01", "", ("海外出張旅費規程",))


def test_only_head_and_end_speak_of_the_document_itself() -> None:
    filler = "本文。" * 3_000
    assert text_facts(f"{filler}\n施行日 2024年4月1日\n{filler}") == Facts()
    assert text_facts(f"{filler}\n附則\nこの規程は2024年4月1日から施行する。").valid_from == "2024-04-01"


def test_a_name_outranks_the_text_but_not_its_end() -> None:
    text = Facts(version=(1,), valid_from="2024-04-01", standing="abolished")
    assert joined(Facts(version=(2,), dated="2023-01-01", standing="official"), text) == Facts(
        (2,), "2024-04-01", None, "2023-01-01", "abolished"
    )


@pytest.mark.parametrize(
    "names",
    [
        ("就業規則", "就業規則_第3版", "【旧】就業規則", "就業規則(案)", "就業規則 2024年度"),
        ("就業規則", "就業規則_20240401", "就業規則R6", "就業規則 のコピー", "就業規則_最終版"),
        ("Employee Handbook", "employee_handbook_v2", "Employee-Handbook (final)", "employee handbook 2024"),
        ("價格表", "価格表_2025年度", "価格表_改定版"),
    ],
)  # fmt: skip
def test_names_of_one_rule_have_one_key(names: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in names}) == 1


def test_names_of_different_rules_keep_their_keys() -> None:
    assert (
        len({name_key(name) for name in ("就業規則", "旅費規程", "MP-300取扱説明書", "MP-500取扱説明書")})
        == 4
    )


@given(
    st.text(alphabet="令和平成昭元年月日度0123456789-/.〜から施行廃止有効期限:第版v (案)旧\n", max_size=80)
)
def test_no_text_or_name_breaks_the_rules(text: str) -> None:
    for facts in (text_facts(text), name_facts([text])):
        for day in (facts.valid_from, facts.valid_to, facts.dated):
            assert day is None or len(day) == 10
