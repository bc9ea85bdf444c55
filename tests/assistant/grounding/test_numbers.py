from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.grounding.numbers import Quantity, conflicts, facts, kanji_number, matches
from ingestion.dates import Moment, moments


def only(text: str) -> Quantity | Moment:
    found = facts(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12,000円", "1万2千円"),
        ("12,000円", "１２０００円"),
        ("¥12,000", "12000円"),
        ("一万二千円", "12,000円"),
        ("1.2万円", "12,000円"),
        ("3億5,000万円", "350,000,000円"),
        ("3割", "30%"),
        ("３０％", "30 percent"),
        ("十二人", "12名"),
        ("ten days", "10日"),
        ("2週間", "14日間"),
        ("6ヶ月", "6か月"),
        ("1年", "12 months"),
        ("1.5時間", "90分"),
        ("3営業日", "3 business days"),
        ("1.5GB", "1500 MB"),
        ("twice", "2回"),
        ("令和6年4月1日", "2024-04-01"),
        ("R6.4.1", "2024/4/1"),
        ("令和元年5月1日", "2019年5月1日"),
        ("平成30年度", "2018年"),
        ("昭和64年1月7日", "1989/01/07"),
        ("April 1, 2024", "2024年4月1日"),
        ("1 April 2024", "2024-04-01"),
        ("二〇二四年四月一日", "2024/4/1"),
        ("9時半", "9:30"),
        ("九時三十分", "9:30"),
        ("午後5時30分", "17:30"),
        ("5:30 pm", "17時30分"),
        ("9 a.m.", "午前9時"),
    ],
)
def test_different_spellings_of_the_same(one: str, other: str) -> None:
    assert matches(only(one), only(other))
    assert matches(only(other), only(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12,000円", "15,000円"),
        ("10日", "20日"),
        ("3割", "3%"),
        ("2024-04-01", "2024-05-01"),
        ("9:30", "9:00"),
        ("8割以上", "8割未満"),
        ("10日以内", "10日以上"),
        ("令和6年4月1日", "平成6年4月1日"),
        ("1泊", "2泊"),
    ],
)
def test_other_values_conflict(one: str, other: str) -> None:
    assert not matches(only(one), only(other))
    assert conflicts(only(one), only(other))


@pytest.mark.parametrize(
    "text",
    [
        "十分な説明",
        "一部の従業員",
        "統一された一般的な規程",
        "第三者",
        "AB-1234X",
        "万一のとき",
        "one of them",
    ],
)
def test_words_that_only_look_like_numbers(text: str) -> None:
    assert facts(text) == []


def test_units_of_other_kinds_neither_match_nor_conflict() -> None:
    assert not matches(only("10日"), only("10人"))
    assert not conflicts(only("10日"), only("12人"))


def test_a_bare_number_fits_a_table_without_units() -> None:
    assert matches(only("12,000円"), only("12,000"))
    assert matches(only("2024"), only("2024年4月1日"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3〜5万円", [30_000, 50_000]),
        ("100〜1万円", [100, 10_000]),
        ("3万円〜5万円", [30_000, 50_000]),
        ("3 to 5 million yen", [3_000_000, 5_000_000]),
        ("3-5 million", [3_000_000, 5_000_000]),
        ("1〜2千人", [1_000, 2_000]),
    ],
)
def test_a_range_gives_its_scale_to_the_number_that_is_less(text: str, values: list[int]) -> None:
    assert [fact.value for fact in facts(text) if isinstance(fact, Quantity)] == values


def test_a_range_gives_its_unit_to_both_ends() -> None:
    assert [(fact.value, fact.unit) for fact in facts("3〜5営業日") if isinstance(fact, Quantity)] == [
        (3, "workday"),
        (5, "workday"),
    ]
    hours = [fact.value for fact in facts("1~2時間") if isinstance(fact, Quantity)]
    assert hours == [3600, 7200]


def test_a_date_that_says_more_than_the_source_does_not_match() -> None:
    assert matches(only("4月1日"), only("2024年4月1日"))
    assert not matches(only("2024年4月1日"), only("4月1日"))
    assert not conflicts(only("2024年4月1日"), only("4月1日"))


def test_impossible_dates_are_no_dates() -> None:
    assert list(moments("2024/13/40")) == []


