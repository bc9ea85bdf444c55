"""Chunks that look like a company's and cost nothing to make: sentences shuffled, codes and amounts changed.

Vectors of chunks are made from those of a few hundred really embedded sentences, with noise, so that a real
query has near and far neighbours as in life. What this does not show is relevance: only speed is measured.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.chunking import split_sentences
from ingestion.embedding import Embedder, Vectors

CHUNK_CHARACTERS = 400
CHUNKS_PER_DOCUMENT = 200
EMBEDDED_SENTENCES = 256
_NOISE = 0.35
_NUMBER = re.compile(r"\d+")

BUILT_IN = """\
年次有給休暇は入社後6か月で10労働日を付与する。出張旅費は帰着後5営業日以内に精算する。
私物のUSBメモリを会社の端末に接続してはならない。装置の定格電圧は200ボルトである。
取引先との会食は1人12000円を上限とし、事前に部長の承認を得る。月次の会議は第2火曜日に開く。
製品コードAB-1234Xの在庫は東京倉庫に48台ある。保証期間は納入日から24か月とする。
パスワードは12文字以上とし、90日ごとに変更しなければならない。不具合は品質管理課へ連絡する。
The warranty covers parts and labour for 24 months. Report incidents to the security desk within 2 hours.
Employees may work from home up to 3 days a week. Travel above 500 euros needs approval in advance.
"""


@dataclass(frozen=True, slots=True)
class MadeDocument:
    """Chunk texts of one made-up document with their vectors, `(n, dimension)` float32 unit vectors."""

    title: str
    chunks: tuple[str, ...]
    vectors: Vectors


def sentence_pool(texts: Sequence[str]) -> list[str]:
    """Distinct sentences of 8 to 200 characters, in order of appearance; the built-in ones where few are."""
    found: dict[str, None] = {}
    for text in [*texts, BUILT_IN]:
        for span in split_sentences(text):
            sentence = " ".join(text[span.start : span.end].split())
            if 8 <= len(sentence) <= 200:
                found.setdefault(sentence)
    return list(found)


def make_documents(
    chunks: int, pool: Sequence[str], embedder: Embedder, seed: int = 0
) -> Iterator[MadeDocument]:
    """Documents that hold `chunks` chunks together; equal seeds give equal documents."""
    chooser, noise = random.Random(seed), np.random.default_rng(seed)
    embedded = (
        list(pool) if len(pool) <= EMBEDDED_SENTENCES else chooser.sample(list(pool), EMBEDDED_SENTENCES)
    )
    base = embedder.embed_passages(embedded)
    for first in range(0, chunks, CHUNKS_PER_DOCUMENT):
        count = min(CHUNKS_PER_DOCUMENT, chunks - first)
        texts = tuple(_chunk(pool, chooser) for _ in range(count))
        picked = noise.integers(0, len(base), size=(count, 3))
        vectors = base[picked].mean(axis=1) + noise.normal(
            0, _NOISE / base.shape[1] ** 0.5, (count, base.shape[1])
        )
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        number = first // CHUNKS_PER_DOCUMENT + 1
        yield MadeDocument(f"文書{number:05d}", texts, vectors.astype(np.float32))


def _chunk(pool: Sequence[str], chooser: random.Random) -> str:
    """Sentences up to the usual length; numbers change, so that codes and amounts are as rare as in life."""
    parts: list[str] = []
    length = 0
    while length < CHUNK_CHARACTERS:
        sentence = _NUMBER.sub(lambda found: _another(found.group(), chooser), chooser.choice(pool))
        parts.append(sentence)
        length += len(sentence)
    return "".join(parts)


def _another(number: str, chooser: random.Random) -> str:
    return str(chooser.randrange(10 ** (len(number) - 1), 10 ** len(number)))


def make_queries(count: int, pool: Sequence[str], seed: int = 1) -> list[str]:
    """Questions about sentences of the pool, with numbers of their own."""
    chooser = random.Random(seed)
    endings = ("とは何ですか。", "について教えてください。", "はいくらですか。", "の条件は？")
    queries = []
    for _ in range(count):
        sentence = _NUMBER.sub(lambda found: _another(found.group(), chooser), chooser.choice(pool))
        start = chooser.randrange(max(1, len(sentence) - 24))
        queries.append(sentence[start : start + 24].strip("。. ") + chooser.choice(endings))
    return queries
