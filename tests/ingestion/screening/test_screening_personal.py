from __future__ import annotations

import time

import pytest

from ingestion.documents import Document, Page, Table, TableCell
from ingestion.examining import find_all
from ingestion.screening.codes import luhn_is_valid, my_number_is_valid
from ingestion.screening.personal import find_personal


def found(text: str) -> list[tuple[str, str]]:
    return [(finding.type, text[finding.start : finding.end]) for finding in find_personal(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("山田 花子様", [("PERSON", "山田 花子")]),
        ("担当は鈴木一郎です。", [("PERSON", "鈴木一郎")]),
        ("佐々木さんに連絡する。", [("PERSON", "佐々木")]),
        ("高橋部長が承認した。", [("PERSON", "高橋")]),
        ("Contact: Mary Jones", [("PERSON", "Mary Jones")]),
        ("電話 03-3581-4111", [("PHONE", "03-3581-4111")]),
        ("携帯は０９０－１２３４－５６７８", [("PHONE", "０９０－１２３４－５６７８")]),
        ("call +44 20 7946 0958 now", [("PHONE", "+44 20 7946 0958")]),
        ("宛先: taro.y+a@mail.example.co.jp。", [("EMAIL", "taro.y+a@mail.example.co.jp")]),
        ("〒100-8950 東京都千代田区霞が関2丁目1番2号", [
            ("POSTAL", "〒100-8950"), ("ADDRESS", "東京都千代田区霞が関2丁目1番2号")]),
        ("自宅は横浜市中区日本大通1-23 サンハイツ405号室にある。", [
            ("ADDRESS", "横浜市中区日本大通1-23 サンハイツ405号室")]),
        ("北海道札幌市中央区北三条西六丁目", [("ADDRESS", "北海道札幌市中央区北三条西六丁目")]),
        ("生年月日：昭和64年1月3日", [("DOB", "昭和64年1月3日")]),
        ("生年月日 H元.5.1", []),
        ("(S52.4.1生)", [("DOB", "S52.4.1")]),
        ("born on 3 March 1980", [("DOB", "3 March 1980")]),
        ("マイナンバー：1234 5678 9018", [("MYNUMBER", "1234 5678 9018")]),
        ("Visa 4111-1111-1111-1111", [("CARD", "4111-1111-1111-1111")]),
        ("カード 378282246310005", [("CARD", "378282246310005")]),
        ("振込先：三菱UFJ銀行 丸の内支店 普通預金 口座番号 0123456", [
            ("BANK", "三菱UFJ銀行 丸の内支店 普通預金 口座番号 0123456")]),
        ("ゆうちょ銀行 記号 10170 番号 12345671", [("BANK", "記号 10170 番号 12345671")]),
        ("免許証番号：第301234567890号", [("LICENSE", "第301234567890号")]),
        ("パスポート番号 TK1234567", [("PASSPORT", "TK1234567")]),
        ("社員番号：A-10234", [("EMPLOYEE_ID", "社員番号：A-10234")]),
    ],
)  # fmt: skip
def test_what_is_personal_is_found_with_its_place(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "マイナンバー 1234 5678 9012",  # wrong check digit
        "注文番号 1234 5678 9018",
        "4111-1111-1111-1112",
        "型番 0120-12-3456 の部品",
        "192.168.10.25 のポート 8080",
        "2024年4月1日に施行する。",
        "売上は1,234,567,890円である。",
        "法人番号 1234567890123",
        "山口支店と福岡工場は閉鎖した。",
        "東京都と神奈川県に拠点がある。",
        "多要素認証を用いる。",
        "M6六角穴付ボルト",
        "第12条第2項の規定による。",
        "担当：営業部",
        "郵便番号は7桁である。",
        "ISBN 978-4-00-310101-8",
    ],
)
def test_what_only_looks_so_is_not(text: str) -> None:
    assert found(text) == []


def test_check_digits_by_hand() -> None:
    # 1·6+2·5+3·4+4·3+5·2+6·7+7·6+8·5+9·4+0·3+1·2 = 212; 212 mod 11 = 3; 11 - 3 = 8
    assert my_number_is_valid("123456789018")
    assert [digit for digit in "0123456789" if my_number_is_valid("12345678901" + digit)] == ["8"]
    # ISO/IEC 7812-1, annex: 7992739871 takes the check digit 3
    assert [digit for digit in "0123456789" if luhn_is_valid("7992739871" + digit)] == ["3"]


def test_the_name_of_a_column_says_what_its_cells_are() -> None:
    rows = [
        ["社員番号", "生年月日", "郵便番号"],
        ["10234", "1980/02/03", "1008950"],
        ["10235", "1975/11/30", "1600022"],
    ]
    text, cells = "", []
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            cells.append(TableCell(r, c, len(text), len(text) + len(value), header=r == 0))
            text += value + ("\n" if c == 2 else "\t")
    document = Document(text, "csv", (Page(1, 0, len(text)),), tables=(Table(0, len(text), tuple(cells)),))
    assert [(one.type, text[one.start : one.end]) for one in find_all(document)] == [
        ("EMPLOYEE_ID", "10234"), ("DOB", "1980/02/03"), ("POSTAL", "1008950"),
        ("EMPLOYEE_ID", "10235"), ("DOB", "1975/11/30"), ("POSTAL", "1600022"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "part", ["1", "1-", "0 ", "銀行", "東京都", "県市区町村", "a@", "a.", "山田 ", "昭和1年", "(", "第1"]
)
def test_time_grows_with_the_text_only(part: str) -> None:
    text = part * (20_000 // len(part))
    started = time.process_time()
    find_personal(text)
    assert time.process_time() - started < 5
