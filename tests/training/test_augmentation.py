"""Images changed in batches are what a loop over samples makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from run_files import contents
from scipy.ndimage import map_coordinates
from toy_training import toy_batch, toy_data

from topokit.errors import ConfigError
from topokit.training import TrainConfig, train
from topokit.training.augmentation import DEGREES, PADDING, Augmentation, moved
from topokit.training.randomness import stream


def cropped(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """One channel, padded by reflection and cut out."""
    rows, columns = image.shape
    padded = np.pad(image, PADDING, mode="reflect")
    return padded[PADDING + down :, PADDING + right :][:rows, :columns]


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    """One channel about its middle."""
    angle = np.radians(degrees)
    middle = (np.array(image.shape) - 1)[:, None, None] / 2
    y, x = np.indices(image.shape) - middle
    places = np.stack((np.sin(angle) * x + np.cos(angle) * y, np.cos(angle) * x - np.sin(angle) * y)) + middle
    return map_coordinates(image, places, order=1, mode="mirror")


@pytest.mark.parametrize(("shape", "turns"), [((3, 12, 12), False), ((2, 7, 10), True), ((1, 28, 28), True)])
def test_a_batch_is_what_a_loop_makes_of_each_sample(shape: tuple[int, int, int], turns: bool) -> None:
    rng, n = np.random.default_rng(1), 20
    images = rng.normal(size=(n, *shape)).astype(np.float32)
    mirrored, shifts = rng.random(n) < 0.5, rng.integers(-PADDING, PADDING + 1, (2, n))
    degrees = rng.uniform(-DEGREES, DEGREES, n)
    found = moved(torch.from_numpy(images), mirrored, shifts, degrees if turns else None).numpy()
    for k in range(n):
        for channel, before in enumerate(images[k].astype(float)):
            after = before[:, ::-1] if mirrored[k] else before
            after = turned(after, degrees[k]) if turns else after
            expected = cropped(after, *shifts[:, k])
            np.testing.assert_allclose(found[k, channel], expected, atol=1e-4 if turns else 0)


def test_all_mirrorings_and_shifts_occur_and_seed_and_epoch_decide_which() -> None:
    config = TrainConfig(augment="flip-crop")
    x = torch.arange(100.0).repeat(4000, 1)
    y = torch.zeros(4000, dtype=torch.int64)

    def epoch(number: int, seed: int = 0) -> np.ndarray:
        augmentation = Augmentation(config.replace(seed=seed), (10, 10))
        ((found, classes),) = augmentation.batches([(x, y)], number)
        assert classes is y
        return found.numpy()

    kinds, counts = np.unique(epoch(1), axis=0, return_counts=True)
    assert len(kinds) == 2 * (2 * PADDING + 1) ** 2
    assert counts.max() < 60
    assert np.array_equal(epoch(1), epoch(1))
    assert not np.array_equal(epoch(1), epoch(2))
    assert not np.array_equal(epoch(1), epoch(1, seed=1))


def test_without_augmentation_batches_pass_as_they_are() -> None:
    batch = toy_batch(toy_data(), 1)
    ((x, y),) = Augmentation(TrainConfig(), (12,)).batches([batch], 1)
    assert x is batch[0]
    assert y is batch[1]


def test_only_images_large_enough_are_augmented() -> None:
    for shape in ((12,), (4, 4), (3, 4, 32)):
        with pytest.raises(ConfigError, match="more than 4 x 4 pixels"):
            Augmentation(TrainConfig(augment="flip-rotate-crop"), shape)


def test_only_training_images_change(tmp_path: Path) -> None:
    config = TrainConfig(hidden=(16,), density=0.3, epochs=1, augment="flip-rotate-crop", train_samples=300)
    changed = train(config, tmp_path / "changed")
    plain = train(config.replace(augment="none"), tmp_path / "plain")
    assert changed.moments[0].metrics == plain.moments[0].metrics
    assert changed.metrics["train_loss"][0] > plain.metrics["train_loss"][0]


def test_an_interrupted_run_with_batch_normalisation_goes_on_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig(
        model="cifar-resnet-20", density=0.3, epochs=3, augment="flip-crop", train_samples=72, test_samples=30
    )
    train(config, tmp_path / "whole")

    def stopped(seed: int, purpose: str, position: int = 0) -> np.random.Generator:
        if (purpose, position) == ("augment", 3):
            raise KeyboardInterrupt
        return stream(seed, purpose, position)

    monkeypatch.setattr("topokit.training.augmentation.stream", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "parts")
    monkeypatch.undo()
    train(config, tmp_path / "parts", resume=True)
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")
