"""How well the right page or passage is found: measures per question, per mode, with honest weights.

The three modes are computed from one pass of candidates, so their differences are paired. The dense weight
of the hybrid mode is cross-fitted: each half of the questions is measured with the weight that was best on
the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.answers import Mode
from assistant.errors import EvaluationError
from assistant.evaluation.bootstrap import mean_interval, paired_difference
from assistant.evaluation.cross_fitting import WEIGHTS, Half, cross_fit, half_of
from assistant.evaluation.datasets import Dataset, Layout, Question
from assistant.evaluation.metrics import (
    hit_at,
    mean,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank,
    unique,
)
from assistant.fusion import Ranking, weighted_fusion

Item = tuple[str, int]
Split = Literal["all", "a", "b"]
Measures = dict[str, float]

_FITTED_ON: Mapping[Layout, str] = {"pdf": "mrr@10", "passage": "ndcg@10", "library": "ndcg@10"}


@dataclass(frozen=True, slots=True)
class Candidates:
    """What both searches returned for one question; `items` names the page or passage of every row."""

    dense: Ranking
    lexical: Ranking
    items: Mapping[int, Item]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The value of `eval retrieval --json`, and a row of a report for each question measured.

    `ranks` of a row hold the place of the right item in each ranking, None where it is not in it.
    """

    value: dict[str, Any]
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Readings:
    """What a reranker said of the best rows of each question: `relevance[i][row]`, and how long it took."""

    name: str
    top: int
    weight: float
    relevance: Sequence[Mapping[int, float]]
    ms: Sequence[float]


def rank_items(ranking: Ranking, items: Mapping[int, Item]) -> list[Item]:
    """The pages or passages of a ranking of rows, each at its best row; rows without an item fall out."""
    return unique(items[row] for row, _ in ranking if row in items)


def measure(layout: Layout, ranking: Sequence[Item], target: Item) -> Measures:
    """The measures that docs/cli.md names, for one question."""
    if layout == "pdf":
        files = unique(file for file, _ in ranking)
        return {
            "file_hit@1": hit_at(files, {target[0]}, 1),
            **{f"page_hit@{k}": hit_at(ranking, {target}, k) for k in (1, 5, 10)},
            "mrr@10": reciprocal_rank(ranking, {target}, 10),
        }
    return {
        **{f"recall@{k}": recall_at(ranking, {target}, k) for k in (1, 5, 10)},
        "mrr@10": reciprocal_rank(ranking, {target}, 10),
        "ndcg@10": ndcg_at(ranking, {target}, 10),
    }


def collect(
    questions: Sequence[Question], find: Callable[[str], Candidates], progress: Callable[[int, int], None]
) -> list[Candidates]:
    """Search every question once; `progress` gets (done, total)."""
    found = []
    for number, question in enumerate(questions, start=1):
        found.append(find(question.text))
        progress(number, len(questions))
    return found


def select(dataset: Dataset, split: Split, limit: int | None) -> list[Question]:
    """The questions that have to be searched for `evaluate` with the same `split` and `limit`.

    For one half these are both, since its weight is fitted on the other. `limit` holds for each half, or
    for all together, in the order of the file.

    Raises:
        EvaluationError: no question is left.
    """
    if split == "all":
        chosen = list(dataset.questions[:limit])
    else:
        halves: dict[Half, list[Question]] = {"a": [], "b": []}
        for question in dataset.questions:
            halves[half_of(question.id)].append(question)
        chosen = halves["a"][:limit] + halves["b"][:limit]
    if not any(_measured(question, split) for question in chosen):
        raise EvaluationError(f"{dataset.folder} has no question to measure in split {split!r}.")
    return chosen


def _measured(question: Question, split: Split) -> bool:
    return split in ("all", half_of(question.id))


