"""Any server that speaks OpenAI's `/v1/chat/completions` as a Generator (vLLM, llama-server, …).

Counts tokens by estimate: the tokenizer is on the other side.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

from assistant.answers import Message
from assistant.errors import GenerationError, PromptTooLongError
from assistant.generation import never
from assistant.prompting import estimate_tokens
from ingestion.settings import ServerSettings


class OpenAIServerGenerator:
    """Streams replies from the server that `[server]` of konkyo.toml names."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        context_tokens: int = 4096,
        top_p: float = 0.95,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Nothing is sent yet.

        Raises:
            GenerationError: `api_key_env` names a variable that is not set.
        """
        key = environ.get(settings.api_key_env, "") if settings.api_key_env else ""
        if settings.api_key_env and not key:
            raise GenerationError(
                f"server.api_key_env names {settings.api_key_env}, which is not set. "
                "Set it, or empty the setting if the server needs no key."
            )
        self._url = _completions_url(settings.base_url)
        self._model = settings.model
        self._context_tokens = context_tokens
        self._top_p = top_p
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(settings.timeout_seconds, connect=min(10.0, settings.timeout_seconds))
        self._client = httpx.Client(headers=headers, timeout=timeout)

    @property
    def name(self) -> str:
        """The server's model."""
        return self._model or self._url

    @property
    def context_tokens(self) -> int:
        """As set by models.context_tokens."""
        return self._context_tokens

    def count_tokens(self, text: str) -> int:
        """An estimate."""
        return estimate_tokens(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        """Yield the reply's pieces; closing the iterator closes the connection, which stops the server.

        `cancelled` is asked at each line that comes; a server that says nothing is waited for.

        Raises:
            GenerationError: the server cannot be reached, refuses, or sends what is not its protocol.
            PromptTooLongError: the server says that the context is exceeded.
        """
        body = {
            "model": self._model, "max_tokens": max_tokens, "temperature": temperature, "seed": seed,
            "top_p": self._top_p, "stream": True,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
        }  # fmt: skip
        try:
            with self._client.stream("POST", self._url, json=body) as response:
                self._refuse_failure(response)
                yield from self._pieces(response, cancelled)
        except httpx.TimeoutException as error:
            raise GenerationError(
                f"{self._url} did not answer within {self._client.timeout.read} s. "
                "Raise server.timeout_seconds, or check the server."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GenerationError(
                f"{self._url} cannot be reached: {error}. Check server.base_url."
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _refuse_failure(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        reason = response.read().decode("utf-8", "replace")[:300]
        if response.status_code == 400 and "context" in reason.lower():
            raise PromptTooLongError(
                f"{self._url}: {reason}. Lower evidence.tokens or models.context_tokens."
            )
        hint = {401: "Check the key in server.api_key_env.", 404: "Check server.base_url and server.model."}
        raise GenerationError(
            f"{self._url} answered {response.status_code}: {reason} "
            f"{hint.get(response.status_code, 'Look into the log of the server.')}"
        )

    def _pieces(self, response: httpx.Response, cancelled: Callable[[], bool]) -> Iterator[str]:
        for line in response.iter_lines():
            if cancelled():
                return
            if not line.startswith("data:"):
                continue
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                return
            if piece := _content(data, self._url):
                yield piece


def _completions_url(base_url: str) -> str:
    """`base_url` with or without /v1 or a final slash."""
    base = base_url.rstrip("/")
    return f"{base}/chat/completions" if base.endswith("/v1") else f"{base}/v1/chat/completions"


def _content(data: str, url: str) -> str:
    try:
        event: Any = json.loads(data)
        if "error" in event:
            raise GenerationError(
                f"{url} failed while writing: {event['error']}. Look into the server's log."
            )
        choices = event["choices"]
        return str(choices[0]["delta"].get("content") or "") if choices else ""
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise GenerationError(f"{url} sent what is not its protocol: {data[:120]!r}") from error
