from __future__ import annotations

from urllib.parse import urlsplit

import pytest

import topokit as tk
from topokit.citations import ANALYZER_REFERENCES, REFERENCES
from topokit.errors import UnknownNameError
from topokit.registry import ANALYZERS, METHODS, PAPERS

UNPUBLISHED = {"dense", "static"}


def test_every_reference_is_known_and_used() -> None:
    used = {key for keys in ANALYZER_REFERENCES.values() for key in keys}
    assert used | set(PAPERS) == set(REFERENCES)


@pytest.mark.parametrize("name", sorted({*ANALYZERS, *METHODS} - UNPUBLISHED))
def test_every_analyzer_and_method_can_be_cited(name: str) -> None:
    lines = tk.cite(name).splitlines()
    assert lines
    assert len(lines) == len(ANALYZER_REFERENCES[name])


@pytest.mark.parametrize("key", sorted(REFERENCES))
def test_references_are_complete(key: str) -> None:
    reference = REFERENCES[key]
    assert key[-4:] in reference.text, "the year of the key stands in the text"
    if reference.url:
        address = urlsplit(reference.url)
        assert (address.scheme, bool(address.netloc)) == ("https", True)


def test_cite_shows_text_and_address() -> None:
    assert tk.cite("liu2020") == (
        "S. Liu, T. van der Lee, A. Yaman, Z. Atashgahi, D. Ferraro, G. Sokar, M. Pechenizkiy, D. C. Mocanu. "
        "Topological Insights into Sparse Neural Networks. ECML-PKDD 2020. "
        "https://doi.org/10.1007/978-3-030-67664-3_17"
    )
    assert tk.cite("nnstd").splitlines()[0] == tk.cite("align").splitlines()[0] == tk.cite("liu2020")
    assert len(tk.cite("power_law").splitlines()) == 6


def test_unknown_citations_show_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown citation 'nnst': did you mean 'nnstd'"):
        tk.cite("nnst")
