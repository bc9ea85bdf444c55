from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ingestion.tokenizing import bigrams, proper_names, search_tokens


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ab-1234x", "製品ＡＢ－１２３４Ｘの取扱説明書"),
        ("AB1234X", "型番AB-1234X"),
        ("第12条", "第十二条に定める"),
        ("第１２条第２項", "第12条第2項の規定"),
        ("規程第3-2号", "規程第３－２号による"),
        ("第12条の2", "第十二条の二を準用する"),
        ("カタログ", "ｶﾀﾛｸﾞを送る"),
        ("サーバ", "サーバーの再起動"),
        ("document", "all Documents"),
        ("policies", "the policy"),
        ("wifi", "社内Wi-Fiの利用"),
    ],
)
def test_words_of_a_query_are_words_of_the_text(query: str, text: str) -> None:
    assert set(search_tokens(query)) <= set(search_tokens(text))


def test_joined_article_numbers_tell_articles_apart() -> None:
    assert "12条2項" in search_tokens("第12条第2項")
    assert "12条2項" not in search_tokens("第2条第12項と第12条第3項、第1条第2項")
    assert "12条の2" not in search_tokens("第12条。2名の社員")


def test_particles_and_signs_are_dropped_and_no_token_holds_a_blank() -> None:
    tokens = search_tokens("休暇は、年に20日（有給）とする。 A B\u3000C")
    assert not {"は", "に", "と", "、", "。", "(", ")"} & set(tokens)
    assert all(token and not any(character.isspace() for character in token) for token in tokens)


def test_a_decimal_is_not_found_as_another_number() -> None:
    assert "35" not in search_tokens("3.5")


def test_texts_above_the_dictionary_limit_are_cut_and_read_whole() -> None:
    text = "あいう、" * 20_000 + "木星"
    assert search_tokens(text)[-1] == "木星"
    assert search_tokens("鳥" * 50_000).count("鳥") > 0


def test_threads_get_what_one_thread_gets() -> None:
    texts = [f"第{n}条 製品X-{n} の休暇規程" for n in range(200)]
    expected = [search_tokens(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(search_tokens, texts)) == expected


def test_bigrams_are_pairs_within_runs_of_letters() -> None:
    assert bigrams("有給休暇 Ａ１ x、Y") == ["有給", "給休", "休暇", "a1", "x", "y"]
    assert bigrams(" 、") == []


def test_names_of_places_are_told_from_other_words() -> None:
    assert proper_names("仙台営業所と大阪市の電話番号") == ["仙台", "大阪"]
    assert proper_names("日本の語学手当 for staff in Tokyo") == []
