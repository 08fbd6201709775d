from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from topokit.dag import LayeredDAG, Moment, Series, as_network, as_series
from topokit.errors import IncompatibleNetworksError, InvalidNetworkError, ParameterError, UnknownNameError


def network(seed: int, sizes: tuple[int, int] = (3, 4)) -> LayeredDAG:
    return LayeredDAG.from_adjacencies([np.random.default_rng(seed).random(sizes) < 0.5])


def series() -> tuple[Series, list[int]]:
    read: list[int] = []
    moments = [Moment(step=100 * k, epoch=float(k), metrics={"accuracy": 0.1 * k}) for k in range(5)]

    def reader(position: int) -> LayeredDAG:
        read.append(position)
        return network(position)

    return Series(moments, reader, name="run"), read


def test_networks_are_read_when_asked_for() -> None:
    run, read = series()
    assert (len(run), run.name, read) == (5, "run", [])
    assert run[3].equals(network(3))
    assert run[-1].equals(network(4))
    assert read == [3, 4]
    assert [item.n_edges for item in run] == [network(k).n_edges for k in range(5)]
    with pytest.raises(IndexError):
        run[5]


def test_times_and_labels() -> None:
    run, _ = series()
    assert run.steps == (0, 100, 200, 300, 400)
    assert run.epochs == (0.0, 1.0, 2.0, 3.0, 4.0)
    assert run.labels == ("epoch 0", "epoch 1", "epoch 2", "epoch 3", "epoch 4")
    assert repr(run) == "Series('run', 5 networks, epoch 0 to epoch 4)"
    mixed = Series([Moment(label="start"), Moment(step=7), Moment()], network)
    assert mixed.labels == ("start", "step 7", "2")


def test_slices_are_lazy_series() -> None:
    run, read = series()
    part = run[1::2]
    assert isinstance(part, Series)
    assert (part.steps, part.name, read) == ((100, 300), "run", [])
    assert part[::-1][0].equals(network(3))


def test_at_a_step_or_an_epoch() -> None:
    run, _ = series()
    assert run.at(step=200).equals(network(2))
    assert run.at(epoch=2).equals(network(2))
    with pytest.raises(UnknownNameError, match="unknown step '150': did you mean '100'"):
        run.at(step=150)
    with pytest.raises(UnknownNameError, match="unknown epoch '9'"):
        run.at(epoch=9)
    for wrong in ({}, {"step": 1, "epoch": 1}):
        with pytest.raises(ParameterError, match="give exactly one of them"):
            run.at(**wrong)


def test_a_series_keeps_its_layers() -> None:
    run = Series.from_networks([network(0), network(1, (3, 5))])
    assert run[0].n_neurons == 7
    with pytest.raises(IncompatibleNetworksError, match=r"network 1 of series '' .*a series keeps its layers"):
        run[1]


def test_parts_of_a_series_travel_to_other_processes() -> None:
    whole = Series.from_networks([network(k) for k in range(4)])
    part = pickle.loads(pickle.dumps(whole[1:][::2]))
    assert part.moments == whole.moments[1::2]
    assert [a.equals(b) for a, b in zip(part, [whole[1], whole[3]], strict=True)] == [True, True]


def test_an_empty_series_is_refused() -> None:
    with pytest.raises(InvalidNetworkError, match="series 'run' has no network: give at least one"):
        Series([], network, name="run")


def test_whatever_an_analyzer_takes() -> None:
    lone = network(0)
    matrices = [np.ones((2, 3)), np.ones((3, 1))]
    run, _ = series()
    assert as_series(run) is run
    assert as_series(lone)[0] is lone
    assert as_series(lone).moments == (Moment(),)
    assert len(as_series(matrices)) == 1
    assert as_series(np.ones((2, 3, 3)))[0].n_edges == 18
    assert as_series(iter(matrices))[0].n_neurons == 6
    assert as_series([lone, [np.ones((3, 4))]]).labels == ("0", "1")
    assert as_network(lone) is lone
    assert as_network([sparse.csr_array(np.eye(3))]).n_edges == 3


@pytest.mark.parametrize("source", ["model.pt", 3, sparse.eye_array(3), []])
def test_what_no_analyzer_takes(source: Any) -> None:
    with pytest.raises(InvalidNetworkError, match=r"a list of matrices|no matrix was given"):
        as_series(source)
