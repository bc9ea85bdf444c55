"""What is proven and yet answers nothing of what was asked."""

from __future__ import annotations

import pytest

from assistant.answered import want_of

SERVER = "What server is LocoAI Chat running on?"
CARRY = "Please tell me if employees can carry over unused annual leave to the next year."
TAKEN = "備品を無断で持ち出すことは懲戒の対象になりますか、教えてください。"
INCOME = "平成25年度の収入は何億円ですか。"


@pytest.mark.parametrize(
    ("question", "proven", "answered"),
    [
        (SERVER, ["LocoAI Chat is running on a server."], False),
        (SERVER, ["LocoAI Chat is running on a server.", "The server is named Kumo."], True),
        (INCOME, ["平成19年度の収入は3億円です。"], False),
        (INCOME, ["平成25年度の収入は3億円です。"], True),
        (INCOME, ["収入は会計課が集計します。"], False),
        (INCOME, [], False),
        ("誰が集計しますか。", ["収入は会計課が集計します。"], True),
        ("2010年の会員は何名でしたか。", ["会員は1950名でした。"], True),
        ("2025年の手当はいくらですか。", ["2021年4月から手当は月額5000円です。"], True),
        ("2023年度の売上高はいくらですか。", ["2024年3月期の売上高は12億円でした。"], True),
        ("How long did the war that began in 1939 last?", ["It ended in 1945, after six years."], True),
        ("How much notice must I give?", ["You must give 30 days of notice."], True),
        ("賞与はいくらですか。", ["賞与は基本給の2か月分です。"], True),
        (CARRY, ["Employees can carry over unused annual leave to the next year."], True),
        (TAKEN, ["備品を無断で持ち出すことは懲戒の対象になる。"], True),
        ("申請書を出す先は総務部、経理部、人事部のうち何部ですか。", ["申請書を出す先は経理部です。"], True),
    ],
)
def test_only_what_tells_what_was_asked_answers(question: str, proven: list[str], answered: bool) -> None:
    assert (want_of(question, proven) == "") is answered


@pytest.mark.parametrize(
    ("question", "proven", "want"),
    [
        (INCOME, [], "not_proven"),
        (SERVER, ["LocoAI Chat is running on a server."], "repeats_question"),
        (INCOME, ["収入は会計課が集計します。"], "tells_no_number"),
        (INCOME, ["平成19年度の収入は3億円です。"], "another_year"),
    ],
)
def test_what_an_answer_is_wanting_in_is_named(question: str, proven: list[str], want: str) -> None:
    assert want_of(question, proven) == want
