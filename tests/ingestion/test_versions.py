"""Copies and versions of planted documents are grouped and ordered; similarity against counting by hand."""

from __future__ import annotations

import random

import pytest

from ingestion.validity import Facts, Version, joined, name_facts, state_on, text_facts
from ingestion.versions import Candidate, group, signature_of, similarity
from ingestion.written_forms import fold

CHANCE = random.Random(7)
WORDS = [
    "".join(
        CHANCE.choices(
            "休暇申請承認規程会社従業員出張旅費精算期限部長提出書類通知支給勤務時間給与改定管理", k=3
        )
    )
    for _ in range(900)
]


def sentences(seed: int, count: int = 40) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(WORDS, k=6)) + "とする。" for _ in range(count)]


def text_of(lines: list[str], *more: str) -> str:
    return "\n".join([*lines, *more])


def candidate(path: str, text: str, modified: int = 0, title: str = "") -> Candidate:
    facts = joined(name_facts([path], title), text_facts(text))
    kind = path.rsplit(".", 1)[-1]
    return Candidate(path, title or path, (f"/srv/{path}",), signature_of(text), facts, modified, kind)


def grouped(*candidates: Candidate) -> dict[str, Version]:
    return {version.id: version for version in group(candidates)}


RULE = sentences(1)


def changed(lines: list[str], share: float, seed: int = 2) -> list[str]:
    chance = random.Random(seed)
    other = sentences(seed + 100, len(lines))
    return [new if chance.random() < share else old for old, new in zip(lines, other, strict=True)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 1.0])
def test_estimated_similarity_is_near_the_counted_one(share: float) -> None:
    def shingles(text: str) -> set[str]:
        plain = "".join(fold(text).split())
        return {plain[i : i + 5] for i in range(len(plain) - 4)}

    one, other = text_of(RULE), text_of(changed(RULE, share))
    a, b = shingles(one), shingles(other)
    counted = len(a & b) / len(a | b)
    assert similarity(signature_of(one), signature_of(other)) == pytest.approx(counted, abs=0.12)


def test_width_and_line_ends_do_not_count_and_short_texts_are_not_compared() -> None:
    text = text_of(RULE)
    assert signature_of(text) == signature_of(text.replace("\n", "\r\n  ").replace("、", "､"))
    assert similarity(signature_of("短い。"), signature_of("短い。")) == 0.0


def test_one_text_in_two_formats_is_cited_once_and_supersedes_nothing() -> None:
    found = grouped(
        candidate("規程/旅費規程.docx", text_of(RULE), 5),
        candidate("規程/旅費規程.pdf", text_of(["1 / 3", *RULE]), 5),
        candidate("規程/服務規程.pdf", text_of(sentences(9)), 5),
    )
    copies = [found["規程/旅費規程.docx"], found["規程/旅費規程.pdf"]]
    assert copies[0].text == copies[1].text != found["規程/服務規程.pdf"].text
    assert [version.preferred for version in copies] == [False, True]
    assert {state_on(version, "2026-01-01") for version in found.values()} == {"in_force"}


def test_the_official_copy_goes_before_the_newest() -> None:
    found = grouped(
        candidate("規程/旅費規程.pdf", text_of(RULE), 9),
        candidate("規程/旅費規程_正式.docx", text_of(RULE), 1),
    )
    assert [id for id, version in found.items() if version.preferred] == ["規程/旅費規程_正式.docx"]


