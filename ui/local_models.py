"""The operations of `ui.model_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ingestion.errors import ModelError
from ui.errors import UsageError
from ui.model_operations import TextKind
from ui.resources import Resources

if TYPE_CHECKING:
    from ui.asking import Asking

Json = dict[str, Any]
MOST_TEXTS = 2048
"""As many as clients of other services send at once."""
_BATCH = 16  # half a second on two cores
_YIELD_SECONDS = 2.0  # for answers that are being written; a caller's patience ends with its connection


class LocalModels(ABC):
    """Implements `ui.model_operations.ModelOperations` for a class that has what is declared here."""

    resources: Resources
    _asking: Asking

    def served_models(self) -> list[Json]:
        """See `ModelOperations.served_models`."""
        settings, store = self.resources.settings, self.resources.model_store
        embedder, present = settings.models.embedder, [one for one in store.list() if one.present]
        if settings.server.base_url:
            chat = [settings.server.model] if settings.server.model else []
        else:
            chat = [one.name for one in present if one.role == "chat"]
        chosen = settings.server.model or settings.models.chat
        found = [{"name": name, "role": "chat", "default": name == chosen} for name in chat]
        if any(one.name == embedder for one in present):
            found.append({"name": embedder, "role": "embedder", "default": True})
        return found

    def embed(self, texts: Sequence[str], *, kind: TextKind = "passage", model: str | None = None) -> Json:
        """See `ModelOperations.embed`."""
        name = self.resources.settings.models.embedder
        if model not in (None, name):
            raise ModelError(f"{model!r} is not the embedder of this workspace, which is {name!r}.")
        if not texts:
            raise UsageError("there is no text to embed.")
        if len(texts) > MOST_TEXTS:
            raise UsageError(f"{len(texts)} texts are more than the {MOST_TEXTS} that are taken at once.")
        if empty := [number for number, text in enumerate(texts) if not text.strip()]:
            raise UsageError(f"the text with number {empty[0]} is empty.")
        embedder = self.resources.search.embedder
        tokens = embedder.count_tokens(texts)
        if long := [number for number, count in enumerate(tokens) if count > embedder.max_tokens]:
            raise UsageError(
                f"the text with number {long[0]} has {tokens[long[0]]} tokens; "
                f"the embedder reads {embedder.max_tokens}. Send it in parts."
            )
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            if start:
                self._asking.wait_turn(_YIELD_SECONDS)
            batch = texts[start : start + _BATCH]
            if kind == "query":
                vectors += [embedder.embed_query(text).tolist() for text in batch]
            else:
                vectors += embedder.embed_passages(batch).tolist()
        return {"model": name, "dimension": embedder.dimension, "vectors": vectors, "tokens": sum(tokens)}