def evaluated(
    layout: Layout,
    questions: Sequence[Question],
    candidates: Sequence[Candidates],
    *,
    mode: Mode = "hybrid",
    split: Split = "all",
    default_weight: float = 0.5,
    readings: Readings | None = None,
) -> Evaluated:
    """Measure every question: the value of `eval retrieval --json`, and its rows.

    `candidates[i]` belongs to `questions[i]`. In hybrid mode `ci` holds the 95 % interval of every mean and
    `comparisons` those of hybrid minus each single mode, over the same questions. With `readings` hybrid is
    reranked, and compared with the fusion too.
    """
    halves = [half_of(question.id) for question in questions]
    dense = [
        _measure_one(layout, q, found, found.dense) for q, found in zip(questions, candidates, strict=True)
    ]
    lexical = [
        _measure_one(layout, q, found, found.lexical) for q, found in zip(questions, candidates, strict=True)
    ]
    others = {"dense": dense, "lexical": lexical}
    shares: dict[Half, float] = {}
    told: dict[str, Any] | None = None
    if mode == "hybrid":
        weights, rows = _hybrid(layout, questions, candidates, halves, default_weight)
        if readings is not None:
            shares, rows, others["fused"] = _reranked(
                layout, questions, candidates, halves, default_weight, readings
            )
            told = {"name": readings.name, "top": readings.top, "weights": shares, **_times(readings.ms)}
    else:
        fixed = 1.0 if mode == "dense" else 0.0
        weights, rows = {"a": fixed, "b": fixed}, dense if mode == "dense" else lexical
    kept = [index for index, question in enumerate(questions) if _measured(question, split)]
    result: dict[str, Any] = {"mode": mode, "weights": weights, "split": split, "rerank": told}
    result["all"] = _means([rows[index] for index in kept])
    if layout == "pdf":
        kinds = sorted({questions[index].kind for index in kept})
        result["by_type"] = {
            kind: _means([rows[index] for index in kept if questions[index].kind == kind]) for kind in kinds
        }
    if mode == "hybrid":
        picked = [rows[index] for index in kept]
        result["ci"] = {name: mean_interval([row[name] for row in picked]).as_json() for name in picked[0]}
        result["comparisons"] = {
            name: _compare(picked, [measures[index] for index in kept]) for name, measures in others.items()
        }
    told_rows = []
    for index in kept:
        question, found, half = questions[index], candidates[index], halves[index]
        rankings = _rankings(
            mode, found, weights[half], default_weight,
            readings.relevance[index] if readings and shares else None, shares.get(half, 0.0),
        )  # fmt: skip
        told_rows.append(
            {
                "id": question.id, "question": question.text, "type": question.kind,
                "target": list(question.target), "measures": rows[index],
                "ranks": {name: _place(question, found, one) for name, one in rankings.items()},
            }
        )  # fmt: skip
    return Evaluated(result, told_rows)


def _rankings(
    mode: Mode,
    found: Candidates,
    weight: float,
    default: float,
    read: Mapping[int, float] | None,
    share: float,
) -> dict[str, Ranking]:
    """The rankings that a row tells of, by name; the one that was measured first."""
    single = {"dense": found.dense, "lexical": found.lexical}
    if mode != "hybrid":
        return {mode: single[mode]}
    if read is None:
        return {"hybrid": weighted_fusion(found.dense, found.lexical, weight), **single}
    fused = weighted_fusion(found.dense, found.lexical, default)
    return {"hybrid": reranked(fused, read, share), "fused": fused, **single}


def _place(question: Question, found: Candidates, ranking: Ranking) -> int | None:
    items = rank_items(ranking, found.items)
    return items.index(question.target) + 1 if question.target in items else None


def _measure_one(layout: Layout, question: Question, found: Candidates, ranking: Ranking) -> Measures:
    return measure(layout, rank_items(ranking, found.items), question.target)


def _hybrid(
    layout: Layout,
    questions: Sequence[Question],
    candidates: Sequence[Candidates],
    halves: Sequence[Half],
    default: float,
) -> tuple[dict[Half, float], list[Measures]]:
    table: dict[float, list[Measures]] = {weight: [] for weight in WEIGHTS}
    for question, found in zip(questions, candidates, strict=True):
        for weight in WEIGHTS:
            fused = weighted_fusion(found.dense, found.lexical, weight)
            table[weight].append(_measure_one(layout, question, found, fused))
    name = _FITTED_ON[layout]
    weights = cross_fit({w: [row[name] for row in rows] for w, rows in table.items()}, halves, default)
    return weights, [table[weights[half]][index] for index, half in enumerate(halves)]


def _reranked(
    layout: Layout,
    questions: Sequence[Question],
    candidates: Sequence[Candidates],
    halves: Sequence[Half],
    dense_weight: float,
    readings: Readings,
) -> tuple[dict[Half, float], list[Measures], list[Measures]]:
    """As `_hybrid`, for the reranker's share, and without any share; the fusion keeps its weight."""
    table: dict[float, list[Measures]] = {weight: [] for weight in WEIGHTS}
    for question, found, read in zip(questions, candidates, readings.relevance, strict=True):
        fused = weighted_fusion(found.dense, found.lexical, dense_weight)
        for weight in WEIGHTS:
            table[weight].append(_measure_one(layout, question, found, reranked(fused, read, weight)))
    name = _FITTED_ON[layout]
    weights = cross_fit(
        {w: [row[name] for row in rows] for w, rows in table.items()}, halves, readings.weight
    )
    rows = [table[weights[half]][index] for index, half in enumerate(halves)]
    return weights, rows, table[0.0]


def reranked(fused: Ranking, read: Mapping[int, float], weight: float) -> Ranking:
    """`fused` with the reranker's share, as `assistant.rescoring` mixes both; ties keep the order."""
    mixed = [(row, (1.0 - weight) * score + weight * read.get(row, 0.0)) for row, score in fused]
    return sorted(mixed, key=lambda pair: -pair[1])


def _times(ms: Sequence[float]) -> dict[str, float]:
    return {"added_p50_ms": round(percentile(ms, 0.5), 1), "added_p95_ms": round(percentile(ms, 0.95), 1)}


def _means(rows: Sequence[Measures]) -> dict[str, Any]:
    means = {name: round(mean([row[name] for row in rows]), 4) for name in rows[0]}
    return {"n": len(rows), **means}


def _compare(first: Sequence[Measures], second: Sequence[Measures]) -> dict[str, dict[str, float]]:
    return {
        name: paired_difference([row[name] for row in first], [row[name] for row in second]).as_json()
        for name in first[0]
    }
