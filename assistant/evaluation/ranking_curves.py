"""How well a score tells yes from no, over every threshold."""

from __future__ import annotations

from collections.abc import Sequence


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """The chance that a yes has a higher score than a no; ties count half (Hanley & McNeil, 1982).

    By the sum of mid-ranks (Mann-Whitney), in n log n.

    Raises:
        ValueError: one of the classes has no row.
    """
    yes = sum(labels)
    no = len(labels) - yes
    if not yes or not no:
        raise ValueError(f"{yes} of {len(labels)} rows are yes; both classes are needed")
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    total, first = 0.0, 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and scores[order[last + 1]] == scores[order[first]]:
            last += 1
        middle = (first + last) / 2 + 1
        total += middle * sum(labels[order[i]] for i in range(first, last + 1))
        first = last + 1
    return (total - yes * (yes + 1) / 2) / (yes * no)


def rates_at(scores: Sequence[float], labels: Sequence[bool], threshold: float) -> tuple[float, float]:
    """(share of the noes at or above `threshold`, share of the yeses below it); 0 of an empty class."""
    noes = [score for score, label in zip(scores, labels, strict=True) if not label]
    yeses = [score for score, label in zip(scores, labels, strict=True) if label]
    passed = sum(score >= threshold for score in noes) / len(noes) if noes else 0.0
    refused = sum(score < threshold for score in yeses) / len(yeses) if yeses else 0.0
    return passed, refused
