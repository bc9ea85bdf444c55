"""Answers in the form that clients of the OpenAI API know, whole or in chunks.

A chunk cannot be taken back, and until the last sentence is checked an answer may be withheld or written
anew. So the text is sent when it is settled, sentence by sentence: what a client puts together is the answer
that `POST /ask` gives, and never an unproven draft. Who wants to see it being written asks for the events.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from ui.api.openai_requests import OURS, Order

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"


class Reply:
    """One answer to one order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._head: Json = {
            "id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": order.model,
        }  # fmt: skip
        self._begun = False

    def whole(self, finished: Json) -> Json:
        """The answer of the event "finished" in one piece."""
        text = finished["answer"]["answer"]
        message = {"role": "assistant", "content": text, "refusal": None, OURS: self._more(finished)}
        choice = {
            "index": 0, "message": message, "finish_reason": self._ended(finished), "logprobs": None,
        }  # fmt: skip
        return {
            **self._head, "object": "chat.completion", "choices": [choice], "usage": usage_of(finished),
        }  # fmt: skip

    def chunks(self, event: Json) -> Iterator[Json]:
        """What is sent for one event of the answer's stream."""
        if not self._begun:
            self._begun = True
            yield self._chunk({"role": "assistant", "content": ""})
        if event["event"] != "finished":
            if self._order.events:
                yield self._chunk({OURS: event})
            return
        for text in sentences_of(event["answer"]):
            yield self._chunk({"content": text})
        yield self._chunk({OURS: self._more(event)}, self._ended(event))
        if self._order.include_usage:
            yield {**self._chunk({}), "choices": [], "usage": usage_of(event)}

    def _chunk(self, delta: Json, ended: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": ended, "logprobs": None}
        unknown = {"usage": None} if self._order.include_usage else {}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice], **unknown}

    def _more(self, finished: Json) -> Json:
        """All that `ask --json` tells beside the text, and which parameters had no effect."""
        answer = {key: value for key, value in finished["answer"].items() if key != "answer"}
        return {**answer, "ignored": list(self._order.ignored)}

    def _ended(self, finished: Json) -> str:
        most, mended = self._order.max_tokens, finished["answer"].get("mended")
        drafts = 2 if mended in ("regenerated", "kept") else 1
        full = most is not None and finished["usage"]["completion_tokens"] >= most * drafts
        return "length" if full else "stop"


def usage_of(finished: Json) -> Json:
    """What the model was told and wrote, by its own count: nothing where it was not asked."""
    read, wrote = finished["usage"]["prompt_tokens"], finished["usage"]["completion_tokens"]
    return {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}


def sentences_of(answer: Json) -> list[str]:
    """The text of an answer in pieces that each end with a checked sentence; together they are the text."""
    text, pieces, start = answer["answer"], [], 0
    for claim in answer["claims"]:
        pieces.append(text[start : claim["end"]])
        start = max(start, claim["end"])
    return [piece for piece in [*pieces, text[start:]] if piece]


def sent(value: Json) -> bytes:
    """One chunk on the wire, in ASCII: readers of lines also split at U+2028 and U+0085."""
    return f"data: {json.dumps(value)}\n\n".encode("ascii")
