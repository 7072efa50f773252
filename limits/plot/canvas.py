"""Figures and files: the door to matplotlib, opened only when a figure is made. Colours and words used by every picture."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import floor, log10
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike

from limits.errors import InputError, MissingExtra, unknown
from limits.scan import Scan

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure

SUFFIXES: Final = (".pdf", ".png", ".svg")

ANONYMOUS: Final[dict[str, dict[str, Any]]] = {
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
}
"""What matplotlib would write about itself and the time, left out."""

INK: Final = "#1a1a1a"
ONE_SIGMA: Final = "#5a9a4a"
TWO_SIGMA: Final = "#f6d55c"
REGION: Final = "#7aa6d8"
SIGNAL: Final = "#c8443c"
BACKGROUND: Final = "#a9c3dd"

GROUND: Final[dict[str, Any]] = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5}
"""Behind words that lie on a curve."""

STYLES: Final = ("plain", "ALICE", "ATLAS", "CMS", "LHCb2")
"""Looks of a picture: matplotlib's own, or fonts, ticks and frame of an experiment as mplhep has them; no label of its."""

FEW: Final = 5
"""Below this many masses each is drawn on its own: a line between them would say what was not computed."""

PARTICLES: Final = {
    "aprime": "A'",
    "dark-trident": "A'",
    "dark-trident-heavy": "A'",
    "idm-dark-higgs": "h'",
    "idm-mixing": "h'",
    "dark-higgs-mumu": "h'",
    "dark-higgs-pipi": "h'",
    "dark-higgs-kk": "h'",
    "mesogenesis": "ψ_D",
    "mesogenesis-universal": "ψ_D",
    "mesogenesis-coupling": "ψ_D",
    "mesogenesis-coupling-form-factor": "ψ_D",
    "b-l": "Z'",
    "lmu-ltau": "Z'",
    "lmu-ltau-dark": "Z'",
    "alp-photon": "a",
    "alp-w": "a",
    "alp-gluon": "a",
    "muonphilic-scalar": "S",
}
"""What the mass axis of a hypothesis is the mass of."""


def new_figure(size: tuple[float, float] = (7.0, 5.2)) -> Figure:
    """An empty figure of `size` in inches.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise _missing() from error
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _missing() -> MissingExtra:
    return MissingExtra("plots need matplotlib: pip install 'darksector-limits[plot]'")


@contextmanager
def styled(name: str) -> Iterator[None]:
    """Pictures made and saved inside have the look of that name, one of `STYLES`.

    Raises:
        UnknownName: no such style.
        MissingExtra: matplotlib, or mplhep, which has all but "plain", is not installed.
    """
    if name not in STYLES:
        raise unknown("style", name, STYLES)
    try:
        from matplotlib import rc_context

        if name == "plain":
            parameters: Any = {}
        else:
            import mplhep

            parameters = _look(getattr(mplhep.style, name))
    except ImportError as error:
        raise _missing() from error
    with rc_context(parameters):
        yield


def _look(style: dict[str, Any]) -> dict[str, Any]:
    """What a style says of fonts, of ticks, and of where labels are; its sizes are made for other figures."""
    wanted = ("font.family", "font.sans-serif", "font.serif", "mathtext.", "xaxis.label", "yaxis.label")
    ticks = (".direction", ".minor.visible", "tick.top", "tick.right")
    kept = {key: value for key, value in style.items() if key.startswith(wanted) or key.endswith(ticks)}
    lists = {key: [*kept[key], "DejaVu Sans"] for key in ("font.sans-serif", "font.serif") if key in kept}
    return kept | lists  # its fonts lack some letters, as superscripts


def new_axes(ratio: bool = False, size: tuple[float, float] = (7.0, 5.2)) -> tuple[Figure, list[Axes]]:
    """A figure of `size` in inches with one Axes, or two over each other that share x, the lower one flat.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = new_figure(size)
    if not ratio:
        return figure, [figure.subplots()]
    return figure, list(figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1)))


