"""Articles, paragraphs and items found in planted rules: each place is named by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.articles import article_of, marks_between, outline, pack, unpack
from ingestion.documents import Document, Heading, Page, Table, TableCell

RULES = """第1章 総則
第1条(目的)
この規則は、勤務を定める。A
第12条(年次有給休暇)
会社は、10日の休暇を与える。B
2 前項の休暇は、次の各号のとおりとする。C
(1) 入社6か月 D
(2) 入社1年 E
イ 週5日の者 F
ロ 週4日の者 G
10 日前までに申請する者は別とする。H
3 休暇は繰り越せる。I
第12条の2
在宅勤務の者に準用する。J
第2章 出張
第13条 1 宿泊費Kを支給する。
2 日当を支給する。L
附則
第1条
この規則は令和6年4月1日から施行する。M
別表第1
N
"""

TRUTH = {
    "A": "第1条", "B": "第12条第1項", "C": "第12条第2項", "D": "第12条第2項第1号", "E": "第12条第2項第2号",
    "F": "第12条第2項第2号イ", "G": "第12条第2項第2号ロ", "H": "第12条第2項第2号ロ", "I": "第12条第3項",
    "J": "第12条の2", "K": "第13条第1項", "L": "第13条第2項", "M": "附則第1条", "N": None,
}  # fmt: skip


def document(text: str, headings: tuple[Heading, ...] = ()) -> Document:
    return Document(text, "txt", (Page(1, 0, len(text)),), headings)


def place(text: str, words: str, headings: tuple[Heading, ...] = ()) -> str | None:
    at = text.index(words)
    return article_of(outline(document(text, headings)), at, at + len(words))


@pytest.mark.parametrize("letter", TRUTH)
def test_every_planted_place_has_its_path(letter: str) -> None:
    assert place(RULES, letter) == TRUTH[letter]


def test_a_span_over_several_has_what_they_share_or_a_range() -> None:
    marks = outline(document(RULES))
    span = (RULES.index("B"), RULES.index("I"))
    assert article_of(marks, *span) == "第12条"
    assert article_of(marks, RULES.index("D"), RULES.index("G")) == "第12条第2項"
    assert article_of(marks, RULES.index("A"), RULES.index("L")) == "第1条〜第13条"


@pytest.mark.parametrize(
    ("text", "words", "path"),
    [
        ("第五条(手当)\n手当は次のとおりとする。\n一 通勤手当\n二 家族手当\n", "家族", "第5条第2号"),
        ("第二十三条の二\n本文\n２ 略".replace("２", "2"), "略", "第23条の2第2項"),
        ("第7条(届出)\n(1) 氏名を届け出る。\n(2) 住所を届け出る。\n", "住所", "第7条第2項"),
        ("第7条(届出)\n次を届け出る。\n(1) 氏名\n(2) 住所\n", "住所", "第7条第2号"),
        ("第8条\n価格は\n3 個で千円。\n", "千円", "第8条"),
        ("第9条(期間)\n1. 期間は1年とする。\n2. 更新できる。\n", "更新", "第9条第2項"),
        ("第5条(休暇)\n休暇を与える。\n2会社は変更できる。\n3前項は通知する。\n", "変更", "第5条第2項"),
        ("第5条(休暇)\n休暇を与える。\n2会社は変更できる。\n3前項は通知する。\n", "通知", "第5条第3項"),
        ("第5条(休暇)\n次の期間に休暇を与える。\n2日以内とする。\n", "以内", "第5条"),
        ("第5条(日当)\n日当は2024年4月1日から\n2 024円とする。\n", "円と", "第5条"),
        ("第5条(日当)\n日当は表による。\n1 部長 千円\n2 課長 百円\n2 会社は改める。\n", "課長", "第5条"),
        ("第5条(日当)\n日当は表による。\n1 部長 千円\n2 課長 百円\n2 会社は改める。\n", "改める", "第5条"),
        ("第12条\n(年休)\n1 年休は10日とする。\n2 会社は変更できる。\n", "変更", "第12条第2項"),
        ("表題\n本文だけ。\n1 一\n2 二\n", "二", None),
    ],
)
def test_ways_of_numbering(text: str, words: str, path: str | None) -> None:
    assert place(text, words) == path


def test_rows_of_a_table_are_no_paragraphs() -> None:
    text = "第5条(日当)\n日当は表による。\n1 部長 千円\n2 課長 百円\n3 一般 十円\n2 会社は改める。\n"
    start, end = text.index("1 部長"), text.index("2 会社")
    cells = (TableCell(0, 0, start, start + 1),)
    marks = outline(replace(document(text), tables=(Table(start, end - 1, cells),)))
    at = {words: text.index(words) for words in ("課長", "改める")}
    assert article_of(marks, at["改める"], at["改める"] + 2) == "第5条第2項"
    assert article_of(marks, at["課長"], at["課長"] + 2) == "第5条第1項"


def test_a_heading_of_the_document_that_is_no_article_ends_one_unless_it_lies_below() -> None:
    text = "第1条 目的\n本文。\n補足\n説明。\n付録\n終わり。"

    def heading(level: int, title: str) -> Heading:
        start = text.index(title)
        return Heading(level, start, start + len(title), title)

    headings = (heading(2, "第1条 目的"), heading(3, "補足"), heading(2, "付録"))
    assert place(text, "説明", headings) == "第1条"
    assert place(text, "終わり", headings) is None


def test_marks_of_a_chunk_begin_at_its_start_and_survive_storing() -> None:
    marks = outline(document(RULES))
    start, end = RULES.index("E"), RULES.index("J")
    inside = marks_between(marks, start, end)
    assert inside[0] == (0, "第12条第2項第2号")
    assert list(unpack(pack(inside))) == inside
    for letter in "FGI":
        at = RULES.index(letter) - start
        assert article_of(inside, at, at + 1) == TRUTH[letter]
    assert unpack(pack([])) == () == unpack(None)
    assert marks_between(marks, RULES.index("N"), len(RULES)) == []


@given(st.text(alphabet="第条項号一二三十百1234567890 \n(）（)イロハ、。附則別表の2", max_size=60))
def test_marks_of_any_text_are_in_order_and_within_it(text: str) -> None:
    marks = outline(document(text))
    assert [at for at, _ in marks] == sorted(at for at, _ in marks)
    assert all(0 <= at <= len(text) for at, _ in marks)
