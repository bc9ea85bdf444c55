"""The operations of `ui.model_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ui.model_operations import TextKind

Json = dict[str, Any]


class ModelCalls(ABC):
    """Implements `ui.model_operations.ModelOperations` for a class that sends requests."""

    def served_models(self) -> list[Json]:
        """See `ModelOperations.served_models`."""
        found = self._json("GET", "/v1/models")["data"]
        return [{"name": one["id"], **one["konkyo"]} for one in found if one["konkyo"] is not None]

    def embed(self, texts: Sequence[str], *, kind: TextKind = "passage", model: str | None = None) -> Json:
        """See `ModelOperations.embed`."""
        body = {"input": list(texts), "input_type": kind, "model": model, "encoding_format": "float"}
        found = self._json("POST", "/v1/embeddings", json=body)
        vectors = [one["embedding"] for one in found["data"]]
        return {
            "model": found["model"], "dimension": len(vectors[0]), "vectors": vectors,
            "tokens": found["usage"]["prompt_tokens"],
        }  # fmt: skip

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...
