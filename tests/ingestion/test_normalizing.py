"""The oracle is the standard library's NFKC over the whole cleaned text."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import normalizing
from ingestion.normalizing import clean, normalize, normalize_query

TRICKY = st.sampled_from(
    [
        *"ｶﾞﾊﾟﾞﾟｱーabc１２３ＡＢ　①㈱…㎡½がか\u3099\u309aé\u0301\u0323q한각ᄒ\u1161\u11a8",
        *"～－−‐\r\n\t\x00\u200b\u00ad",
        "\r\n",
        "\u2ed1",
        "\u2f00",
        "葛\U000e0100",
        "\ud800",
        "𠮷",
        "ﬁ",
        "\ufdfa",
        "ำ",
        "ক\u09cb",
        "\u09c7\u09be",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(TRICKY).map("".join))


@settings(max_examples=500)
@given(TEXTS)
def test_it_is_nfkc_of_the_clean_text(raw: str) -> None:
    assert normalize(raw).text == unicodedata.normalize("NFKC", clean(raw))


@settings(max_examples=500)
@given(TEXTS)
def test_the_map_never_falls_and_names_a_character_that_contributed(raw: str) -> None:
    result = normalize(raw)
    assert result.origins.dtype == np.int32
    assert len(result.origins) == len(result.text)
    assert (np.diff(result.origins) >= 0).all()
    for character, origin in zip(result.text, result.origins, strict=True):
        assert 0 <= origin < len(raw)
        base = unicodedata.normalize("NFKD", character)[0]
        # A mark may have been reordered before another; then its whole cluster counts as its origin.
        end = int(origin) + 1
        while end < len(raw) and (normalizing._continues(raw[end]) or clean(raw[end]) == ""):
            end += 1
        start = int(origin)
        cluster = raw[start:end]
        if normalizing._continues(character):
            while start > 0 and (normalizing._continues(raw[start]) or clean(raw[start]) == ""):
                start -= 1
            cluster = raw[start:end]
        assert base in unicodedata.normalize("NFKD", clean(cluster) or "\n")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFF)))
def test_doing_it_twice_changes_nothing(raw: str) -> None:
    once = normalize(raw).text
    assert normalize(once).text == once


ASSIGNED = [
    chr(code)
    for code in (*range(0x3500), *range(0xA000, 0xAC10), *range(0xD7A0, 0x12000), *range(0x1D000, 0x20000))
    if unicodedata.category(chr(code)) != "Cn"
]


def test_every_character_beside_a_letter_and_a_mark() -> None:
    for character in ASSIGNED:
        raw = "か" + character + "\u3099"
        assert normalize(raw).text == unicodedata.normalize("NFKC", clean(raw)), hex(ord(character))


def test_characters_called_stable_are() -> None:
    for character in ASSIGNED:
        if not re.fullmatch(normalizing._CHANGING, character):
            assert unicodedata.normalize("NFKC", character) == character
            assert not normalizing._continues(character), hex(ord(character))


@pytest.mark.parametrize(
    ("raw", "text", "origins"),
    [
        ("ｶﾞｿﾘﾝ", "ガソリン", [0, 2, 3, 4]),
        ("ﾊﾟｰ", "パー", [0, 2]),
        ("か\u3099く", "がく", [0, 2]),
        ("㈱山田", "(株)山田", [0, 0, 0, 1, 2]),
        ("a\r\nb\rc", "a\nb\nc", [0, 2, 3, 4, 5]),
        ("①2024年", "(1)2024年", [0, 0, 0, 1, 2, 3, 4, 5]),
        ("１２，０００円", "12,000円", [0, 1, 2, 3, 4, 5, 6]),
        ("9時～17時", "9時〜17時", [0, 1, 2, 3, 4, 5]),
        ("A\x00B\u200bC", "ABC", [0, 2, 4]),
        ("−5 AB‐1", "-5 AB-1", list(range(7))),
        ("会⻑と⺠間と⼀", "会長と民間と一", list(range(7))),
        ("葛\U000e0100城", "葛城", [0, 2]),
        ("", "", []),
    ],
)
def test_known_texts(raw: str, text: str, origins: list[int]) -> None:
    result = normalize(raw)
    assert (result.text, result.origins.tolist()) == (text, origins)


def test_a_query_takes_the_form_of_documents() -> None:
    assert normalize_query(" ＡＢ－１２３　の\n価格 ") == "AB-123 の 価格"