def test_places_are_those_of_the_text() -> None:
    text = "上限は12,000円、期限は2024年4月1日17:30。"
    assert [text[fact.start : fact.end] for fact in facts(text)] == ["12,000円", "2024年4月1日", "17:30"]


def in_kanji(number: int) -> str:
    """An independent writer of kanji numerals."""
    digits = "〇一二三四五六七八九"

    def below_ten_thousand(value: int) -> str:
        parts = []
        for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, value = divmod(value, scale)
            if digit:
                parts.append(("" if digit == 1 and name else digits[digit]) + name)
        return "".join(parts)

    parts = []
    for scale, name in ((10**8, "億"), (10**4, "万"), (1, "")):
        part, number = divmod(number, scale)
        if part:
            parts.append(below_ten_thousand(part) + name)
    return "".join(parts)


@given(st.integers(1, 10**12 - 1))
def test_kanji_numerals_are_read_as_they_are_written(number: int) -> None:
    assert kanji_number(in_kanji(number)) == number


@given(st.integers(0, 10**9))
def test_digits_with_and_without_commas(number: int) -> None:
    assert kanji_number(f"{number:,}") == Fraction(number)


@given(
    st.text(
        alphabet="0123456789〇一二三四五六七八九十百千万年月日時分円%.,-/〜 昭和令元前午後RH:", max_size=12
    )
)
def test_no_text_breaks_the_rules(text: str) -> None:
    assert all(text[fact.start : fact.end] for fact in facts(text))


def test_a_digit_before_a_ten_is_one_number() -> None:
    assert [moment.fields for moment in moments("十九三時")] == [(3, 0)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("半年", "6か月"),
        ("1年半", "18 months"),
        ("2時間半", "150分"),
        ("半額", "50%"),
        ("費用の全額", "100%"),
        ("half a year", "6 months"),
        ("3分の2", "三分の二"),
        ("10分の3", "30%"),
        ("△3,000円", "マイナス3,000円"),
        ("−5℃", "-5℃"),
        ("▲5%", "5%減"),
        ("マイナス5%", "5%の減少"),
        ("R6/4/1", "令和六年四月一日"),
    ],
)
def test_words_fractions_and_signs(one: str, other: str) -> None:
    assert matches(only(one), only(other))
    assert matches(only(other), only(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5℃", "-5℃"),
        ("保管温度は-18℃以下", "18℃"),
        ("3,000円", "△3,000円"),
        ("半年", "1年"),
        ("全額", "半額"),
        ("1年半", "1年"),
        ("全額", "80%"),
    ],
)
def test_sign_and_share_are_told_apart(one: str, other: str) -> None:
    assert not matches(only(one), only(other))
    assert conflicts(only(one), only(other))


@pytest.mark.parametrize("text", ["10-15日", "第3-2号", "3日-5日", "\n-3個\n"])
def test_a_hyphen_that_joins_or_lists_is_no_minus(text: str) -> None:
    assert all(isinstance(fact, Moment) or fact.value > 0 for fact in facts(text))


@pytest.mark.parametrize("text", ["H1. Overview", "S2. 概要", "昭和70年", "平成32年1月1日"])
def test_headings_and_years_that_no_era_had_are_no_dates(text: str) -> None:
    assert not any(moment.fields[0] for moment in moments(text))


def test_letters_that_a_pattern_takes_for_english_ones() -> None:
    """Without regard to case, Python's patterns take ı and İ for i; lower() leaves ı and makes two of İ."""
    assert [fact.value for fact in facts("fıve days, sİx people") if isinstance(fact, Quantity)] == [5, 6]
    (day,) = facts("APRİL 3, 2024")
    assert isinstance(day, Moment) and day.fields == (2024, 4, 3)


