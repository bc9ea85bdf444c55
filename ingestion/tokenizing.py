"""Text becomes the words that lexical search compares: Japanese morphemes, codes, article numbers, bigrams.

SudachiPy's mode A with normalised forms, particles, auxiliaries and symbols dropped, found most in the
comparison on JaQuAD (recall@5 0.952, against 0.933 for bigrams and 0 for white space). It also reads
numerals: 第十二条 and 第12条 give the same tokens. Only the plural of an ASCII word is folded; no stemming.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from sudachipy import Dictionary, SplitMode

from ingestion.written_forms import date_tokens, fold, one_ke, plain_numbers

__all__ = [
    "NAME_KINDS", "TOKENS_VERSION", "NameKind", "Word", "bigrams", "fold", "names_with_kinds", "proper_names",
    "search_tokens", "words_in",
]  # fmt: skip

NameKind = Literal["地名", "人名"]
"""What a proper name is of: a place or a person, as the dictionary has it."""

NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)

TOKENS_VERSION = 2
"""Grows when the same text gives other tokens than before: lexical indexes are then built anew."""

_LIMIT = 12_000  # characters; Sudachi refuses more than 49,149 bytes and UTF-8 takes up to four for one
_CODE = re.compile(r"[a-z0-9]+(?:[-_./:][a-z0-9]+)*", re.ASCII)
_RUN = re.compile(r"[a-z]+|[0-9]+", re.ASCII)
_LATIN = re.compile(r"(?<![a-z0-9])[a-z]{3,}s(?![a-z0-9])", re.ASCII)
_WORDS = re.compile(r"[^\W_]+")
_LONGEST_WORD = 4  # characters looked at behind a name that may be a cut word
_UNITS = frozenset("条項号章節款編")
_OF_PLACES = frozenset("都道府県市区町村郡")
_OF_PEOPLE = ("部長", "課長", "主任", "係長", "社長", "専務", "常務", "次長", "所長", "さん", "様", "氏")
_FUNCTION_WORDS = frozenset({"助詞", "助動詞"})
_tokenizers = threading.local()  # a Sudachi tokenizer serves one thread at a time


def search_tokens(text: str) -> list[str]:
    """The tokens of `text` in reading order; none holds white space.

    A code stays whole beside its parts (AB-1234X: ab-1234x, ab1234x, ab, 1234, x); an article number gives
    its joined forms too (第12条第2項: 12条, 2項, 12条2項; 第12条の2: 12条の2). Dates follow in one form
    (令和6年4月1日: 2024, 2024-04-01).
    """
    text = fold(text)
    tokens: list[str] = []
    article = number = before = ""
    for word, kept in _words(plain_numbers(_LATIN.sub(_singular, text))):
        if number and word in _UNITS:
            tokens.append(f"{number}{word}")
            if article:
                tokens.append(f"{article}{number}{word}")
            article += f"{number}{word}"
        elif article and before == "の" and word.isdigit():
            article += f"の{word}"
            tokens.append(article)
        elif word not in ("第", "の") and not word[:1].isdigit():
            article = ""
        number = word if word[:1].isdigit() else ""
        before = word
        if kept:
            tokens += _forms(word, kept)
    return tokens + date_tokens(text)


def proper_names(text: str) -> list[str]:
    """Japanese names of places and people in `text`, folded; not 日本, which narrows nothing."""
    return [name for name, _ in names_with_kinds(text)]


def names_with_kinds(text: str) -> list[tuple[str, NameKind]]:
    """`proper_names`, each with what it names."""
    named: list[tuple[str, NameKind]] = []
    for piece in _pieces(fold(text)):
        for morpheme in _tokenizer().tokenize(piece):
            kind = morpheme.part_of_speech()
            name = morpheme.surface()
            if (
                kind[1] == "固有名詞"
                and kind[2] in NAME_KINDS
                and name != "日本"
                and not name.isascii()
                and not _cuts_a_word(piece, morpheme.begin(), morpheme.end())
            ):
                named.append((name, kind[2]))
    return named


def _cuts_a_word(text: str, start: int, end: int) -> bool:
    """Whether a common noun begins inside of `text[start:end]` and ends behind it.

    Rare names arise where two words meet: 何年の間倉庫に reads as 間倉 and 庫. What says that a place
    or a person is meant begins no such word: 知県 was an office, yet 愛知県 is 愛知; 田中部長 is no 中部.
    """
    if text[end : end + 1] in _OF_PLACES or text.startswith(_OF_PEOPLE, end):
        return False
    for inner in range(start + 1, end):
        first = next(iter(_tokenizer().tokenize(text[inner : end + _LONGEST_WORD])), None)
        if first is not None and inner + first.end() > end and first.part_of_speech()[1] == "普通名詞":
            return True
    return False


class Word(NamedTuple):
    """A morpheme at `text[start:end]` and its parts of speech in Sudachi, from general to special."""

    start: int
    end: int
    surface: str
    kind: tuple[str, ...]


def words_in(text: str) -> Iterator[Word]:
    """The morphemes of `text` as it is, each with its place."""
    start = 0
    for piece in _pieces(text):
        for morpheme in _tokenizer().tokenize(piece):
            surface = morpheme.surface()
            yield Word(start + morpheme.begin(), start + morpheme.end(), surface, morpheme.part_of_speech())
        start += len(piece)


def bigrams(text: str) -> list[str]:
    """Overlapping pairs of letters or digits; a single one stands for itself."""
    pairs: list[str] = []
    for run in _WORDS.findall(fold(text)):
        pairs += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    return pairs


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a word's surface and its normalised form, "" for one that search ignores."""
    end = 0
    for match in _CODE.finditer(text):
        if _is_code(match.group()):
            yield from _morphemes(text[end : match.start()])
            yield match.group(), match.group()
            end = match.end()
    yield from _morphemes(text[end:])


