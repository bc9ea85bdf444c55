"""What a question finds and what of it the model is shown, for answers and for examples that teach them."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answers import Evidence, Hit, Query
from assistant.evidence import EvidenceMode, gather
from assistant.retrieval import Retriever
from ingestion.dictionary import DictionaryFile
from ingestion.documents import EVERYTHING, LOCAL_USER, Scope, User
from ingestion.settings import Settings

_AROUND = 400  # tokens of instructions and question beside the sources


class ServedEvidence:
    """Searches and chooses sources as the settings say."""

    def __init__(
        self, retriever: Retriever, settings: Settings, dictionary: DictionaryFile | None = None
    ) -> None:
        self.retriever = retriever
        self._settings = settings
        self._dictionary = dictionary

    def retrieve(
        self, asked: str, scope: Scope = EVERYTHING, user: User = LOCAL_USER, *, more: int = 1
    ) -> list[Hit]:
        """The hits of a question; `more` times as many as are served, for those who leave some out."""
        settings = self._settings.retrieval
        return self.retriever.retrieve(Query(asked, more * settings.top_k, settings.mode, scope), user)

    def in_their_words(self, asked: str, hits: Sequence[Hit]) -> str:
        """The question with the documents' word where the company's dictionary knows it by another."""
        if self._dictionary is None:
            return asked
        return self._dictionary.current().reworded(asked, [f"{hit.title}\n{hit.text}" for hit in hits])

    def gather(
        self,
        worded: str,
        hits: Sequence[Hit],
        *,
        earlier: Sequence[Hit] = (),
        mode: EvidenceMode | None = None,
    ) -> Evidence:
        """The sources of the prompt; see `assistant.evidence.gather`."""
        settings = self._settings
        return gather(
            worded, hits, settings.evidence, mode=mode, earlier=earlier, room=room_for_chunks(settings)
        )


def room_for_chunks(settings: Settings) -> int:
    """Tokens that whole chunks may take in a prompt, beside instructions, question and reply."""
    return max(200, settings.models.context_tokens - settings.generation.max_tokens - _AROUND)
