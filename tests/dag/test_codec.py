from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich_networks import assert_identical, rich_dags
from strategies import layered_dags

from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.dag.codec import Arrays, decode, encode
from topokit.dag.taps import taps_from_mask
from topokit.errors import InvalidNetworkError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**12) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(network=rich_dags(taps=True))
def test_networks_come_back_identical(network: LayeredDAG) -> None:
    arrays, header = encode(network)
    assert_identical(network, decode(arrays, json.loads(json.dumps(header))))


@given(network=st.one_of(layered_dags(), rich_dags(taps=True)))
def test_wiring_alone(network: LayeredDAG) -> None:
    decoded = decode(*encode(network, weights=False))
    for before, after in zip(network.blocks, decoded.blocks, strict=True):
        assert after.weights is None
        assert (after.taps is None) == (before.taps is None)
        assert after.taps is None or after.taps.weights is None
        assert (before.tap_matrix() != after.tap_matrix()).nnz == 0
        assert (before.adjacency() != after.adjacency()).nnz == 0


@given(network=layered_dags())
def test_the_smaller_of_two_forms_is_stored(network: LayeredDAG) -> None:
    arrays, _ = encode(network)
    for k, block in enumerate(network.blocks):
        stored = sum(array.nbytes for name, array in arrays.items() if name.startswith(f"{k}.") and "w" not in name)
        assert stored <= block.pattern.packed().nbytes
        assert stored <= 4 * (block.n_edges + block.shape[0] + 1)


def damaged(arrays: Arrays, data: st.DataObject) -> Arrays:
    name = data.draw(st.sampled_from(sorted(arrays)))
    array = arrays[name].copy()
    how = data.draw(st.sampled_from(["drop", "cut", "grow", "type", "shape", "value", "unsigned"]))
    if how == "value" and array.size:
        bad = data.draw(st.sampled_from([-1, 7, 10**6] if array.dtype.kind in "iu" else [np.nan, np.inf]))
        array.flat[data.draw(st.integers(0, array.size - 1))] = np.array(bad).astype(array.dtype)
    forms = {
        "drop": None,
        "cut": array[:-1],
        "grow": np.concatenate([array, array[:1]]),
        "type": array.astype(data.draw(st.sampled_from(["float64", "complex64", "U3", "object", "bool", ">i4"]))),
        "shape": array[None],
        "value": array,
        "unsigned": array.astype(np.uint64)[::-1],
    }
    others = {key: value for key, value in arrays.items() if key != name}
    return others if forms[how] is None else others | {name: forms[how]}


def accepted_or_refused(arrays: Any, header: Any) -> None:
    try:
        network = decode(arrays, header)
    except InvalidNetworkError:
        return
    network.edges()
    for block in network.blocks:
        assert block.in_degrees().sum() == block.n_edges == block.adjacency().nnz
    json.dumps(encode(network)[1])


@settings(max_examples=300)
@given(network=rich_dags(), data=st.data())
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning", "ignore:invalid value:RuntimeWarning")
def test_damaged_arrays_are_refused_or_harmless(network: LayeredDAG, data: st.DataObject) -> None:
    arrays, header = encode(network)
    if arrays:
        accepted_or_refused(damaged(arrays, data), header)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    copied = value.copy()
    copied[key] = replaced(value[key], tuple(rest), new)
    return copied


@settings(max_examples=300)
@given(network=rich_dags(), data=st.data())
def test_damaged_headers_are_refused_or_harmless(network: LayeredDAG, data: st.DataObject) -> None:
    arrays, header = encode(network)
    plain = json.loads(json.dumps(header))
    place = data.draw(st.sampled_from(places(plain)))
    accepted_or_refused(arrays, replaced(plain, place, data.draw(JSON)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "the header says schema 2, not 1: another version wrote it"),
        ({"layers": []}, "the stored network is incomplete: KeyError: .*"),
        ({"provenance": None}, "the stored network is incomplete: AttributeError: .*"),
    ],
)
def test_messages(change: dict[str, Any], message: str) -> None:
    arrays, header = encode(LayeredDAG.from_adjacencies([np.ones((2, 3))]))
    with pytest.raises(InvalidNetworkError, match=f"^{message}$"):
        decode(arrays, header | change)


def test_another_number_of_edges_than_promised() -> None:
    arrays, header = encode(LayeredDAG.from_adjacencies([np.ones((2, 3))]))
    header["blocks"][0]["edges"] = 5
    with pytest.raises(
        InvalidNetworkError, match="'input->output' holds 6 edges where its header says 5: it is damaged"
    ):
        decode(arrays, header)


def tapped() -> LayeredDAG:
    mask = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], bool)
    taps = taps_from_mask(mask, 2, weights=np.array([1.0, 2.0, 3.0, 4.0]), shape=(2,))
    block = EdgeBlock("a", "b", taps.edges[0], taps=taps)
    return LayeredDAG((Layer("a", 2), Layer("b", 2)), (block,))


def test_files_from_before_there_were_taps_still_load() -> None:
    arrays, header = encode(tapped())
    del header["blocks"][0]["taps"]
    old = decode({name: array for name, array in arrays.items() if "taps" not in name}, header)
    assert old.blocks[0].taps is None
    np.testing.assert_array_equal(old.blocks[0].multiplicity, tapped().blocks[0].multiplicity)


def test_the_header_of_a_block_without_taps_is_what_it_was() -> None:
    _, header = encode(LayeredDAG.from_adjacencies([np.ones((2, 3))]))
    assert set(header["blocks"][0]) == {"name", "source", "target", "kind", "possible", "mask_source", "edges"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": 3}, "the taps of block 'a->b' holds 4 edges where its header says 3: it is damaged"),
        ({"count": 3}, "a bitmap of 6 x 2 edges needs .*"),
        ({"shape": [3]}, r"taps of shape \(3,\) are not the 2 of each source: correct one"),
        ({"shape": 2}, "the stored network is incomplete: TypeError: .*"),
    ],
)
def test_damaged_headers_of_taps(change: dict[str, Any], message: str) -> None:
    arrays, header = encode(tapped())
    header["blocks"][0]["taps"] |= change
    with pytest.raises(InvalidNetworkError, match=f"^{message}$"):
        decode(arrays, header)


def test_taps_of_other_edges_than_the_block_has_are_refused() -> None:
    arrays, header = encode(tapped())
    arrays["0.taps.bitmap"] = arrays["0.taps.bitmap"][::-1].copy()
    with pytest.raises(
        InvalidNetworkError, match="block 'a->b' has 3 edges and taps behind 3 that are not all the same"
    ):
        decode(arrays, header)
