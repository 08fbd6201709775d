from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import false_discovery_control

from topokit.analyzers.multiple_tests import holm


def test_holm_by_hand() -> None:
    assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    assert_allclose(holm([[0.01, 0.04], [0.03, 0.9]]), [[0.04, 0.09], [0.09, 0.9]])
    assert_allclose(holm(np.array([[0.01, 0.03], [0.04, 0.9]]).T), [[0.04, 0.09], [0.09, 0.9]])
    assert holm([]).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_rejects_what_stepping_down_rejects(p_values: list[float]) -> None:
    corrected = np.array(holm(p_values))
    for level in (0.01, 0.05, 0.3):
        rejected = np.zeros(len(p_values), bool)
        for rank, place in enumerate(np.argsort(p_values)):
            if p_values[place] * (len(p_values) - rank) > level:
                break
            rejected[place] = True
        assert_array_equal(corrected <= level, rejected)
    assert (corrected >= false_discovery_control(p_values) - 1e-12).all()


def test_holm_leaves_out_what_was_not_tested() -> None:
    assert_allclose(holm([0.02, np.nan, 0.01]), [0.02, np.nan, 0.02])
