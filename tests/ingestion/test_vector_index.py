from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ingestion.vector_index import IndexState, VectorIndex, list_count
from ingestion.vectors import Rows, Vectors

CHANCE = np.random.default_rng(5)


def unit_vectors(count: int, dimension: int = 32) -> Vectors:
    """Vectors in loose groups, as texts are, not evenly over the sphere."""
    centres = CHANCE.standard_normal((max(2, count // 50), dimension))
    vectors = centres[CHANCE.integers(len(centres), size=count)] + 0.7 * CHANCE.standard_normal(
        (count, dimension)
    )
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def brute_force(vectors: Vectors, rows: Rows, query: Vectors, top_k: int) -> list[tuple[int, float]]:
    scores = vectors @ query
    best = np.argsort(-scores)[:top_k]
    return [(int(rows[i]), float(scores[i])) for i in best]


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return unit_vectors(3000)


ROWS = np.arange(3000, dtype=np.int64) * 3 + 11


def test_exact_search_agrees_with_brute_force(vectors: Vectors) -> None:
    index = VectorIndex(32)
    index.add(ROWS, vectors)
    for query in vectors[:20]:
        expected, found = brute_force(vectors, ROWS, query, 10), index.search(query, 10)
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=2e-3)
        assert found[0][0] == expected[0][0]


def test_a_filter_and_removals_leave_what_brute_force_leaves(vectors: Vectors) -> None:
    index = VectorIndex(32)
    index.add(ROWS, vectors)
    assert index.remove(ROWS[:1000]) == 1000
    assert index.remove(ROWS[:1000]) == 0
    allowed = ROWS[500:1500]
    for query in vectors[1000:1010]:
        expected = brute_force(vectors[1000:1500], ROWS[1000:1500], query, 7)
        found = index.search(query, 7, allowed)
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=2e-3)
        assert {row for row, _ in found} <= set(ROWS[1000:1500].tolist())
    assert index.rows().tolist() == ROWS[1000:].tolist()


def test_padding_is_never_a_row(vectors: Vectors) -> None:
    index = VectorIndex(32)
    assert index.search(vectors[0], 5) == []
    index.add(ROWS[:2], vectors[:2])
    assert {row for row, _ in index.search(vectors[0], 5)} == {11, 14}
    assert index.search(vectors[0], 5, np.array([14, 10**7], dtype=np.int64))[0][0] == 14
    assert index.search(vectors[0], 5, np.array([], dtype=np.int64)) == []


def test_adding_a_row_again_replaces_it(vectors: Vectors) -> None:
    index = VectorIndex(32)
    index.add(ROWS[:5], vectors[:5])
    index.add(ROWS[:5], vectors[5:10])
    assert len(index) == 5
    assert index.search(vectors[5], 1) == [(11, pytest.approx(1, abs=2e-3))]


def test_the_approximate_form_finds_nearly_all() -> None:
    many = unit_vectors(20_000)
    rows = np.arange(1, 20_001, dtype=np.int64)
    index = VectorIndex(32)
    index.train(many[::2], 20_000)
    index.add(rows, many)
    index.remove(rows[:100])
    queries = many[100:150] + 0.2 * unit_vectors(50)
    hits = wanted = 0
    for query in queries:
        expected = {row for row, _ in brute_force(many[100:], rows[100:], query, 10)}
        hits += len(expected & {row for row, _ in index.search(query, 10)})
        wanted += len(expected)
    assert hits / wanted >= 0.95
    assert index.rows().tolist() == rows[100:].tolist()


def test_a_narrow_filter_finds_its_rows_in_the_approximate_form() -> None:
    many = unit_vectors(20_000)
    rows = np.arange(1, 20_001, dtype=np.int64)
    index = VectorIndex(32)
    index.train(many, 20_000)
    index.add(rows, many)
    allowed = np.array([5, 700, 12_000, 19_999], dtype=np.int64)
    assert {row for row, _ in index.search(many[0], 10, allowed)} == set(allowed.tolist())


@pytest.mark.parametrize("approximate", [False, True])
def test_a_snapshot_comes_back(tmp_path: Path, vectors: Vectors, approximate: bool) -> None:
    index = VectorIndex(32)
    if approximate:
        index.train(vectors, len(vectors))
    index.add(ROWS, vectors)
    state = IndexState("library", "embedder", 32, 7, index.trained_on)
    index.save(tmp_path, IndexState("library", "embedder", 32, 6, index.trained_on))
    index.save(tmp_path, state)
    loaded = VectorIndex.load(tmp_path)
    assert loaded is not None and loaded[1] == state
    assert loaded[0].search(vectors[3], 5) == index.search(vectors[3], 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "vectors-7.faiss"]


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest", "other format"])
def test_a_damaged_snapshot_is_none(tmp_path: Path, vectors: Vectors, damage: str) -> None:
    index = VectorIndex(32)
    index.add(ROWS, vectors)
    index.save(tmp_path, IndexState("library", "embedder", 32, 1))
    file, manifest = tmp_path / "vectors-1.faiss", tmp_path / "manifest.json"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:500])
    elif damage == "gone":
        file.unlink()
    elif damage == "manifest":
        manifest.write_text("{", "utf-8")
    else:
        values = json.loads(manifest.read_text("utf-8"))
        manifest.write_text(json.dumps({**values, "format": 99}), "utf-8")
    assert VectorIndex.load(tmp_path) is None


def test_a_million_vectors_get_the_lists_that_were_measured() -> None:
    assert list_count(1_000_000) == 2048
