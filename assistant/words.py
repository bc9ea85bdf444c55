"""Words that carry meaning, and how much each one weighs: shared by evidence, answerability and grounding.

Does not know grammar: inflected Japanese words (they end in hiragana) count little, because people ask with
other verbs than documents use, while names, nouns and codes count fully.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files

from assistant.answers import Language
from ingestion.tokenizing import search_tokens

_KANA = re.compile(r"[\u3041-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff々〆]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:['’_./-][A-Za-z0-9]+)*|[0-9]+[A-Za-z][A-Za-z0-9-]*")
_HIRAGANA_END = re.compile(r"[\u3041-\u309f]$")

_VERB_WEIGHT = 0.35


@cache
def _empty_words(language: Language) -> frozenset[str]:
    texts = tomllib.loads((files("assistant") / "empty_words.toml").read_text("utf-8"))
    return frozenset(texts["english" if language == "en" else "japanese"].split())


def detect_language(text: str) -> Language:
    """The language to answer in: Japanese when there is kana, or more kanji than Latin words."""
    if _KANA.search(text):
        return "ja"
    return "ja" if len(_HAN.findall(text)) > len(_LATIN.findall(text)) else "en"


@lru_cache(maxsize=4096)
def content_words(text: str) -> tuple[str, ...]:
    """The distinct words of `text` that carry meaning, in order of appearance, in their search form.

    English words lose their plural and verb endings; digits without a unit are left out (numbers.py compares
    those); question words, pronouns and other empty words are left out.
    """
    text = unicodedata.normalize("NFKC", text)
    words: dict[str, None] = {}
    for match in _LATIN.finditer(text):
        word = match.group().lower().replace("’", "'")
        if word not in _empty_words("en") and len(word) > 1:
            words[stem(word)] = None
    rest = _LATIN.sub(" ", text)
    for token in search_tokens(rest) if (_KANA.search(rest) or _HAN.search(rest)) else ():
        if _says_something(token):
            words[token] = None
    return tuple(words)


def stem(word: str) -> str:
    """An English word without its commonest endings; codes stay whole ("ab-1234x")."""
    if not word.isalpha() or len(word) <= 3:
        return word.removesuffix("'s")
    for ending, put in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and not word.endswith(("ss", "us", "is")) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending) + put
            break
    return word[:-1] if len(word) > 4 and (word.endswith("e") or word[-1] == word[-2] != "s") else word


def _says_something(token: str) -> bool:
    if token in _empty_words("ja") or not any(char.isalpha() for char in token):
        return False
    return len(token) > 1 or not _HIRAGANA_END.match(token)


def kind_weight(word: str) -> float:
    """How much a word of this kind says about the subject: 1 for nouns, names and codes."""
    if _HIRAGANA_END.search(word):
        return _VERB_WEIGHT
    return 1.0


class Weights:
    """Weight of a word by its rarity among some texts: ln(1 + N / (1 + texts with it)), times its kind.

    A word that no text holds weighs most.
    """

    def __init__(self, texts: Iterable[Sequence[str]]) -> None:
        self._counts: dict[str, int] = {}
        self._total = 0
        for words in texts:
            self._total += 1
            for word in set(words):
                self._counts[word] = self._counts.get(word, 0) + 1

    def __getitem__(self, word: str) -> float:
        rarity = math.log1p((self._total + 1) / (1 + self._counts.get(word, 0)))
        return rarity * kind_weight(word)

    def of(self, words: Iterable[str]) -> float:
        """Sum of the weights of `words`."""
        return sum(self[word] for word in words)


def same_word(word: str, others: Mapping[str, float] | set[str] | frozenset[str]) -> bool:
    """Whether `word` or a compound of it is among `others` ("宿泊" in "宿泊費")."""
    if word in others:
        return True
    if len(word) < 2 or word.isascii():
        return False
    return any(len(other) >= 2 and (word in other or other in word) for other in others)


def coverage(words: Sequence[str], text_words: Iterable[str], weights: Weights) -> float:
    """Weighted share of `words` found in `text_words`, in [0, 1]; 0 when there are no words."""
    total = weights.of(words)
    if total <= 0:
        return 0.0
    there = frozenset(text_words)
    return weights.of(word for word in words if same_word(word, there)) / total
