"""What is proven and yet answers nothing of what was asked."""

from __future__ import annotations

import pytest

from assistant.answered import answers

SERVER = "What server is LocoAI Chat running on?"
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
    ],
)
def test_only_what_tells_what_was_asked_answers(question: str, proven: list[str], answered: bool) -> None:
    assert answers(question, proven) is answered
