from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from assistant.grounding.claims import ClaimSplitter, Hint, MarkerFilter, split_claims

DRAFT = (
    "はい、以下の通りです。\n1. 年次有給休暇は10日です。[1]\n- 宿泊費は3.5万円（税込。別途）です [2, 3]。\n"
    "See No. 3 of the rules. It takes 3.5 days [1]. 「はい。」と答えます。 "
    "Horizon Systems Ltd. earned 131 million [1]. It was sold to Acme Inc. [2] The price was 5 million. "
    "By Acme Corp."
)
CLAIMS = [
    "年次有給休暇は10日です。",
    "宿泊費は3.5万円（税込。別途）です。",
    "See No. 3 of the rules.",
    "It takes 3.5 days.",
    "「はい。」と答えます。",
    "Horizon Systems Ltd. earned 131 million.",
    "It was sold to Acme Inc.",
    "The price was 5 million.",
    "By Acme Corp.",
]


def read(pieces: list[str]) -> tuple[str, list[str], list[Hint]]:
    markers, splitter = MarkerFilter(), ClaimSplitter()
    spans = [span for piece in pieces for span in splitter.feed(markers.feed(piece))]
    spans += splitter.feed(markers.finish())
    spans += splitter.finish()
    return splitter.text, [splitter.text[span.start : span.end] for span in spans], markers.hints


def test_sentences_without_list_marks_and_source_markers() -> None:
    text, claims, hints = read([DRAFT])
    assert claims == CLAIMS
    assert "[" not in text
    assert [hint.number for hint in hints] == [1, 2, 3, 1, 1, 2]
    assert text[: hints[0].at].endswith("10日です。")


@given(st.lists(st.integers(1, len(DRAFT) - 1), max_size=30))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    places = sorted({0, len(DRAFT), *cuts})
    pieces = [DRAFT[a:b] for a, b in itertools.pairwise(places)]
    assert read(pieces) == read([DRAFT])


def test_full_width_and_named_markers_are_markers() -> None:
    assert (
        read(["上限は12,000円です【１】。日当は別です[資料2]。"])[0] == "上限は12,000円です。日当は別です。"
    )


def test_brackets_that_are_no_markers_stay() -> None:
    assert read(["型番 [AB-12] を使います。表[注]を見る。"])[0] == "型番 [AB-12] を使います。表[注]を見る。"


def test_dotted_abbreviations_do_not_end_a_sentence_and_numbers_do() -> None:
    assert read(["The U.S. office opens at 9 a.m. on weekdays. The limit is 10. Ask HR."])[1] == [
        "The U.S. office opens at 9 a.m. on weekdays.", "The limit is 10.", "Ask HR.",
    ]  # fmt: skip
    assert read(["1. First rule.\n2. Use it, e.g. at home."])[1] == ["First rule.", "Use it, e.g. at home."]


def test_a_heading_is_no_statement() -> None:
    assert read(["**結論**\n休暇は10日です。"])[1] == ["休暇は10日です。"]


def test_a_number_that_still_arrives_is_not_cut() -> None:
    splitter = ClaimSplitter()
    assert splitter.feed("It takes 3.") == []
    assert splitter.feed("5 days") == []
    assert len(splitter.feed(". Then")) == 1


@given(st.text(max_size=200))
def test_claims_are_slices_in_order(text: str) -> None:
    spans = split_claims(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


def test_connecting_sentences_are_no_claims() -> None:
    assert split_claims("ご質問ありがとうございます。\n以下のとおりです：\nHere are the rules:\n---\n") == []


def test_a_number_that_no_source_has_is_no_marker() -> None:
    markers = MarkerFilter(3)
    assert markers.feed("a[0]と【12】を押す[2]。") + markers.finish() == "a[0]と【12】を押す。"
    assert [hint.number for hint in markers.hints] == [2]
