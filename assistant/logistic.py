"""Logistic regression of a few features on yes and no: how raw scores become probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ROUNDS = 60
_RIDGE = 1e-3  # keeps weights finite where the classes are separable


def fit_logistic(
    features: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_]
) -> tuple[tuple[float, ...], float]:
    """(weights, bias) of `p = sigmoid(features @ weights + bias)` with the least loss, both classes equal.

    `features` is `(n, k)`. Newton's method with a ridge of 1e-3 on the weights.

    Raises:
        ValueError: one of the classes has no row.
    """
    count, yes = len(labels), int(labels.sum())
    if yes in (0, count):
        raise ValueError(f"{yes} of {count} rows are yes; both classes are needed")
    rows = np.hstack([features.astype(np.float64), np.ones((count, 1))])
    share = np.where(labels, 0.5 / yes, 0.5 / (count - yes))
    ridge = np.diag([_RIDGE] * features.shape[1] + [0.0])
    found = np.zeros(rows.shape[1])
    for _ in range(_ROUNDS):
        chance = sigmoid(rows @ found)
        slope = rows.T @ (share * (chance - labels)) + ridge @ found
        curve = (rows * (share * np.maximum(chance * (1 - chance), 1e-9))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curve, slope)
        found -= step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-9:
            break
    return tuple(float(one) for one in found[:-1]), float(found[-1])


def sigmoid(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1 / (1 + exp(-x)) without overflow."""
    result: npt.NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result
