"""Excluded intervals against functions whose zeros are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.exclusion import excluded_intervals

GRID = np.geomspace(1e-6, 1e-3, 49)


def test_island_has_two_edges() -> None:
    found = excluded_intervals(lambda c: (np.log(c / 1e-5)) ** 2 - 1, GRID)
    assert len(found) == 1
    assert found[0] == pytest.approx((1e-5 / np.e, 1e-5 * np.e), rel=1e-7)


def test_two_islands() -> None:
    found = excluded_intervals(lambda c: float(np.cos(np.log(c / 1e-6) * 3)), GRID)
    assert len(found) >= 3
    assert all(low is not None and high is not None and low < high for low, high in found[:-1])


def test_open_ends() -> None:
    assert excluded_intervals(lambda c: -1.0, GRID) == ((None, None),)
    assert excluded_intervals(lambda c: 1.0, GRID) == ()
    assert excluded_intervals(lambda c: float(np.log(1e-5 / c)), GRID)[0][1] is None
    assert excluded_intervals(lambda c: float(np.log(c / 1e-5)), GRID)[0][0] is None


def test_an_edge_on_a_point_of_the_grid() -> None:
    """exp(ln c) is not always c, and what is 0 at the one may be above it at the other."""
    for edge in GRID[1:-1]:
        ((low, high),) = excluded_intervals(lambda c, edge=edge: 0.0 if c == edge else np.log(c / edge), GRID)
        assert low is None
        assert high == pytest.approx(edge, rel=1e-7)


@given(centre=st.floats(-12.5, -8.0), width=st.floats(0.003, 0.05))
def test_island_narrower_than_the_grid(centre: float, width: float) -> None:
    """Steps of the grid are 0.14 in the logarithm: the minimum between them must be followed down."""
    found = excluded_intervals(lambda c: (np.log(c) - centre) ** 2 - width**2, GRID)
    assert len(found) == 1
    assert np.log(np.array(found[0], dtype=float)) == pytest.approx([centre - width, centre + width], abs=1e-6)
