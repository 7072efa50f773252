"""Words along curves: beside them, inside the picture, on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limits import plot
from limits.plot.along import points_of, write_along

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


@settings(max_examples=8)
@given(st.floats(-3, 3), st.floats(0.5, 2), st.booleans())
def test_beside_a_straight_line(slope: float, scale: float, log: bool) -> None:
    figure, (ax,) = plot.new_axes()
    x = np.geomspace(0.01, 1, 30)
    ax.set_xlim(0.01, 1)
    if log:
        ax.set_xscale("log")
        ax.set_yscale("log")
    y = scale * x**slope if log else scale * (1 + slope * x)
    ax.set_ylim(y.min() * 0.3 if log else y.min() - 1, y.max() * 3 if log else y.max() + 1)
    figure.draw_without_rendering()
    line = points_of(ax, x, y)
    covered = write_along(ax, x, y, "a name", line)
    assert covered is not None
    (text,) = ax.texts
    box = ax.get_window_extent()
    assert covered[:, 0].min() > box.x0
    assert covered[:, 0].max() < box.x1
    assert covered[:, 1].min() > box.y0
    assert covered[:, 1].max() < box.y1
    nearest = np.sqrt(((covered[:, None] - line[None]) ** 2).sum(axis=2)).min(axis=1)
    assert nearest.min() < 15  # beside its line
    assert -90 <= text.get_rotation() <= 90 or text.get_rotation() >= 270


def test_no_room_no_words() -> None:
    figure, (ax,) = plot.new_axes()
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    figure.draw_without_rendering()
    x = np.linspace(0, 1, 2000)
    everywhere = np.stack(np.meshgrid(np.arange(0, 800, 3.0), np.arange(0, 600, 3.0)), axis=-1).reshape(-1, 2)
    assert write_along(ax, x, 0.5 + 0 * x, "a name", everywhere) is None
    assert write_along(ax, x, 0.5 + 0.02 * np.sin(300 * x), "a long name of a curve", np.zeros((0, 2))) is None
    assert write_along(ax, [2.0, 3.0], [2.0, 3.0], "outside", np.zeros((0, 2))) is None
    assert not ax.texts


def test_a_second_line_is_avoided() -> None:
    figure, (ax,) = plot.new_axes()
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    figure.draw_without_rendering()
    x = np.linspace(0, 1, 50)
    above = points_of(ax, x, 0 * x + 0.53)
    covered = write_along(ax, x, 0 * x + 0.5, "below it", above)
    assert covered is not None
    assert covered[:, 1].max() < points_of(ax, x, 0 * x + 0.5)[0, 1]
