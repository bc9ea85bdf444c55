"""What clients of the OpenAI API may ask for: which parameters count, which are refused, which do nothing.

Nothing is ignored in silence: what asks for something that is not done here is refused, and what only says
how to write (the temperature) is named in the answer. The last message is the question, those before it help
to understand it. None of them is shown to the chat model as an instruction: it has its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.answers import Language
from ui.api.error_bodies import UnsupportedError
from ui.model_operations import TextKind

Json = dict[str, Any]
OURS = "konkyo"
"""The model that answers with whatever is configured and published, and the key of all that is added here."""

_ONLY: Mapping[str, tuple[Any, ...]] = {
    "n": (1,), "tools": ([],), "tool_choice": ("none", "auto"), "functions": ([],),
    "function_call": ("none", "auto"), "logprobs": (False,), "top_logprobs": (0,),
    "response_format": ({"type": "text"},), "stop": ([], ""), "logit_bias": ({},), "modalities": (["text"],),
    "audio": (), "prediction": (), "web_search_options": (), "store": (False,),
}  # fmt: skip
"""Parameters with the values that ask for nothing; null is always one."""
_WITHOUT_EFFECT = frozenset({
    "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "user", "metadata",
    "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier", "parallel_tool_calls",
    "reasoning_effort", "verbosity",
})  # fmt: skip


class _Body(BaseModel):
    """A body whose further keys are looked at by `_looked_at`."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Part(_Body):
    """A part of a message."""

    type: str
    text: str = ""


class ChatMessage(_Body):
    """One message; what else clients keep in it is not read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class Wishes(BaseModel):
    """What can be asked for here beside the known parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Json | None = Field(None, description="Only these documents, or this folder, are searched.")
    language: Language | None = Field(None, description="The language of the answer; else the question's.")
    verified: bool = Field(True, description="Whether an answer that an editor confirmed comes first.")
    events: bool = Field(False, description="In a stream: the events of POST /ask, too, each in a chunk.")


class StreamOptions(BaseModel):
    """Options of a stream."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    include_usage: bool = False


class ChatBody(_Body):
    """A request for an answer."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "model": OURS,
                    "messages": [{"role": "user", "content": "パスワードは何日ごとに変更しますか？"}],
                },
                {
                    "model": OURS,
                    "stream": True,
                    "messages": [
                        {"role": "user", "content": "What is the limit for a night in Tokyo?"},
                        {"role": "assistant", "content": "It is 12,000 yen."},
                        {"role": "user", "content": "And for managers?"},
                    ],
                    "konkyo": {"language": "en"},
                },
            ]
        },
    )

    model: str = OURS
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    konkyo: Wishes | None = None


class EmbeddingsBody(_Body):
    """A request for vectors."""

    model_config = ConfigDict(
        extra="allow", frozen=True,
        json_schema_extra={"examples": [{"input": ["年次有給休暇", "annual paid leave"]}]},
    )  # fmt: skip

    input: str | list[str] | list[int] | list[list[int]]
    model: str | None = None
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)
    input_type: TextKind = "passage"


@dataclass(frozen=True, slots=True)
class Order:
    """A request for an answer, understood: `arguments` are those of `Operations.ask`."""

    model: str
    arguments: Json
    stream: bool
    include_usage: bool
    events: bool
    max_tokens: int | None
    ignored: tuple[str, ...]


def order_of(body: ChatBody) -> Order:
    """What is asked for.

    Raises:
        UnsupportedError: something that is not done here; the message names it.
    """
    ignored = _looked_at(body)
    *earlier, last = body.messages
    if last.role != "user":
        raise UnsupportedError("the last message must be the user's question.", "messages", "invalid_value")
    if any(message.role in ("system", "developer") for message in earlier):
        ignored = (*ignored, "system message")
    wishes = body.konkyo or Wishes()
    limits = [one for one in (body.max_tokens, body.max_completion_tokens) if one is not None]
    most = min(limits) if limits else None
    arguments: Json = {
        "question": _text(last), "history": _turns(earlier), "scope": wishes.scope,
        "language": wishes.language, "verified": wishes.verified, "max_tokens": most,
        "model": None if body.model == OURS else body.model,
    }  # fmt: skip
    options = body.stream_options or StreamOptions()
    return Order(
        body.model, arguments, bool(body.stream), options.include_usage, wishes.events, most, ignored
    )


def texts_of(body: EmbeddingsBody) -> list[str]:
    """The texts to embed.

    Raises:
        UnsupportedError: they are given as numbers of tokens, or a parameter asks for what is not done.
    """
    _looked_at(body)
    texts = [body.input] if isinstance(body.input, str) else body.input
    found = [text for text in texts if isinstance(text, str)]
    if len(found) < len(texts):
        raise UnsupportedError(
            "numbers of tokens are not understood, which differ from model to model: send texts.", "input"
        )
    return found


def _looked_at(body: _Body) -> tuple[str, ...]:
    """The names of those further parameters that have no effect.

    Raises:
        UnsupportedError: another one asks for something, or is not known.
    """
    given = {name: value for name, value in (body.model_extra or {}).items() if value is not None}
    for name, value in given.items():
        if name in _WITHOUT_EFFECT:
            continue
        if name not in _ONLY:
            raise UnsupportedError(f"there is no parameter {name!r} here.", name, "unknown_parameter")
        if value not in _ONLY[name]:
            raise UnsupportedError(f"the parameter {name!r} is not supported here: leave it out.", name)
    return tuple(name for name in given if name in _WITHOUT_EFFECT)


def _turns(messages: Sequence[ChatMessage]) -> list[Json]:
    """Questions with their answers; one that got no answer has an empty one."""
    turns: list[Json] = []
    for message in messages:
        text = _text(message)
        if message.role == "user":
            turns.append({"question": text, "answer": ""})
        elif message.role == "assistant" and turns:  # a greeting answers nothing
            turns[-1]["answer"] += text
    return turns


def _text(message: ChatMessage) -> str:
    if message.role in ("tool", "function") or (message.model_extra or {}).get("tool_calls"):
        raise UnsupportedError("tools are not called here: leave their messages out.", "messages")
    if not isinstance(message.content, list):
        return _whole(message.content or "")
    if other := [part.type for part in message.content if part.type not in ("text", "refusal")]:
        raise UnsupportedError(f"parts of the type {other[0]!r} are not read: send text.", "messages")
    return _whole("".join(part.text for part in message.content))


def _whole(text: str) -> str:
    """`text`, unless it has half a character (JSON can say so), which nothing else can be said in."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnsupportedError(
            f"the text has half a character at place {error.start + 1}: send it in UTF-8.",
            "messages",
            "invalid_value",
        ) from error
    return text
