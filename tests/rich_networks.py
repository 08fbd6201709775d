"""Networks with everything a network can have, for tests that nothing is lost."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, Layer, LayeredDAG, Provenance, Skipped, Taps
from topokit.dag.patterns import bitmap_from_mask, csr_from_mask

AWKWARD_NAMES = ["input", "fc1.weight", "a,b", 'say "hi"', "#3", " padded ", "NA", "0", "<&>", "Größe", "x->y", "1e5"]

PROVENANCE = Provenance(
    file="model.pt",
    sha256="ab" * 32,
    format="torch-zip",
    loader="0.1.0",
    mask_source="mask",
    order="chained",
    skipped=(Skipped("fc1.bias", "a vector"),),
    notes=("one", "two"),
)


@st.composite
def rich_dags(draw: st.DrawFn, *, taps: bool = False) -> LayeredDAG:
    """Awkward names, shapes, both backends, several number types, parallel blocks, identities, edges of weight 0.

    With `taps`, some blocks tell apart the numbers behind their edges.
    """
    names = draw(st.permutations(AWKWARD_NAMES))[: draw(st.integers(2, 5))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers = [_layer(name, int(rng.integers(1, 8)), rng) for name in names]
    blocks = []
    for i, source in enumerate(layers):
        for target in layers[i + 1 :]:
            made = [_block(source, target, k, rng) for k in range(draw(st.integers(0, 2)))]
            blocks += [_with_taps(block, rng) if taps and draw(st.booleans()) else block for block in made]
            if source.size == target.size and draw(st.booleans()):
                blocks.append(EdgeBlock.identity(source.name, target.name, source.size, name=f"skip {len(blocks)}"))
    return LayeredDAG(tuple(layers), tuple(blocks), PROVENANCE if draw(st.booleans()) else Provenance())


def assert_identical(a: LayeredDAG, b: LayeredDAG, *, provenance: bool = True) -> None:
    """Equal to the bit: layers, edges, types and bits of numbers, what is possible, where it came from."""
    assert a.layers == b.layers
    assert len(a.blocks) == len(b.blocks)
    for x, y in zip(a.blocks, b.blocks, strict=True):
        assert x.equals(y)
        assert x.mask_source == y.mask_source
        assert _bits(x.weights) == _bits(y.weights)
        assert _bits(x.multiplicity) == _bits(y.multiplicity)
        if x.taps is not None:
            assert _bits(x.taps.weights) == _bits(y.taps.weights)
    if provenance:
        assert a.provenance == b.provenance


def _layer(name: str, size: int, rng: np.random.Generator) -> Layer:
    shape = [None, (size,), (1, size)][rng.integers(3)]
    return Layer(name, size, ["input", "unit", "channel", "head"][rng.integers(4)], shape)


def _block(source: Layer, target: Layer, number: int, rng: np.random.Generator) -> EdgeBlock:
    mask = rng.random((source.size, target.size)) < rng.choice([0, 0.3, 1])
    n_edges = int(mask.sum())
    float_type = [None, np.float16, np.float32, np.float64][rng.integers(4)]
    weights = None if float_type is None else (rng.standard_normal(n_edges) * rng.integers(0, 2, n_edges))
    return EdgeBlock(
        source.name,
        target.name,
        (csr_from_mask if rng.random() < 0.5 else bitmap_from_mask)(mask),
        name=f"{source.name} to {target.name} {number}",
        kind=["dense", "conv", "gate"][rng.integers(3)],
        weights=None if weights is None else weights.astype(float_type),
        multiplicity=rng.integers(0, 9, n_edges).astype(np.int16) if rng.random() < 0.5 else None,
        possible=int(rng.integers(max(1, n_edges), mask.size + 1)),
        mask_source=["mask", "stored", "values", "none"][rng.integers(4)],
    )


def _with_taps(block: EdgeBlock, rng: np.random.Generator) -> EdgeBlock:
    shape = [None, (2, 3), (4,), (1, 1, 2), (1,)][rng.integers(5)]
    count = int(rng.integers(1, 5)) if shape is None else math.prod(shape)
    mask = rng.random((block.shape[0] * count, block.shape[1])) < rng.choice([0, 0.05, 0.3, 1])
    n_taps = int(mask.sum())
    float_type = [None, np.float16, np.float32, np.float64][rng.integers(4)]
    weights = None if float_type is None else (rng.standard_normal(n_taps) * rng.integers(0, 2, n_taps))
    pattern = (csr_from_mask if rng.random() < 0.5 else bitmap_from_mask)(mask)
    taps = Taps(count, pattern, None if weights is None else weights.astype(float_type), shape)
    return EdgeBlock(
        block.source,
        block.target,
        taps.edges[0],
        name=block.name,
        kind="conv",
        weights=None if block.weights is None else rng.standard_normal(taps.edges[0].nnz),
        taps=taps,
    )


def _bits(values: NDArray[np.generic] | None) -> tuple[str, bytes] | None:
    return None if values is None else (values.dtype.str, values.tobytes())