def _is_code(word: str) -> bool:
    """Letters with digits, or parts joined by signs; plain words and numbers are left to the dictionary."""
    return not (word.isalpha() or word.isdigit())


def _forms(word: str, normalised: str) -> list[str]:
    if not word.isascii():
        return [one_ke(normalised)]
    if not _is_code(word):
        forms = [word]
        if not normalised.isascii():  # Sudachi turns report into レポート: both shall find it
            forms.append(normalised)
        return forms if word.isalpha() else [normalised]
    parts = _RUN.findall(word)
    forms = [word, *parts]
    joined = "".join(parts)
    if joined != word and not joined.isdigit():  # 3.5 must not be found as 35
        forms.insert(1, joined)
    return list(dict.fromkeys(forms))


def _singular(match: re.Match[str]) -> str:
    """The plural of an English word folded, roughly, and the same for query and text."""
    word = match.group()
    if word.endswith(("ss", "us", "is")):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


def _morphemes(text: str) -> Iterator[tuple[str, str]]:
    tokenizer = _tokenizer()
    for piece in _pieces(text):
        for morpheme in tokenizer.tokenize(piece):
            surface = morpheme.surface()
            normalised = morpheme.normalized_form().lower()
            if normalised.isdigit():
                yield normalised, normalised
            elif morpheme.part_of_speech()[0] in _FUNCTION_WORDS or not _searchable(surface):
                yield surface, ""
            else:
                yield surface, "".join(normalised.split())


def _searchable(surface: str) -> bool:
    return any(character.isalnum() for character in surface)


def _pieces(text: str) -> Iterator[str]:
    """Parts that Sudachi takes, cut at a line's or sentence's end where there is one."""
    while len(text) > _LIMIT:
        cut = max(text.rfind("\n", 0, _LIMIT), text.rfind("。", 0, _LIMIT)) + 1 or _LIMIT
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _tokenizer() -> Any:
    found = getattr(_tokenizers, "sudachi", None)
    if found is None:
        found = _tokenizers.sudachi = _dictionary().tokenizer(mode=SplitMode.A)
    return found


@lru_cache(maxsize=1)
def _dictionary() -> Any:
    return Dictionary(dict="core")
