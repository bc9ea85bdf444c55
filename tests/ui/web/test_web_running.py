"""An answer that is followed in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

from web_fakes import PATIENCE, FakeOperations

from ui.web.running import Run


def test_the_whole_answer_arrives() -> None:
    run = Run("休暇は？", None, partial(FakeOperations().ask, "休暇は？"))
    run.join(PATIENCE)
    assert run.state.answer is not None and not run.running


def test_stop_ends_the_stream_and_keeps_what_was_written() -> None:
    closed, wanted, seen = threading.Event(), threading.Event(), threading.Event()

    def stream(**_: Any) -> Iterator[dict[str, Any]]:
        try:
            yield {"event": "retrieved", "hits": []}
            yield {"event": "token", "text": "half"}
            seen.set()
            wanted.wait(10)
            yield {"event": "token", "text": " more"}
            yield {"event": "token", "text": " and more"}
        finally:
            closed.set()

    run = Run("q", None, stream)
    assert seen.wait(10)
    run.stop()
    assert run.state.stopped and run.state.finished
    wanted.set()
    assert closed.wait(10)
    run.join(PATIENCE)
    assert run.state.text == "half"


def test_an_expected_error_becomes_its_sentence() -> None:
    run = Run("fail", None, partial(FakeOperations().ask, "fail"))
    run.join(PATIENCE)
    assert run.state.error == "the model stopped answering. Restart it and ask again."
    assert run.state.hits


def test_an_unexpected_error_is_shown_and_logged(caplog: Any) -> None:
    def stream(**_: Any) -> Iterator[dict[str, Any]]:
        yield {"event": "retrieved", "hits": []}
        raise ZeroDivisionError("a bug")

    run = Run("q", None, stream)
    run.join(PATIENCE)
    assert run.state.error == "ZeroDivisionError: a bug"
    assert "a bug" in caplog.text


def test_nobody_looking_stops_the_generation() -> None:
    closed = threading.Event()

    def stream(**_: Any) -> Iterator[dict[str, Any]]:
        try:
            while True:
                yield {"event": "token", "text": "x"}
        finally:
            closed.set()

    Run("q", None, stream, patience=0.05)
    assert closed.wait(10)


def test_questions_asked_at_once_do_not_mix() -> None:
    operations = FakeOperations(delay=0.002)
    talks = [operations.new_conversation()["id"] for _ in range(4)]
    asked = ["休暇は？", "単価は？", "非常口は？", "休暇を教えて"]
    runs = [
        Run(question, None, partial(operations.ask, question, conversation=talk))
        for question, talk in zip(asked, talks, strict=True)
    ]
    for run in runs:
        run.join(20)
    first = [run.state.claims[0]["citations"][0]["document"] for run in runs]
    assert first == ["rules", "sheet", "slides", "rules"]
    assert [operations.conversation(talk)["messages"][0]["text"] for talk in talks] == asked
