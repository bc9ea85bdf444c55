"""Files generated in every encoding that Japanese systems write: read exactly, whatever their length."""

from __future__ import annotations

import codecs
import random

import pytest

from ingestion.decoding import decode

LINES = (
    "第3条（目的）　この規程は、経理課の業務について定める。",
    "金額：12,000円（税込）　期限：令和6年4月1日",
    "TEL 03-1234-5678 / E-mail: info@example.co.jp",
    "注意事項：表示・申請・能力・予算・ソフト・構造・十分",
    "ボルトM8、ナット付、10個。納期は二週間です。",
    "お世話になっております。会議は10時からです。",
    "ID,名称,単価",
)
KANA = ("ﾎﾞﾙﾄ M8 ﾅｯﾄ付 5個", "①受付　②審査　㈱根拠　№3", "髙橋一郎、山﨑花子")
ENCODINGS = ("cp932", "euc_jp", "iso2022_jp", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("seed", range(12))
def test_generated_files(encoding: str, seed: int) -> None:
    choose = random.Random(f"{encoding} {seed}")
    lines = (
        LINES if encoding in ("euc_jp", "iso2022_jp") else LINES + KANA
    )  # those have no room for NEC's signs
    text = ""
    while len(text.encode(encoding)) < 200:
        text += choose.choice(lines) + choose.choice(("\n", "\r\n"))
    data = codecs.BOM_UTF16_LE + text.encode("utf-16-le") if encoding == "utf-16" else text.encode(encoding)
    decoded = decode(data)
    assert decoded.text == text
    assert decoded.warning is None
