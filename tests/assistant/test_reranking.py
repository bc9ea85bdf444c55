"""The reranker's adapter, what it does to hits, and where the settings find a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from assistant_fakes import FakeEmbedder, FakeIndexes, FakeLibrary, hit, stored

from assistant.answers import Query
from assistant.pairs.encoder import PairEncoder
from assistant.pairs.tokens import TokenPair
from assistant.pairs.windows import PairWindows
from assistant.reranking import (
    Calibration,
    EncoderReranker,
    Relevance,
    encoder_reranker,
    has_reranker,
    load_reranker,
)
from assistant.rescoring import Rescoring, text_of
from assistant.retrieval import Retriever
from ingestion.errors import ModelError
from ingestion.settings import RerankSettings, RetrievalSettings


class FakeEncoder:
    """The raw scores of a pair are its first two token ids."""

    def logits(self, pairs: Sequence[TokenPair]) -> np.ndarray:
        return np.array([pair.ids[:2] for pair in pairs], np.float32).reshape(-1, 2)


class FakeWindows:
    """A passage "1,5;4,2" has two windows."""

    def windows(self, firsts: Sequence[str], second: str) -> list[list[TokenPair]]:
        return [
            [TokenPair([int(one) for one in part.split(",")], 1) for part in text.split(";")]
            for text in firsts
        ]


@dataclass
class FakeReranker:
    """Gives a text the relevance that is planted for it, 0 else."""

    planted: dict[str, float]
    weight: float = 0.5
    name: str = "fake"
    read: list[list[str]] = field(default_factory=list)

    def rerank(self, query: str, passages: Sequence[str]) -> list[Relevance]:
        self.read.append(list(passages))
        return [Relevance(self.planted.get(text, 0.0), None) for text in passages]


def logistic(value: float) -> float:
    return 1 / (1 + exp(-value))


def test_a_passage_counts_by_its_best_window_for_each_score_alone() -> None:
    reranker = EncoderReranker(
        cast(PairEncoder, FakeEncoder()), cast(PairWindows, FakeWindows()), name="r", weight=0.4,
        relevance=Calibration((1.0, 0.0), -2.0), answering=Calibration((0.0, 0.5), 0.0),
    )  # fmt: skip
    found = reranker.rerank("?", ["1,5;4,2", "3,0"])
    assert found[0].score == pytest.approx(logistic(4 - 2))
    assert found[0].answers == pytest.approx(logistic(0.5 * 5))
    assert found[1] == Relevance(pytest.approx(logistic(1)), pytest.approx(0.5))
    assert reranker.rerank("?", []) == []


def test_a_hit_s_score_is_the_mix_and_an_unread_one_never_overtakes() -> None:
    hits = [
        hit("a", document="a", score=0.9),
        hit("b", document="b", score=0.8),
        hit("c", document="c", score=0.7),
    ]
    reranker = FakeReranker({text_of(hits[1]): 1.0, text_of(hits[2]): 1.0})
    found = Rescoring(reranker, top=2).rescored("?", hits)
    assert [(one.document, one.rank) for one in found] == [("b", 1), ("a", 2), ("c", 3)]
    assert [one.score for one in found] == pytest.approx([0.5 * 0.8 + 0.5, 0.45, 0.35])
    assert [(one.fused, one.relevance) for one in found] == [(0.8, 1.0), (0.9, 0.0), (0.7, None)]
    assert len(reranker.read[0]) == 2


def test_it_reads_title_headings_and_chunk() -> None:
    assert text_of(hit("宿泊費は1万円。", title="旅費規程")) == "旅費規程\n宿泊費は1万円。"


def test_a_search_reads_more_hits_than_it_returns_unless_told_not_to() -> None:
    chunks = {row: stored(row, text=f"chunk {row}") for row in range(40)}
    reranker = FakeReranker({"t\nchunk 17": 1.0}, weight=0.9)
    searching = Retriever(
        FakeLibrary(chunks), FakeIndexes([(row, 1 - row / 100) for row in range(30)], []), FakeEmbedder(),
        RetrievalSettings(), rescoring=Rescoring(reranker, top=20),
    )  # fmt: skip
    found = searching.retrieve(Query("?", top_k=3))
    assert [one.start // 10 for one in found] == [17, 0, 1]
    assert len(reranker.read[0]) == 20
    assert all(0 <= one.score <= 1 for one in found)
    plain = searching.retrieve(Query("?", top_k=3, rerank=False))
    assert [one.start // 10 for one in plain] == [0, 1, 2]
    assert len(reranker.read) == 1


def test_a_reranker_is_there_only_with_its_base(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    settings = RerankSettings(model=str(own))
    assert not has_reranker(settings, tmp_path)
    (own / "encoder.onnx").write_bytes(b"")
    assert has_reranker(settings, tmp_path)
    assert not has_reranker(RerankSettings(), tmp_path)  # no word vectors among the models


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "cannot be read"),
        ({"base": "b"}, "lacks"),
        ({"base": "multilingual-e5-small", "max_tokens": 256}, "is no reranker|is not there|pull"),
    ],
)
def test_a_damaged_folder_says_what_is_wrong(tmp_path: Path, config: object, said: str) -> None:
    if config is not None:
        (tmp_path / "encoder.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match=said):
        encoder_reranker(tmp_path, tmp_path, 1)


def test_a_name_that_is_neither_folder_nor_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="organisation/model"):
        load_reranker(RerankSettings(model="nonsense"), tmp_path, 1)
