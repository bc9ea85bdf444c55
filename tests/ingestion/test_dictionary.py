"""The company's dictionary: what is read, what is refused with row and field, what it does to a question."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.dictionary import (
    Dictionary,
    DictionaryFile,
    Entry,
    add_entry,
    read_dictionary,
    remove_entry,
    save_dictionary,
)
from ingestion.errors import DictionaryError
from ingestion.lexical_index import LexicalIndex, LexicalState

ROWS = "用語,読み,同義語\n年次有給休暇,ねんじゆうきゅうきゅうか,年休|有休\nMP-300,,みなと三百|旧プレス機\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_in_the_encodings_of_spreadsheets_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "dictionary.csv"
    path.write_bytes(ROWS.encode(encoding))
    entries, problems = read_dictionary(path)
    assert problems == []
    assert [(entry.term, entry.reading, entry.synonyms, entry.row) for entry in entries] == [
        ("年次有給休暇", "ねんじゆうきゅうきゅうか", ("年休", "有休"), 2),
        ("MP-300", "", ("みなと三百", "旧プレス機"), 3),
    ]


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        (",よみ,別名", "term", "empty"),
        ("用語,kanji漢字,別名", "reading", "kana"),
        ("用語,よみ,別名,余り", "", "4 columns"),
        ("用語,,", "synonyms", "neither"),
        ("用語,,別|名前", "synonyms", "one character"),
        ("用," + "よ,別名", "term", "one character"),
        (f"{'長' * 101},,別名", "term", "longer than 100"),
        ("年休,,有休\n年休,,休み", "term", "row 2"),
    ],
)
def test_each_mistake_names_its_row_and_field_and_spares_the_others(
    tmp_path: Path, row: str, field: str, says: str
) -> None:
    path = tmp_path / "dictionary.csv"
    path.write_text(f"term,reading,synonyms\n{row}\n経費,,費用\n", "utf-8")
    entries, problems = read_dictionary(path)
    assert [(found.row, found.field) for found in problems] == [(1 + len(row.splitlines()), field)]
    assert says in problems[0].message
    assert entries[-1].term == "経費"


def test_a_file_that_is_no_text_or_no_csv_says_so(tmp_path: Path) -> None:
    path = tmp_path / "dictionary.csv"
    path.write_bytes(b"\xff\xfe\xfd\x81")
    assert [found.row for found in read_dictionary(path)[1]] == [0]
    path.write_text('"用語,よみ,別名\n', "utf-8")
    assert "not CSV" in read_dictionary(path)[1][0].message
    assert read_dictionary(tmp_path / "absent.csv") == ([], [])


def test_adding_and_removing_keep_the_rest_and_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dictionary.csv"
    add_entry(path, Entry("年休", "ねんきゅう", ("有休",)))
    add_entry(path, Entry("経費", "", ("費用", "コスト")))
    add_entry(path, Entry("年休", "", ("年次有給休暇",)))
    assert [(entry.term, entry.synonyms) for entry in read_dictionary(path)[0]] == [
        ("経費", ("費用", "コスト")), ("年休", ("年次有給休暇",)),
    ]  # fmt: skip
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # else a spreadsheet reads it as Shift_JIS
    assert remove_entry(path, "経費") and not remove_entry(path, "経費")
    with pytest.raises(DictionaryError, match="one character"):
        add_entry(path, Entry("品", "", ("商品",)))
    path.write_text("用語,漢字,x\n", "utf-8")
    with pytest.raises(DictionaryError, match="row 1"):
        add_entry(path, Entry("年休", "", ("有休",)))
    assert path.read_text("utf-8") == "用語,漢字,x\n"


WORD = st.text(alphabet="年休有給費AB1-x", min_size=2, max_size=6).filter(lambda word: word.strip() == word)


@given(st.lists(st.tuples(WORD, st.lists(WORD, min_size=1, max_size=3)), unique_by=lambda e: e[0].lower()))
def test_what_is_saved_is_read_again(rows: list[tuple[str, list[str]]]) -> None:
    entries = [Entry(term, "よみ", tuple(synonyms)) for term, synonyms in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dictionary.csv")
        save_dictionary(path, entries)
        found, problems = read_dictionary(path)
    assert problems == []
    assert [entry.term for entry in found] == [entry.term for entry in entries]


def test_words_of_a_question_are_found_whole_and_whatever_their_width() -> None:
    words = Dictionary(
        [Entry("年次有給休暇", "ねんじゆうきゅう", ("年休",)), Entry("ERP", "", ("基幹システム",))]
    )
    assert [(found.words, found.others) for found in words.expansions("年休とＥＲＰの関係")] == [
        ("年休", ("年次有給休暇",)), ("ＥＲＰ", ("基幹システム",)),
    ]  # fmt: skip
    assert words.expansions("INTERPOL") == ()
    assert [found.others for found in words.expansions("ねんじゆうきゅうは?")] == [("年次有給休暇", "年休")]
    assert words.annotated("年休は何日?") == "年休(年次有給休暇)は何日?"


OWN = Dictionary(
    [
        Entry("部長", "ぶちょう", ("GM",)), Entry("本社", "", ("HQ",)), Entry("人事", "", ("HR部",)),
        Entry("休日", "", ("公休",)), Entry("会議", "", ("MTG",)), Entry("有給休暇", "ゆうきゅう", ("有休",)),
        Entry("MP-300", "", ("旧プレス機",)),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    "question",
    ["日本社会の規則", "無人事業所の点検", "副部長の日当はいくらですか", "MP-3000の点検", "AMP-300"],
)
def test_a_word_inside_another_is_none(question: str) -> None:
    assert OWN.expansions(question) == ()
    assert OWN.annotated(question) == OWN.reworded(question, ["HQ、HR部、GM、旧プレス機"]) == question


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("本社の人事部長は誰か", ["本社", "人事", "部長"]),
        ("部長会議の休日出勤手当", ["部長", "会議", "休日"]),
        ("年次有給休暇と有休の違い", ["有給休暇", "有休"]),
        ("ゆうきゅうは何日", ["ゆうきゅう"]),
        ("mp-300と旧プレス機の違い", ["mp-300", "旧プレス機"]),
        ("hqの会議室", ["hq", "会議"]),
    ],
)
def test_parts_of_a_compound_are_words(question: str, words: list[str]) -> None:
    assert [found.words for found in OWN.expansions(question)] == words


def test_a_question_takes_the_word_of_the_documents_only_where_its_own_is_missing() -> None:
    words = Dictionary([Entry("年次有給休暇", "", ("年休", "有休"))])
    assert words.reworded("年休は何日?", ["年次有給休暇は10日とする。"]) == "年次有給休暇は何日?"
    assert words.reworded("年休は何日?", ["年休は10日とする。年次有給休暇"]) == "年休は何日?"
    assert words.reworded("年休は何日?", ["出張旅費"]) == "年休は何日?"


def test_the_file_counts_from_the_next_question_on(tmp_path: Path) -> None:
    file = DictionaryFile(tmp_path / "dictionary.csv")
    assert file.current().expansions("年休") == ()
    save_dictionary(file.path, [Entry("年休", "", ("有休",))])
    assert [found.others for found in file.current().expansions("年休")] == [("有休",)]
    save_dictionary(file.path, [Entry("年休", "", ("休暇",))])
    os.utime(file.path, ns=(1, 1))
    assert [found.others for found in file.current().expansions("年休")] == [("休暇",)]
    file.path.unlink()
    assert file.current().expansions("年休") == ()


def test_a_synonym_finds_what_the_word_does_not_and_counts_once(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    texts = {
        1: "年次有給休暇は入社6か月後に10日与える。",
        2: "出張の日当は2,500円とする。",
        3: "年休と年次有給休暇は同じものを指す。",
        4: "休暇中の連絡先を届け出る。",
    }
    none = np.array([], dtype=np.int64)
    index.update(none, [[(row, "d", text) for row, text in texts.items()]], LexicalState("l", 1))
    plain = dict(index.search("年休", 4))
    assert 1 not in plain
    found = dict(index.search("年休", 4, None, [("年休", ("年次有給休暇",))]))
    assert {1, 3} <= set(found) and 4 not in found
    whole = dict(index.search("年次有給休暇", 4))
    assert found[1] == pytest.approx(whole[1])
    assert found[3] == pytest.approx(max(plain[3], whole[3]))  # the best wording, not the sum of both
    index.close()
