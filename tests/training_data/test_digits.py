"""The digits that come with scikit-learn, and their split."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from topokit.registry import DATASETS
from topokit.training.data.digits import every_nth_of_each_class


def test_every_image_is_in_one_half() -> None:
    data = DATASETS.load("digits").load()
    images, labels = load_digits(return_X_y=True)
    assert (data.train_x.shape, data.test_x.shape) == ((1442, 64), (355, 64))
    assert (data.train_x.dtype, data.train_y.dtype) == (np.float32, np.int64)
    assert (data.shape, data.n_classes) == ((8, 8), 10)
    both = np.column_stack([np.vstack([data.train_x, data.test_x]) * 16, np.append(data.train_y, data.test_y)])
    assert sorted(map(tuple, both)) == sorted(map(tuple, np.column_stack([images, labels])))
    assert data.train_x.min() == 0
    assert data.train_x.max() == 1


def test_classes_have_equal_shares_in_both_halves() -> None:
    data = DATASETS.load("digits").load()
    shares = np.bincount(data.test_y) / (np.bincount(data.test_y) + np.bincount(data.train_y))
    assert shares.min() > 0.19
    assert shares.max() <= 0.2


def test_two_loads_are_equal() -> None:
    first, second = (DATASETS.load("digits").load() for _ in range(2))
    np.testing.assert_array_equal(first.test_x, second.test_x)


def test_a_plain_network_learns_it() -> None:
    data = DATASETS.load("digits").load()
    model = MLPClassifier((64,), max_iter=200, random_state=0, tol=0.001).fit(data.train_x, data.train_y)
    assert model.score(data.test_x, data.test_y) >= 0.95


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 7))
def test_every_nth_of_each_class(labels: list[int], n: int) -> None:
    seen: dict[int, int] = {}
    expected = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        expected.append(seen[label] % n == 0)
    assert every_nth_of_each_class(np.array(labels), n).tolist() == expected
