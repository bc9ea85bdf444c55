"""The operations of `ui.knowledge_operations` asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast

from ui.knowledge_operations import Json


class KnowledgeCalls(ABC):
    """Implements `ui.knowledge_operations.KnowledgeOperations` for a class that sends requests."""

    def versions(self) -> list[Json]:
        """See `KnowledgeOperations.versions`."""
        return cast(list[Json], self._json("GET", "/versions"))

    def rule_version(self, document: str, said: Json, *, by: str = "") -> Json:
        """See `KnowledgeOperations.rule_version`."""
        body = {"document": document, "said": said, "by": by}
        return cast(Json, self._json("POST", "/versions", json=body))

    def dictionary(self) -> Json:
        """See `KnowledgeOperations.dictionary`."""
        return cast(Json, self._json("GET", "/dictionary"))

    def put_word(self, term: str, *, reading: str = "", synonyms: Sequence[str] = ()) -> Json:
        """See `KnowledgeOperations.put_word`."""
        body = {"term": term, "reading": reading, "synonyms": list(synonyms)}
        return cast(Json, self._json("POST", "/dictionary", json=body))

    def remove_word(self, term: str) -> Json:
        """See `KnowledgeOperations.remove_word`."""
        return cast(Json, self._json("DELETE", "/dictionary", params={"term": term}))

    def save_dictionary(self, entries: Sequence[Json]) -> Json:
        """See `KnowledgeOperations.save_dictionary`."""
        return cast(Json, self._json("PUT", "/dictionary", json={"entries": list(entries)}))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...