def save(figure: Figure, path: Path, *, dpi: int = 180) -> Path:
    """Write `figure` to `path`, in the format of its suffix; the file is there whole or not at all, and the same each time.

    Raises:
        InputError: a suffix that is not known.
    """
    suffix = checked_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    from matplotlib import rc_context

    try:
        # Neither a date, nor a version, nor a random number for the names of an SVG.
        with rc_context({"svg.hashsalt": "limits"}):
            figure.savefig(partial, format=suffix[1:], dpi=dpi, metadata=ANONYMOUS[suffix])
        return partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def halo() -> list[Any]:
    """A white rim around words that lie on something."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.5, foreground="white")]


def checked_suffix(path: Path) -> str:
    """The suffix of `path` in small letters.

    Raises:
        InputError: it is not one of `SUFFIXES`.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: suffix {path.suffix!r}: no such picture format; known: {', '.join(SUFFIXES)}")
    return suffix


def dress(ax: Axes, scan: Scan, title: str | None = None) -> None:
    """Logarithmic axes with labels and units, and what the scan is in the title."""
    ax.set_yscale("log")
    ax.set_ylabel(coupling_label(scan))
    ax.set_title(_title(scan) if title is None else title, fontsize=10, loc="left")
    ax.tick_params(which="both", direction="in", top=True, right=True)
    mass_axis(ax, scan)


def _title(scan: Scan) -> str:
    """What the scan is, and on lines of their own the numbers that were set by hand."""
    title = f"{scan.search}  ·  {scan.hypothesis}  ·  {scan.method}, {percent(scan.level)} · {scan.label}"
    if not scan.set_values:
        return title
    return title + "\n" + fill("set: " + ", ".join(f"{key} = {value:g}" for key, value in scan.set_values.items()), 100)


def mass_axis(ax: Axes, scan: Scan) -> None:
    """A logarithmic axis of masses with a label and readable ticks."""
    ax.set_xscale("log")
    ax.set_xlabel(mass_label(scan))
    ax.margins(x=0)
    if ticks := mass_ticks([point.mass_gev for point in scan.points]):
        ax.set_xticks(ticks, [f"{mass:g}" for mass in ticks])
        ax.set_xticks([], minor=True)


def mass_ticks(masses: list[float]) -> list[float]:
    """The masses themselves if they are few, 1-2-5 steps over less than two decades, or none: matplotlib's own."""
    if len(masses) < FEW:
        return masses
    if (high := max(masses)) >= 100 * (low := min(masses)):
        return []
    first = floor(log10(low))
    steps = [float(f"{digit}e{first + decade}") for decade in range(4) for digit in (1, 2, 3, 5, 7)]
    return [step for step in steps if low * (1 - 1e-9) <= step <= high * (1 + 1e-9)]


def mass_label(scan: Scan) -> str:
    """Label of the mass axis."""
    particle = PARTICLES.get(scan.hypothesis)
    return f"$m_{{{particle}}}$ [GeV]" if particle else "mass [GeV]"


def coupling_label(scan: Scan) -> str:
    """Label of the coupling axis: words, symbol, unit."""
    symbol, unit, quantity = (scan.coupling[key] for key in ("symbol", "unit", "quantity"))
    base, _, index = symbol.partition("_")
    pretty = f"${base}_{{{index}}}$" if index else symbol
    if scan.coupling == scan.rate:  # a rate is called what it is
        return quantity if unit in ("", "1") else f"{quantity} [{unit}]"
    words = quantity.replace(symbol, pretty) if symbol in quantity.split() else f"{quantity} {pretty}"
    return words if unit in ("", "1") else f"{words} [{unit.replace('-1', '⁻¹')}]"


def same(a: ArrayLike, b: ArrayLike) -> bool:
    """Whether two lines lie on each other in any picture; nan lies on nan."""
    return bool(np.allclose(a, b, rtol=2e-3, atol=0.0, equal_nan=True))


def pretty(text: str) -> str:
    """The text with m_χ and its like as indices."""
    return re.sub(r"_([^\W_]+)", r"$_{\1}$", text)


def percent(level: float) -> str:
    """A level as text: 0.9 is 90 %."""
    return f"{100 * level:g} %"
