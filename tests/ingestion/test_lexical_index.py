from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingestion.lexical_index import LexicalIndex, LexicalState
from ingestion.tokenizing import search_tokens

NONE = np.array([], dtype=np.int64)

PLANTED = {
    1: ("rules", "第12条第2項 年次有給休暇は二十日を限度に繰り越すことができる。"),
    2: ("rules", "第２条第12項 休職の期間は一年とする。"),
    3: ("rules", "規程第3-2号 旅費の精算は十日以内に行う。"),
    4: ("manual", "型番ＡＢ－１２３４Ｘのフィルターは毎月交換する。"),
    5: ("manual", "型番AB-1234Yのフィルターは毎年交換する。"),
    6: ("faq", "ｻｰﾊﾞｰが止まったら情報ｼｽﾃﾑ部へ連絡する。"),
    7: ("handbook", "Employees submit expense reports within ten days."),
    8: ("faq", "ヌルポガッ丸という社内チャットを使う。"),
    9: ("faq", "窓口は月曜から金曜まで開いている。"),
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LexicalIndex]:
    index = LexicalIndex(tmp_path / "lexical")
    index.update(NONE, [[(row, *value) for row, value in PLANTED.items()]], LexicalState("library", 1))
    yield index
    index.close()


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("AB-1234X", 4), ("ab1234x", 4), ("ＡＢ－１２３４Ｙ", 5), ("第12条第2項", 1), ("第十二条", 1),
        ("第2条第12項", 2), ("規程第３－２号", 3), ("サーバ", 6), ("情報システム部", 6), ("report", 7),
        ("expenses", 7), ("ヌルポガッ丸", 8), ("ポガッ", 8),
    ],
)  # fmt: skip
def test_codes_articles_and_variants_are_found_first(index: LexicalIndex, query: str, row: int) -> None:
    assert index.search(query, 3)[0][0] == row


def test_words_that_are_nowhere_find_nothing(index: LexicalIndex) -> None:
    assert index.search("木星", 5) == []
    assert index.search("", 5) == []
    assert index.search("、。", 5) == []


def test_a_filter_is_part_of_the_search(index: LexicalIndex) -> None:
    assert {row for row, _ in index.search("フィルターの交換と休暇", 9, frozenset(["manual"]))} == {4, 5}
    assert index.search("フィルター", 9, frozenset(["faq"])) == []
    assert index.search("フィルター", 9, frozenset()) == []


def test_scores_are_bm25(index: LexicalIndex) -> None:
    """Against the formula (k1 1.2, b 0.75); tantivy rounds lengths, hence the tolerance."""
    documents = {row: search_tokens(text) for row, (_, text) in PLANTED.items()}
    average = sum(map(len, documents.values())) / len(documents)
    terms = list(dict.fromkeys(search_tokens("フィルター 交換 毎月")))
    expected = {}
    for row, tokens in documents.items():
        counts = Counter(tokens)
        score = 0.0
        for term in terms:
            n = sum(term in other for other in documents.values())
            idf = math.log(1 + (len(documents) - n + 0.5) / (n + 0.5))
            length = 1.2 * (1 - 0.75 + 0.75 * len(tokens) / average)
            score += idf * counts[term] * 2.2 / (counts[term] + length)
        if score:
            expected[row] = score
    found = dict(index.search("フィルター 交換 毎月", 2))
    assert found == pytest.approx(expected, rel=0.05)


def test_results_are_sorted_and_pairs_never_beat_words(index: LexicalIndex) -> None:
    found = index.search("フィルターの交換", 9)
    assert [row for row, _ in found[:2]] == [4, 5]
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_an_update_replaces_removes_and_survives(index: LexicalIndex, tmp_path: Path) -> None:
    index.update(np.array([4, 999]), [[(5, "manual", "型番CD-9999は廃番。")]], LexicalState("library", 2))
    assert index.rows().tolist() == [1, 2, 3, 5, 6, 7, 8, 9]
    assert [row for row, _ in index.search("フィルター", 5)] == []
    assert index.search("CD-9999", 5)[0][0] == 5
    index.close()
    again = LexicalIndex(tmp_path / "lexical")
    assert again.state == LexicalState("library", 2)
    assert again.search("CD-9999", 5)[0][0] == 5


def test_a_failed_update_leaves_nothing_behind(index: LexicalIndex) -> None:
    def batches() -> Iterator[list[tuple[int, str, str]]]:
        yield [(20, "x", "木星の話")]
        raise RuntimeError("out of paper")

    with pytest.raises(RuntimeError):
        index.update(np.array([1]), batches(), LexicalState("library", 2))
    index.update(NONE, [[(21, "x", "土星の話")]], LexicalState("library", 2))
    assert index.rows().tolist() == [*range(1, 10), 21]


@pytest.mark.parametrize("damage", ["state", "meta", "tokens"])
def test_what_cannot_be_read_starts_empty(index: LexicalIndex, tmp_path: Path, damage: str) -> None:
    index.close()
    folder = tmp_path / "lexical"
    if damage == "state":
        (folder / "state.json").unlink()
    elif damage == "meta":
        (folder / "meta.json").write_text("{", "utf-8")
    else:
        (folder / "state.json").write_text('{"library": "library", "generation": 1, "tokens": 0}', "utf-8")
    again = LexicalIndex(folder)
    assert again.state is None and len(again) == 0


def test_a_second_writer_is_refused_and_reads(index: LexicalIndex, tmp_path: Path) -> None:
    other = LexicalIndex(tmp_path / "lexical")
    with pytest.raises(OSError, match="another process"):
        other.update(np.array([1]), [], LexicalState("library", 2))
    assert other.search("AB-1234X", 1)[0][0] == 4
