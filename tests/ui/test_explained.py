"""Why a passage was found, in words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from web_fakes import EXPLAINED

from ui.explained import explained_lines
from ui.texts import texts

WHOLE = EXPLAINED | {
    "searched": "今年度の旅費", "lexical": {"rank": 1, "score": 9.5, "scaled": 1.0},
    "terms": [
        {"term": "予算", "for": "予算", "from": "question"}, {"term": "2024", "for": "2024", "from": "date"},
        {"term": "旅費", "for": "出張費", "from": "dictionary"},
        {"term": "2025年度", "for": "今年度", "from": "time"},
    ],
    "hints": [{"kind": kind, "words": "w", "bonus": 0.12} for kind in ("file", "title", "article", "date")],
    "rerank": {"relevance": 0.7, "answers": None}, "versions": {"rank_before": 4, "state": "superseded"},
    "pieces": ["d:0-9", "d:10-19"],
}  # fmt: skip


def test_everything_that_had_a_part_is_said() -> None:
    lines = list(explained_lines(WHOLE, "en"))
    assert lines[:3] == [
        "Searched for: 今年度の旅費", "Vectors: rank 3, cosine 0.870, scaled 0.71",
        "Words: rank 1, BM25 9.500, scaled 1.00",
    ]  # fmt: skip
    assert "旅費 (company dictionary, for 出張費), 2025年度 (what 今年度 means today)" in lines[3]
    assert all(line.endswith(": +0.12") for line in lines[5:9])
    assert lines[9:] == [
        "Reranker: 0.70", "Before versions were looked at: rank 4. Today the document is: superseded",
        "Joined from 2 neighbouring passages",
    ]  # fmt: skip
    assert len(list(explained_lines(WHOLE, "ja"))) == len(lines)


def test_nothing_is_said_of_what_had_no_part() -> None:
    assert list(explained_lines(EXPLAINED | {"hints": []}, "ja")) == [
        "検索した質問：", "ベクトル検索：3位、コサイン0.870、0～1に直すと0.71",
        "語の検索：候補に入っていません",
        "統合スコア：0.28（ベクトル検索の重み0.4）",
    ]  # fmt: skip


def values(table: Mapping[str, Any]) -> dict[str, set[str]]:
    flat = {**table, **table["states"]}
    return {
        key: {name for _, name, _, _ in Formatter().parse(text) if name}
        for key, text in flat.items()
        if isinstance(text, str)
    }


def test_both_languages_say_the_same() -> None:
    assert values(texts("ja")["explained"]) == values(texts("en")["explained"])
