"""What is known of an answer that may be stopped before it is whole."""

from __future__ import annotations

import time
from typing import Any

Json = dict[str, Any]


class Draft:
    """What is known of an answer that may be stopped before it is whole."""

    def __init__(self, question: str, task: str = "") -> None:
        """`task` is what the conversation keeps of it, "" for a question."""
        self.stored = False
        self.kind: Json = {"task": task} if task else {}
        self.adapter: str | None = None
        self._question = question
        self._hits: list[Json] = []
        self._claims: list[Json] = []
        self._text = ""
        self._tokens = 0
        self._began = time.perf_counter()
        self._retrieve_ms: float = 0.0
        self._first_token_ms: float | None = None

    def add(self, event: Json) -> None:
        """Take in one event of the stream."""
        match event["event"]:
            case "retrieved":
                self._hits, self._question = event["hits"], event["question"] or self._question
                self._retrieve_ms = self._passed()
            case "token":
                self._first_token_ms = self._first_token_ms or self._passed()
                self._text += event["text"]
                self._tokens += 1
            case "checked":
                self._claims.append(event["claim"])
            case "mending":
                self._hits, self._claims, self._text = event["hits"], [], ""

    def stopped_answer(self) -> Json:
        """An answer as far as it came, with the keys of `Answer.as_json`."""
        return {
            "answer": self._text, "abstained": False, "claims": self._claims, "hits": self._hits, "model": "",
            "adapter": self.adapter, "question": self._question, "draft": "", "stopped": True, **self.kind,
            "timings": {
                "retrieve_ms": self._retrieve_ms, "first_token_ms": self._first_token_ms,
                "total_ms": self._passed(), "tokens": self._tokens,
            },
        }  # fmt: skip

    def _passed(self) -> float:
        return round(1000 * (time.perf_counter() - self._began), 1)
