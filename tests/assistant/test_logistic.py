from __future__ import annotations

import numpy as np
import pytest

from assistant.logistic import fit_logistic, sigmoid


def test_it_agrees_with_another_library() -> None:
    """The ridge of ours is 1e-3 on the mean loss of balanced classes; sklearn's C counts on the sum."""
    from sklearn.linear_model import LogisticRegression

    chance = np.random.default_rng(3)
    features = chance.normal(size=(500, 2))
    labels = chance.random(500) < sigmoid(features @ np.array([2.0, -1.0]) - 1.5)
    weights, bias = fit_logistic(features, labels)
    other = LogisticRegression(C=1 / (1e-3 * 500), class_weight="balanced", tol=1e-10, max_iter=1000)
    other.fit(features, labels)
    assert weights == pytest.approx(other.coef_[0], rel=1e-4)
    assert bias == pytest.approx(other.intercept_[0], rel=1e-4)


def test_separable_rows_end_with_finite_weights() -> None:
    weights, bias = fit_logistic(
        np.array([[-1.0], [-2.0], [1.0], [2.0]]), np.array([False, False, True, True])
    )
    assert 0 < weights[0] < 100
    assert bias == pytest.approx(0.0, abs=1e-6)


def test_one_class_alone_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="0 of 2 rows"):
        fit_logistic(np.zeros((2, 1)), np.array([False, False]))


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e6, 0.0, 1e6])).tolist() == [0.0, 0.5, 1.0]