def test_versions_follow_one_another_from_the_day_the_later_one_counts() -> None:
    second = changed(RULE, 0.15)
    found = grouped(
        candidate("規程/旅費規程.docx", text_of(RULE, "附則", "この規程は平成30年4月1日から施行する。")),
        candidate(
            "規程/旅費規程_改定.docx", text_of(second, "附則", "この規程は令和6年4月1日から施行する。")
        ),
        candidate(
            "規程/旅費規程_2027.docx",
            text_of(changed(second, 0.1, 3), "附則", "この規程は2027年4月1日から施行する。"),
        ),
    )
    first, middle, coming = found.values()
    assert first.family == middle.family == coming.family
    assert [state_on(version, "2020-01-01") for version in found.values()] == ["in_force", "future", "future"]
    assert [state_on(version, "2026-01-01") for version in found.values()] == [
        "superseded", "in_force", "future",
    ]  # fmt: skip
    assert [state_on(version, "2027-04-01") for version in found.values()] == [
        "superseded", "superseded", "in_force",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("規程/マニュアル_第2版.pdf", "規程/マニュアル_第10版.pdf"),
        ("規程/manual v1.9.pdf", "規程/manual v1.10.pdf"),
        ("規程/価格表_2024年度.xlsx", "規程/価格表_2025年度.xlsx"),
        ("規程/旧/旅費規程20200401.docx", "規程/旅費規程20240401.docx"),
        ("規程/2023年度/旅費規程_2023.docx", "規程/2024年度/旅費規程_2024.docx"),
        ("規程/旧版/旅費規程.docx", "規程/旅費規程.docx"),
    ],
)
def test_names_alone_put_versions_in_order(old: str, new: str) -> None:
    found = grouped(candidate(old, text_of(RULE)), candidate(new, text_of(changed(RULE, 0.2))))
    assert state_on(found[old], "2026-01-01") == "superseded"
    assert state_on(found[new], "2026-01-01") == "in_force"


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("会議/議事録_2024-04-01.docx", "会議/議事録_2024-05-01.docx", 0.3),
        ("報告/月報_2024-04.xlsx", "報告/月報_2024-05.xlsx", 0.2),
        ("支店A/手順_2023.docx", "支店B/手順_2024.docx", 0.4),
        ("規程/旅費規程_2023.docx", "規程/服務規程_2024.docx", 0.5),
        ("規程/旅費規程_2023.docx", "規程/旅費規程_2024.docx", 1.0),
    ],
)
def test_what_only_looks_alike_supersedes_nothing(one: str, other: str, share: float) -> None:
    found = grouped(candidate(one, text_of(RULE)), candidate(other, text_of(changed(RULE, share))))
    assert {state_on(version, "2026-01-01") for version in found.values()} == {"in_force"}


def test_contracts_and_invoices_of_one_template_are_not_one_text() -> None:
    pairs = [
        ("契約/業務委託契約書_アルファ社.docx", "契約/業務委託契約書_ベータ社.docx"),
        ("請求書/請求書_アルファ.pdf", "請求書/請求書_ベータ.pdf"),
        ("契約/委託契約_2023.docx", "契約/契約(委託).docx"),
    ]
    for one, other in pairs:
        first = candidate(one, text_of(["委託者 株式会社アルファ 月額300,000円", *RULE]), title="契約書")
        second = candidate(other, text_of(["委託者 株式会社ベータ 月額450,000円", *RULE]), title="契約書")
        assert similarity(first.signature, second.signature) > 0.85
        found = grouped(first, second)
        assert found[one].text != found[other].text
        assert {state_on(version, "2026-01-01") for version in found.values()} == {"in_force"}


@pytest.mark.parametrize("line", ["宿泊費は{}円とする。", "担当は{}とする。"])
def test_a_number_or_name_that_differs_makes_two_texts_of_one_name(line: str) -> None:
    for one, other in (("12,000", "9,000"), ("三万", "四万"), ("アルファ", "ベータス")):
        paths = "規程/旅費規程.docx", "規程/旅費規程.pdf"
        first = candidate(paths[0], text_of(RULE, line.format(one)))
        found = grouped(first, candidate(paths[1], text_of(RULE, line.format(other))))
        same = "円" not in line and "万" in one  # kanji numbers count where they are amounts
        assert (found[paths[0]].text == found[paths[1]].text) == same


