"""Which samples are trained on, validated on and tested on."""

from __future__ import annotations

import numpy as np
import pytest
from toy_training import toy_data

from topokit.errors import ConfigError
from topokit.training import TrainConfig
from topokit.training.samples import Samples

DATA = toy_data(n=400)


def test_the_last_samples_of_the_file_validate() -> None:
    samples = Samples.split(DATA, TrainConfig(validation="last"))
    assert samples.training.tolist() == list(range(180))
    assert samples.validation.tolist() == list(range(180, 200))
    assert len(Samples.split(DATA, TrainConfig(validation_fraction=0.128)).validation) == 26


def test_a_subset_is_that_of_the_published_script() -> None:
    """It shuffles the numbers of the training samples, then those of the test samples, after seeding with 0."""
    legacy = np.random.RandomState(0)
    train, test = np.arange(200), np.arange(200)
    legacy.shuffle(train)
    legacy.shuffle(test)
    for seed in (0, 1):
        config = TrainConfig(train_samples=50, test_samples=30, validation_fraction=0.0, seed=seed)
        samples = Samples.split(DATA, config)
        assert samples.training.tolist() == sorted(train[:50])
        assert samples.test.tolist() == sorted(test[:30])


def test_validation_samples_come_from_the_subset() -> None:
    both = TrainConfig(train_samples=50)
    for config in (both, both.replace(validation="last")):
        whole = Samples.split(DATA, config.replace(validation_fraction=0.0))
        parts = Samples.split(DATA, config)
        assert len(parts.validation) == 5
        assert sorted([*parts.training.tolist(), *parts.validation.tolist()]) == whole.training.tolist()
        assert parts.test.tolist() == list(range(200))
    assert parts.validation.tolist() == whole.training.tolist()[-5:]


def test_a_pass_takes_each_sample_once_in_an_order_of_its_own() -> None:
    samples = Samples.split(DATA, TrainConfig())
    whole = samples.train_x[samples.training].numpy()
    passes = [np.concatenate([x for x, _ in samples.batches(32, np.random.default_rng(seed))]) for seed in (0, 1)]
    for one in passes:
        assert one.shape == whole.shape
        assert np.array_equal(np.unique(one, axis=0), np.unique(whole, axis=0))
    assert not np.array_equal(passes[0], whole)
    assert not np.array_equal(passes[0], passes[1])


@pytest.mark.parametrize("name", ["train_samples", "test_samples"])
def test_more_samples_than_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name} 201 of toy: there are 200"):
        Samples.split(DATA, TrainConfig(**{name: 201}))
