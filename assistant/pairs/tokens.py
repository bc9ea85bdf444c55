"""A pair of texts as the tokens that the encoders read: <s> first </s></s> second </s>."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from ingestion.errors import ModelError

_BEGIN, _END = 0, 2
_MARKS = 4
_SHARE = 2  # the second text may take up to one part in so many


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Token ids of a pair; those from `second` on belong to the second text."""

    ids: list[int]
    second: int


class PairTokenizer:
    """Cuts pairs to `max_tokens`: the second text to half of them at most, then the end of the first."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        """Load the tokenizer of a sentence-transformers folder.

        Raises:
            ModelError: it is absent or damaged.
        """
        path = folder / "tokenizer.json"
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises a bare Exception for every kind of damage
            raise ModelError(f"{path} does not load ({error}). Pull {folder.name} again.") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.max_tokens = max_tokens

    def encode(self, pairs: Sequence[tuple[str, str]]) -> list[TokenPair]:
        """The tokens of each pair."""
        texts = [text for pair in pairs for text in pair]
        found = self._encoded(texts)
        return [self._joined(found[2 * i].ids, found[2 * i + 1].ids) for i in range(len(pairs))]

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""
        return [
            len(one.ids) for one in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]

    def _encoded(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)

    def _joined(self, first: list[int], second: list[int]) -> TokenPair:
        second = second[: self.max_tokens // _SHARE]
        first = first[: self.max_tokens - _MARKS - len(second)]
        return TokenPair([_BEGIN, *first, _END, _END, *second, _END], len(first) + 3)
