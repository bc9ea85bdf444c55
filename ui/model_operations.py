"""The operations that other programs ask of the models themselves. Part of `ui.operations.Operations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

Json = dict[str, Any]
TextKind = Literal["passage", "query"]
"""What a text is to the embedder: many put other words before a question than before a passage."""


class ModelOperations(Protocol):
    """The models that answer here, and the vectors of the embedder."""

    def served_models(self) -> list[Json]:
        """`[{name, role: "chat"|"embedder", default: bool}]`: what a question, or a text to embed, may name.

        Chat models that are on this machine, or the server's where one is configured; and the one embedder.
        """
        ...

    def embed(self, texts: Sequence[str], *, kind: TextKind = "passage", model: str | None = None) -> Json:
        """`{model, dimension, vectors: [[float]], tokens}`: unit vectors in the order of `texts`.

        `tokens` are those of all texts together. `model` None: the workspace's embedder.

        Raises:
            UsageError: there is no text, they are too many, one is empty or longer than the embedder reads.
            ModelError: `model` is another one, or the embedder is not there.
        """
        ...
