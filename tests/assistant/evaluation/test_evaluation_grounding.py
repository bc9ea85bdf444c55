"""Figures of `eval grounding` against counts by hand, and the rows that it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.grounding import auroc, evaluate_grounding, f1, read_pairs
from assistant.grounding.entailment import LABELS, Judgement, Pair
from ingestion.documents import Span


@dataclass
class ByClaim:
    """Says of a claim what the claim itself says: "supported 0.9"."""

    name: str = "by claim"

    def verify(self, pairs: Sequence[Pair]) -> list[Judgement]:
        found = []
        for pair in pairs:
            word, score = pair.claim.split()
            label = next(one for one in LABELS if one == word)
            found.append(Judgement(label, (float(score), 0.0, 1 - float(score)), Span(0, 1), 0))
        return found


def written(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    lines = [
        json.dumps({"id": str(i), "evidence": ["x", "y"], "claim": claim, "label": label})
        for i, (claim, label) in enumerate(rows)
    ]
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_figures_are_those_counted_by_hand(tmp_path: Path) -> None:
    rows = read_pairs(
        written(
            tmp_path / "pairs.jsonl",
            [
                ("supported 0.9", "supported"), ("supported 0.8", "supported"),
                ("supported 0.7", "supported"), ("neither 0.3", "supported"),
                ("supported 0.6", "neither"), ("contradicted 0.2", "contradicted"),
            ],
        ),
        labelled=True,
    )  # fmt: skip
    found = evaluate_grounding(rows, ByClaim())
    assert (found["n"], found["kept"], found["caught"]) == (6, 0.75, 0.5)
    assert found["balanced_accuracy"] == 0.625
    assert found["f1"] == {"supported": 0.75, "contradicted": 1.0, "neither": 0.0}  # 2·3/(4+4), 2·1/2, 0
    assert found["auroc"] == 0.875  # of 8 pairs only (0.3, 0.6) is the wrong way round
    assert found["pairs_per_s"] > 0


def test_auroc_counts_ties_half() -> None:
    assert auroc([True, False], [0.5, 0.5]) == 0.5
    assert auroc([True, True], [0.1, 0.9]) == 0.5
    assert f1(["neither"], ["neither"], "supported") == 0.0


@pytest.mark.parametrize(
    "line",
    ["{", '{"claim": "a", "label": "neither"}', '{"evidence": 1, "claim": "a", "label": "neither"}',
     '{"evidence": "x", "claim": "a", "label": "yes"}', '{"evidence": "x", "claim": 3, "label": "neither"}'],
)  # fmt: skip
def test_a_bad_row_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"evidence": "x", "claim": "a", "label": "neither"}\n' + line, "utf-8")
    with pytest.raises(EvaluationError, match=r"pairs\.jsonl:2"):
        read_pairs(path, labelled=True)


def test_a_pair_without_an_id_is_called_by_its_line_wherever_the_file_lies(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    pair = '"evidence": "x", "claim": "a"'
    path.write_text(f'{{"id": 7, {pair}}}\n\n{{"id": null, {pair}}}\n{{{pair}}}\n', "utf-8")
    assert [row.id for row in read_pairs(path, labelled=False)] == ["7", "3", "4"]


def test_an_absent_or_empty_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_pairs(tmp_path / "none.jsonl", labelled=False)
    (tmp_path / "empty.jsonl").write_text("", "utf-8")
    with pytest.raises(EvaluationError, match="holds no pairs"):
        read_pairs(tmp_path / "empty.jsonl", labelled=True)