@pytest.mark.parametrize("form", ["{}", "{}円", "{}万円", "3分の{}", "{}分の1", "{}〜5日"])
@pytest.mark.parametrize("digit", ["1", "二"])
def test_numbers_too_long_for_python_are_left_out(form: str, digit: str) -> None:
    text = form.format(digit * 5_000)
    assert all(fact.end - fact.start < 20 for fact in facts(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 kilograms", "3kg"), ("3 kilograms", "3,000グラム"), ("5 metres", "5m"),
        ("2.5 litres", "2500ml"),
        ("5ミリグラム", "5mg"), ("5センチメートル", "50ミリ"), ("5ボルト", "5 volts"),
        ("20キロワット時", "20kWh"), ("3 million yen", "300万円"), ("¥3.5 billion", "35億円"),
        ("$3M", "3 million dollars"),
        ("$2bn", "20億ドル"), ("two hundred people", "200人"), ("one million yen", "100万円"),
        ("5 hundred thousand yen", "50万円"), ("5,000 thousand yen", "500万円"), ("50㎡", "50平方メートル"),
        ("5L", "5,000mL"), ("5mA", "0.005アンペア"), ("2.4GHz", "2,400MHz"), ("30 mins", "30分"),
        ("5 tons", "5t"),
        ("500 ms", "0.5秒"), ("3カ所", "3か所"), ("三か所", "3箇所"), ("五パーセント", "5%"),
        ("百メートル", "100m"),
        ("三億ドル", "3億ドル"), ("9 a week", "9回"),
    ],
)  # fmt: skip
def test_units_are_the_same_spelled_out(one: str, other: str) -> None:
    (first,), (second,) = facts(one), facts(other)
    assert matches(first, second) and matches(second, first)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5ミリグラム", "5mm"), ("20kW", "20kWh"), ("5 litres", "5 metres"),
        ("3 million yen", "3 billion yen"),
        ("3 million people", "3 people"), ("3 million", "3 billion"), ("$3M", "$3"), ("50㎡", "50m"),
        ("50㎡", "50㎥"),
        ("5mA", "5A"), ("5kV", "5V"), ("5μm", "5mm"), ("5L", "5mL"), ("2.4GHz", "2.4MHz"),
        ("100Mbps", "100kbps"),
        ("5 ms", "5秒"), ("五十パーセント", "30%"), ("三か所", "五か所"), ("3 mıllıon yen", "3円"),
    ],
)  # fmt: skip
def test_units_of_other_kinds_are_not(one: str, other: str) -> None:
    (first,), (second,) = facts(one), facts(other)
    assert not matches(first, second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("第3四半期", "Q3"), ("第三四半期", "3Q"), ("the 2nd quarter", "第2四半期"), ("Q4", "fourth quarter"),
    ],
)  # fmt: skip
def test_quarters_are_the_same_in_every_form(one: str, other: str) -> None:
    assert matches(only(one), only(other))
    assert conflicts(only(one), only("第1四半期"))


@pytest.mark.parametrize("text", ["SQ3", "Q33", "Q3a", "IQ3"])
def test_what_only_looks_like_a_quarter(text: str) -> None:
    assert not any(isinstance(fact, Quantity) and fact.unit == "quarter" for fact in facts(text))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("週平均0.375時間", "week"), ("月間の残業は45時間", "month"), ("月額3,000円", "month"),
        ("1か月あたり5,000円", "month"), ("年間360時間", "year"), ("1日につき2,000円", "day"),
        ("時給1,200円", "hour"), ("3,000円/月", "month"), ("40 hours per week", "week"), ("$5 a day", "day"),
        ("annual fee of 300 dollars", "year"), ("月間の残業を週平均で2時間", "week"),
        ("6か月間で10日", ""), ("勤続3年間で5日", ""), ("月額3,000円、入会金は5,000円", ""), ("12,000円", ""),
        ("2024年12,000円", ""), ("十二月間際に3件", ""),
    ],
)  # fmt: skip
def test_what_a_number_is_counted_by(text: str, period: str) -> None:
    last = [fact for fact in facts(text) if isinstance(fact, Quantity)][-1]
    assert last.per == period


def test_the_same_number_of_another_period_conflicts() -> None:
    week, month, bare = (only(f"{words}0.375時間") for words in ("週平均", "月間平均", ""))
    assert conflicts(month, week) and not matches(month, week)
    assert matches(bare, week) and matches(week, bare)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("$5 a day", "dollar"), ("2 a week", ""), ("5A", "ampere"), ("5 A", "ampere"), ("¥300 m", "yen")],
)
def test_an_article_is_no_unit(text: str, unit: str) -> None:
    found = only(text)
    assert isinstance(found, Quantity) and found.unit == unit


def test_a_row_of_thousands_of_numbers_is_read_whole() -> None:
    """It took minutes while all words before each number were read."""
    assert len(facts("3 kg " * 5_000)) == 5_000
