from __future__ import annotations

import tomllib
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    named = ["横浜", "港", "東京", "千葉", "川崎"]
    assert proper_names("横浜市役所と港区役所、東京都民と千葉県民、川崎工場") == named


def test_words_that_meet_are_no_name() -> None:
    assert proper_names("部品は何年の間倉庫に残しますか") == []  # 間 and 倉庫, not 間倉 and 庫


@pytest.mark.parametrize(
    ("token", "forms"),
    [
        (
            "2024-04-01",
            "令和6年4月1日 R6.4.1 2024年4月1日 2024-04-01 2024/4/1 ２０２４．４．１ 令和六年四月一日",
        ),
        ("2019-04", "平成31年4月 2019年4月 H31.4."),
        ("2019", "令和元年度 2019年度"),
        ("1989-01-07", "昭和64年1月7日 S64.1.7 1989/01/07"),
    ],
)
def test_one_date_in_any_calendar_and_spelling_shares_a_token(token: str, forms: str) -> None:
    assert [form for form in forms.split() if token not in search_tokens(form)] == []


@pytest.mark.parametrize("text", ["令和6年4月1日", "R6.4.1", "2024年4月1日"])
def test_other_days_share_no_exact_token(text: str) -> None:
    assert "2024-04-02" not in search_tokens(text)
    assert "2025" not in search_tokens(text)


@pytest.mark.parametrize(
    "forms",
    [
        ("三百万円", "300万円", "3,000,000円", "３００万円"),
        ("1.2万円", "12,000円", "1万2千円", "一万二千円"),
        ("1.5億円", "1億5000万円", "150,000,000円"),
    ],
)
def test_one_amount_in_any_spelling_gives_the_same_tokens(forms: tuple[str, ...]) -> None:
    assert len({tuple(search_tokens(form)) for form in forms}) == 1


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("高橋", "髙橋部長"),
        ("山崎", "山﨑様"),
        ("渡辺", "渡邉と渡邊"),
        ("斉藤", "齋藤課長"),
        ("斎藤", "齊藤課長"),
        ("国学院", "國學院大學"),
        ("浜田", "濵田・濱田"),
        ("吉田", "𠮷田"),
        ("霞が関", "霞ケ関の庁舎"),
        ("カブシキガイシャ", "ｶﾌﾞｼｷｶﾞｲｼｬ"),
    ],
)
def test_variant_characters_are_found_by_the_usual_ones_and_the_reverse(query: str, text: str) -> None:
    assert set(search_tokens(query)) <= set(search_tokens(text))
    assert set(bigrams(query)) <= set(bigrams(text)) | {"霞が", "が関"}


def test_the_table_of_variants_has_no_chains_and_agrees_with_what_unicode_knows() -> None:
    """An old form that has a decomposition goes to its new form by NFKC already; none may disagree."""
    table = tomllib.loads((files("ingestion") / "variants.toml").read_text("utf-8"))["characters"]
    olds = [old for group in table.values() for old in group]
    assert len(olds) == len(set(olds)) > 400
    assert not set(olds) & set(table)
    assert all(len(new) == 1 and unicodedata.name(new).startswith("CJK") for new in table)
    assert [old for old in olds if unicodedata.normalize("NFKC", old) != old] == []


@given(st.text(alphabet="0123456789,.万億千百円年月日令和平成昭RHS-/ ", max_size=30))
def test_no_number_or_date_breaks_the_tokens(text: str) -> None:
    assert all(token and not any(character.isspace() for character in token) for token in search_tokens(text))


def test_a_number_too_long_for_python_is_a_word_like_others() -> None:
    digits = "1" * 5_000
    assert search_tokens(f"{digits}.5万円")
    assert search_tokens("1.5万円") != search_tokens(f"{digits}.5万円")
