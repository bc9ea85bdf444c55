"""What one row of a table cannot say of itself."""

from __future__ import annotations

import pytest
from test_cells import check

from assistant.answers import Verdict
from assistant.grounding.superlatives import unshown_superlative

TABLE = "都道府県|預貯金残高|2011年比変化率\n福島県|722|+71%\n鳥取県|668|+29%\n島根県|642|+33%"
QUESTION = "預貯金残高の2011年比変化率が最も高い都道府県はどこですか？"


@pytest.mark.parametrize(
    "claim", ["預貯金残高の2011年比変化率が最も高い都道府県は鳥取県です。", "鳥取県です。"]
)
def test_one_row_does_not_prove_that_it_is_the_highest(claim: str) -> None:
    found = check(TABLE, claim, QUESTION)
    assert found.verdict is not Verdict.SUPPORTED
    assert "superlative:最も" in found.reasons


def test_a_value_of_a_row_is_proved_as_before() -> None:
    assert check(TABLE, "鳥取県の2011年比変化率は+29%です。").verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("said", "told", "words"),
    [
        ("売上が最も多いのは大阪です。", "売上は大阪が最多であった。", ""),
        ("売上が最も多いのは大阪です。", "大阪 | 1位 | 500万円", ""),
        ("売上が一番多いのは大阪です。", "大阪の売上は500万円。", "一番"),
        ("最大5日まで取れます。", "5日を限度として取得できる。", ""),
        ("Osaka has the highest sales.", "Osaka: 5 million yen", "the highest"),
        ("Osaka has the highest sales.", "Osaka leads with the largest sales.", ""),
        ("You may take at most five days.", "Five days may be taken.", ""),
        ("もっとも、役員は除きます。", "ただし、役員は除く。", ""),
        ("もっともな理由が要ります。", "正当な理由を要する。", ""),
        ("売上が最も多いのは大阪です。", "もっとも、大阪の売上は500万円。", "最も"),
        ("売上が1番多いのは大阪です。", "大阪の売上は500万円。", "1番"),
        ("売上が一番多いのは大阪です。", "売上は大阪が1番多い。", ""),
        ("届出は1番窓口に出します。", "届出は一番窓口で受け付ける。", ""),
        ("大阪の品が最も安いです。", "最安値は大阪の品である。", ""),
        ("大阪の便が最も速いです。", "最速は大阪の便である。", ""),
        ("最も近い窓口に出します。", "最寄りの窓口に提出する。", ""),
        ("最も大切なのは安全です。", "安全を第一とする。", ""),
        ("You may take five days at the most.", "Up to five days may be taken.", ""),
        ("It is for the most part optional.", "It is largely optional.", ""),
        ("Use the most recent version.", "Use the latest version.", ""),
        ("Osaka has the most sales.", "Osaka: 5 million yen", "the most"),
    ],
)
def test_the_most_of_all_has_to_be_said(said: str, told: str, words: str) -> None:
    assert unshown_superlative(said, [told]) == words


def test_what_a_table_contradicts_stays_contradicted() -> None:
    sales = "店舗|2023年度|2024年度\n東京店|130|140\n大阪店|230|240"
    found = check(sales, "最も多い東京店の2024年度は240です。")
    assert found.verdict is Verdict.CONTRADICTED
    assert {"number_of_another:240", "superlative:最も"} <= set(found.reasons)