def test_contracts_that_differ_in_a_name_alone_are_not_one_text() -> None:
    paths = "雇用/雇用契約書_田中.docx", "雇用/雇用契約書_鈴木.docx", "雇用/控え.docx"
    found = grouped(
        candidate(paths[0], text_of(["労働者 田中太郎", *RULE])),
        candidate(paths[1], text_of(["労働者 鈴木花子", *RULE])),
        candidate(paths[2], text_of(["労働者 鈴木花子", *RULE])),
    )
    assert found[paths[0]].text != found[paths[1]].text == found[paths[2]].text


def test_one_invoice_in_two_formats_is_one_text() -> None:
    paths = "請求/請求書_202401.docx", "請求/請求書_202401.pdf"
    found = grouped(candidate(paths[0], text_of(RULE)), candidate(paths[1], text_of(["1 / 3", *RULE])))
    assert found[paths[0]].text == found[paths[1]].text


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("規程/東京支店旅費規程_2023.docx", "規程/大阪支店旅費規程_2024.docx", True),
        ("売上/売上集計_2024年01月.xlsx", "売上/売上集計_2024年02月.xlsx", False),
        ("決算/第1四半期決算_2024.xlsx", "決算/第2四半期決算_2025.xlsx", False),
        ("統計/来客データ_2023.xlsx", "統計/来客データ_2024.xlsx", False),
        ("総務/マニュアル利用実績_2023.xlsx", "総務/マニュアル利用実績_2024.xlsx", False),
        ("総務/組織図_2023.xlsx", "総務/組織図_2024.xlsx", True),
    ],
)
def test_other_names_and_series_of_periods_supersede_nothing(one: str, other: str, together: bool) -> None:
    found = grouped(candidate(one, text_of(RULE)), candidate(other, text_of(changed(RULE, 0.05))))
    assert {state_on(version, "2026-01-01") for version in found.values()} == {"in_force"}
    assert (found[one].family == found[other].family) == together


def test_dates_of_branches_put_nothing_in_order() -> None:
    found = grouped(
        candidate("規程/東京支店旅費規程.docx", text_of(["施行日 2023年4月1日", *RULE])),
        candidate("規程/大阪支店旅費規程.docx", text_of(["施行日 2024年4月1日", *RULE])),
    )
    assert {state_on(version, "2026-01-01") for version in found.values()} == {"in_force"}
    assert len({version.family for version in found.values()}) == 1


def test_a_rule_does_not_abolish_itself_nor_one_of_another_folder() -> None:
    said = "本規程の制定に伴い、従前の旅費規程は廃止する。"
    for path in ("規程/旅費規程_2024.docx", "規程/旅費規程.docx"):
        (version,) = group([candidate(path, text_of(RULE, said))])
        assert state_on(version, "2026-01-01") == "in_force"
    found = grouped(
        candidate("規程/旅費規程.docx", text_of(RULE, said, "施行日 2024年4月1日")),
        candidate("営業/旅費規程_2020.docx", text_of(sentences(8))),
        candidate("規程/旧/旅費規程_2020.docx", text_of(sentences(9))),
    )
    states = [state_on(version, "2026-01-01") for version in found.values()]
    assert states == ["in_force", "in_force", "superseded"]
    assert found["規程/旧/旅費規程_2020.docx"].superseded_from == "2024-04-01"


def test_drafts_and_abolished_ones_supersede_nothing() -> None:
    found = grouped(
        candidate("規程/旅費規程_2023.docx", text_of(RULE)),
        candidate("規程/旅費規程_2024(案).docx", text_of(changed(RULE, 0.1))),
        candidate("規程/【廃止】慶弔規程.docx", text_of(sentences(5))),
        candidate("規程/お盆.txt", text_of(sentences(6), "有効期限 2025年8月31日")),
    )
    assert [state_on(version, "2026-01-01") for version in found.values()] == [
        "in_force", "draft", "abolished", "expired",
    ]  # fmt: skip
    assert state_on(found["規程/お盆.txt"], "2025-08-31") == "in_force"


