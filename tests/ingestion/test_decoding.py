"""Real sentences in every encoding come back as they were, also when they are short."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.decoding import decode
from ingestion.errors import ReadError

SENTENCES = (
    "従業員は、始業時刻の10分前までに出社しなければならない。",
    "年次有給休暇は、入社後6か月を経過した者に10日与える。",
    "第12条 出張旅費は、実費を支給する。ただし、日当は別に定める。",
    "会議室の予約は総務部までご連絡ください。",
    "お世話になっております。株式会社コンキョの山田です。",
    "パスワードは12文字以上とし、90日ごとに変更すること。",
    "製品の保証期間は、お買い上げの日から1年間です。",
    "サーバーの電源を切る前に、データのバックアップを取ってください。",
    "品番,品名,単価,在庫数",
    "A-1001,六角ボルト M8,120,3500",
    "東京都千代田区丸の内一丁目",
    "ありがとうございました。",
    "エラーコード E-204 が表示された場合は、フィルターを清掃する。",
    "取引先コード;取引先名;締日",
    "「はい」か「いいえ」でお答えください。",
    "議事録:2024年4月1日(月)14時～15時 出席者:佐藤、鈴木、高橋",
    "氏名\t所属\t内線",
    "経費の精算は翌月の五営業日までに申請する。",
    "火災を発見した者は、直ちに119番へ通報し、周囲に知らせる。",
    "検査結果は良好である。",
    "テスト",
    "在庫一覧表",
)
VENDOR = ("①申請 ②承認 ③支払", "㈱髙島商会 御中", "№12 ㎡あたり", "ﾌﾘｶﾞﾅ ﾔﾏﾀﾞ ﾀﾛｳ", "型番ｱｲｳ-100の取付")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc_jp", "iso2022_jp")
ENGLISH = (
    "The quick brown fox.",
    "Employees must not share passwords.",
    "item,price,stock\nA-1,12.50,3\n",
    "See section 4.2 (p. 7).",
)


def encoded(text: str, encoding: str) -> bytes:
    """Text as programs of the time wrote it: the wave dash goes where the encoding has it."""
    if encoding in ("euc_jp", "iso2022_jp"):
        text = text.replace("～", "〜").replace("－", "−")
    return text.encode(encoding)


def as_read(text: str, encoding: str) -> str:
    return encoded(text, encoding).decode(encoding).removeprefix("\ufeff")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_one_short_line(sentence: str, encoding: str) -> None:
    decoded = decode(encoded(sentence, encoding))
    assert decoded.text == as_read(sentence, encoding)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(SENTENCES + ENGLISH), min_size=2, max_size=12),
    st.sampled_from(ENCODINGS),
    st.sampled_from(["\n", "\r\n", " ", ","]),
)
def test_mixed_lines(lines: list[str], encoding: str, separator: str) -> None:
    text = separator.join(lines)
    decoded = decode(encoded(text, encoding))
    assert decoded.text == as_read(text, encoding)
    if sum(not c.isascii() for c in text) >= 30:
        assert decoded.confident
        assert decoded.warning is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(VENDOR + SENTENCES), min_size=1, max_size=6))
def test_vendor_characters_of_windows(lines: list[str]) -> None:
    text = "\r\n".join(lines)
    assert decode(text.encode("cp932")).text == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b$B-!?=@A\x1b(B", "①申請"),  # NEC row 13 inside ISO-2022-JP
        (b"\x1b(I6^02^\x1b(B", "ｶﾞｰｲﾞ"),
        (b"\x1b$BF|K\\\x1b(B and \x1b$B8l\x1b(B", "日本 and 語"),
        (b"\xad\xa1\xbf\xbd\xc0\xc1", "①申請"),  # the same in EUC-JP
    ],
)
def test_bytes_that_python_alone_cannot_read(data: bytes, text: str) -> None:
    assert decode(data).text == text


@pytest.mark.parametrize("text", ENGLISH)
@pytest.mark.parametrize("encoding", ["ascii", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_english_only(text: str, encoding: str) -> None:
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.confident


@pytest.mark.parametrize(
    "text",
    [
        "It’s “quoted” – and café, naïve.",
        "Müller wohnt in Köln und trägt eine Brille.",
        "Señor Peña pagó 5 €.",
    ],
)
def test_western_text(text: str) -> None:
    assert decode(text.encode("cp1252")).text == text
    assert decode(text.encode("utf-8")).text == text


@pytest.mark.parametrize(
    "text", ["Привет, как дела?", "αβγδ και άλλα", "안녕하세요 여러분", "你好，世界。我们在这里开会。"]
)
def test_utf8_of_other_scripts_is_left_alone(text: str) -> None:
    assert decode(text.encode("utf-8")).text == text


@given(
    st.sampled_from(SENTENCES),
    st.sampled_from(["shift_jis", "Shift_JIS", "x-sjis", '"EUC-JP"', "iso-2022-jp", "utf-8"]),
)
def test_a_true_declaration_is_believed(sentence: str, name: str) -> None:
    codec = (
        name.strip('"').replace("x-sjis", "cp932").replace("Shift_JIS", "cp932").replace("shift_jis", "cp932")
    )
    data = sentence.replace("～", "〜" if codec != "cp932" else "～").encode(codec)
    assert decode(data, declared=name).text == data.decode(codec)


@pytest.mark.parametrize("wrong", ["utf-8", "iso-8859-1", "euc-jp", "no-such-charset", "rot13", "utf-16", ""])
def test_a_false_declaration_is_not(wrong: str) -> None:
    text = "".join(SENTENCES[:4])
    assert decode(text.encode("cp932"), declared=wrong).text == text


def test_a_few_damaged_bytes_raise_the_alarm() -> None:
    decoded = decode(SENTENCES[0].encode() + b"\xff" + "".join(SENTENCES[1:10]).encode())
    assert decoded.encoding == "utf-8"
    assert not decoded.confident
    assert decoded.warning is not None
    assert "could not be decoded" in decoded.warning
    assert decoded.text.replace("\ufffd", "") == "".join(SENTENCES[:10])


@pytest.mark.parametrize("wrong", ["cp932", "cp1252"])
def test_mojibake_that_was_saved_raises_the_alarm(wrong: str) -> None:
    garbled = "".join(SENTENCES).encode("utf-8").decode(wrong, errors="ignore")
    warning = decode(garbled.encode("utf-8")).warning
    assert warning is not None
    assert "garbled" in warning


@pytest.mark.parametrize("text", SENTENCES)
def test_good_text_raises_no_alarm(text: str) -> None:
    assert decode(text.encode("utf-8")).warning is None


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        bytes(range(256)) * 8,
        b"\x00\x01\x02\x03" * 50,
        b"\x7fELF\x02\x01\x01" + bytes(64),
        b"\x01\x02\x03\x04\x05\x06",
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError):
        decode(data)


@given(st.binary(max_size=300))
def test_anything_gives_text_or_a_reason(data: bytes) -> None:
    try:
        decoded = decode(data)
    except ReadError as error:
        assert str(error)
    else:
        assert isinstance(decoded.text, str)


def test_empty() -> None:
    assert decode(b"").text == ""
