from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import RecordNotFoundError
from assistant.records import Records


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records.open(tmp_path / "records.db")
    yield opened
    opened.close()


def test_a_turn_comes_back_as_it_was_written(records: Records) -> None:
    conversation = records.create()["id"]
    answer = {"answer": "90日です。", "claims": [{"text": "90日です。"}], "hits": []}
    scope = {"documents": ["ab12"], "folder": None}
    records.append_turn(conversation, "パスワードの期限は？", answer, scope=scope)
    shown = records.show(conversation)
    assert shown["title"] == "パスワードの期限は？"
    assert [(m["role"], m["text"], m["answer"], m["scope"]) for m in shown["messages"]] == [
        ("user", "パスワードの期限は？", None, scope),
        ("assistant", "90日です。", answer, scope),
    ]


def test_the_first_question_names_only_an_untitled_conversation(records: Records) -> None:
    named = records.create("経費のこと")["id"]
    untitled = records.create()["id"]
    for key in (named, untitled):
        records.append_turn(key, "一つ目\n " + "長" * 100, {"answer": "a"})
        records.append_turn(key, "二つ目", {"answer": "b"})
    assert records.show(named)["title"] == "経費のこと"
    assert records.show(untitled)["title"] == "一つ目 " + "長" * 56


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("usbメモリ", {"usb"}),
        ("ＵＳＢ", {"usb"}),
        ("100%", {"percent"}),
        ("_", set()),
        ("", {"usb", "percent"}),
    ],
)
def test_search_folds_width_and_case_and_takes_signs_literally(
    records: Records, search: str, found: set[str]
) -> None:
    keys = {}
    for name, question in (("usb", "私物のＵＳＢメモリは？"), ("percent", "達成率は100%か")):
        keys[records.create()["id"]] = name
        records.append_turn(list(keys)[-1], question, {"answer": "はい。"})
    assert {keys[item["id"]] for item in records.list(search)} == found


def test_the_last_changed_conversation_comes_first_with_its_number_of_messages(records: Records) -> None:
    old, new = records.create("old")["id"], records.create("new")["id"]
    with sqlite3.connect(str(records._engine.url.database)) as connection:
        connection.execute("UPDATE conversations SET updated_at = '2000-01-01T00:00:00.000+00:00'")
    connection.close()
    records.append_turn(old, "q", {"answer": "a"})
    assert [(item["id"], item["messages"]) for item in records.list()] == [(old, 2), (new, 0)]


def test_rename_and_delete(records: Records) -> None:
    key = records.create("a")["id"]
    records.append_turn(key, "q", {"answer": "a"})
    records.rename(key, "新しい名")
    assert records.show(key)["title"] == "新しい名"
    records.delete(key)
    with sqlite3.connect(str(records._engine.url.database)) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    connection.close()
    for call in (records.show, records.delete, lambda k: records.rename(k, "x")):
        with pytest.raises(RecordNotFoundError, match=key):
            call(key)
    with pytest.raises(RecordNotFoundError):
        records.append_turn(key, "q", {"answer": "a"})


def test_another_user_sees_and_changes_nothing(records: Records) -> None:
    key = records.create("a", user="sato")["id"]
    assert records.list(user="ito") == []
    with pytest.raises(RecordNotFoundError):
        records.show(key, user="ito")
    with pytest.raises(RecordNotFoundError):
        records.append_turn(key, "q", {"answer": "a"}, user="ito")
    assert records.show(key, user="sato")["messages"] == []


def test_opening_twice_keeps_everything(tmp_path: Path) -> None:
    first = Records.open(tmp_path / "records.db")
    key = first.create("a")["id"]
    first.close()
    second = Records.open(tmp_path / "records.db")
    assert second.show(key)["title"] == "a"
    second.close()


def test_threads_write_at_once_without_loss(records: Records) -> None:
    key = records.create("a")["id"]
    threads = [
        threading.Thread(target=records.append_turn, args=(key, f"q{i}", {"answer": f"a{i}"}))
        for i in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [message["text"] for message in records.show(key)["messages"]]
    assert sorted(texts) == sorted([f"{kind}{i}" for kind in "qa" for i in range(12)])
    assert all(texts[i].replace("q", "a") == texts[i + 1] for i in range(0, 24, 2)), "a turn stays together"


def test_threads_that_open_a_new_database_at_once_all_find_it_made(tmp_path: Path) -> None:
    opened: list[Records] = []
    threads = [
        threading.Thread(target=lambda: opened.append(Records.open(tmp_path / "records.db")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [records.list() for records in opened] == [[]] * 6
    for records in opened:
        records.close()