def test_a_rule_that_names_what_it_abolishes_ends_it_on_its_own_first_day() -> None:
    new = text_of(
        sentences(11), "附則", "この規程は2025年4月1日から施行する。",
        "この規程の施行に伴い、海外出張旅費規程は廃止する。",
    )  # fmt: skip
    found = grouped(
        candidate("規程/海外出張旅費規程.docx", text_of(RULE)), candidate("規程/出張旅費規程.docx", new)
    )
    assert state_on(found["規程/海外出張旅費規程.docx"], "2025-03-31") == "in_force"
    assert state_on(found["規程/海外出張旅費規程.docx"], "2026-01-01") == "superseded"
    assert state_on(found["規程/出張旅費規程.docx"], "2026-01-01") == "in_force"


def test_groups_do_not_depend_on_the_order_of_the_documents() -> None:
    found = [
        candidate("規程/旅費規程_2022.docx", text_of(RULE)),
        candidate("規程/旅費規程_2023.docx", text_of(changed(RULE, 0.1))),
        candidate("規程/旅費規程_2024.pdf", text_of(changed(RULE, 0.2))),
        candidate("規程/旅費規程_2024.docx", text_of(["写", *changed(RULE, 0.2)])),
    ]
    expected = grouped(*found)
    for _ in range(5):
        CHANCE.shuffle(found)
        assert {id: version for id, version in grouped(*found).items()} == expected


def test_a_day_in_a_lone_name_is_only_a_name() -> None:
    (version,) = group([candidate("計画/予算_2027年度.xlsx", text_of(RULE))])
    assert state_on(version, "2026-01-01") == "in_force" and version.valid_from is None


def test_nothing_said_is_in_force() -> None:
    (version,) = group([Candidate("a", "t", ("/srv/a.txt",), b"", Facts())])
    assert state_on(version, "2026-01-01") == "in_force" and version.preferred


def test_manuals_of_two_releases_of_a_product_are_both_in_force() -> None:
    found = grouped(
        candidate("手順/PC設定手順(1).docx", text_of(["Windows Version 10 対応", *RULE])),
        candidate("手順/PC設定手順.docx", text_of(["Windows Version 11 対応", *changed(RULE, 0.1)])),
        candidate("IT/Windows Version 10 設定手順.docx", text_of(RULE)),
        candidate("IT/Windows Version 11 設定手順.docx", text_of(changed(RULE, 0.1))),
    )
    assert {state_on(version, "2026-01-01") for version in found.values()} == {"in_force"}


def test_a_fiscal_year_lasts_until_march() -> None:
    paths = "料金/料金表_2026年度.xlsx", "料金/料金表_2027年度.xlsx"
    found = grouped(candidate(paths[0], text_of(RULE)), candidate(paths[1], text_of(changed(RULE, 0.1))))
    assert [state_on(found[path], "2027-03-31") for path in paths] == ["in_force", "future"]
    assert [state_on(found[path], "2027-04-01") for path in paths] == ["superseded", "in_force"]


def test_year_folders_put_rules_in_order_but_no_other_files() -> None:
    found = grouped(
        candidate("人事/2023/賃金表.xlsx", text_of(RULE)),
        candidate("人事/2024/賃金表.xlsx", text_of(changed(RULE, 0.1))),
        candidate("経理/2023/売上集計.xlsx", text_of(RULE)),
        candidate("経理/2024/売上集計.xlsx", text_of(changed(RULE, 0.1))),
        candidate("総務/2023/席次.xlsx", text_of(RULE)),
        candidate("総務/2024/席次.xlsx", text_of(changed(RULE, 0.1))),
    )
    assert {id for id, version in found.items() if state_on(version, "2026-01-01") != "in_force"} == {
        "人事/2023/賃金表.xlsx"
    }
