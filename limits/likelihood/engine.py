"""Whether a fit of a binned likelihood is compiled: decided here and nowhere else. Without numba nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np

from limits.errors import MissingExtra
from limits.kernel import Binned
from limits.kernel.histfactory.program import Found, Program, prepare
from limits.likelihood import Array, Parameter

if TYPE_CHECKING:
    from limits.kernel.histfactory.fits import Memory

LARGE: Final = 200
"""Bins × parameters from which single fits are compiled too: a limit without takes as long as loading the kernel from its cache."""


@cache
def compiled_fits() -> ModuleType | None:
    """The module of compiled fits, loaded when first needed; None where numba is not installed."""
    try:
        from limits.kernel.histfactory import fits
    except MissingExtra:
        return None
    return fits


@dataclass(eq=False)
class Engine:
    """The compiled fits of one likelihood; `unit` is a strength worth about one standard deviation.

    `compiled` counts the fits made, `left` those of them that did not converge and are for the reference to make again.
    """

    shape: Binned
    parameters: Sequence[Parameter]
    unit: float
    compiled: int = 0
    left: int = 0

    @cached_property
    def program(self) -> Program:
        """What the compiled functions read."""
        rows = self.parameters
        init, lower, upper = (np.array([getattr(p, key) for p in rows]) for key in ("init", "lower", "upper"))
        return prepare(self.shape, init, lower, upper, np.array([p.fixed for p in rows]), self.unit)

    @property
    def large(self) -> bool:
        """Whether single fits are compiled."""
        return self.shape.n_bins * self.shape.n_par >= LARGE

    def new_memory(self) -> Memory | None:
        """For somebody who makes one fit after another; None where they are not compiled."""
        return None if self._fits is None else self._fits.new_memory(self.program)

    @cached_property
    def _fits(self) -> ModuleType | None:
        """None also for an interpolation that the compiled fits do not know."""
        return None if any(group.blend for group in self.shape.exponents) else compiled_fits()

    def fit(
        self,
        data: Array,
        strength: float | None,
        lower: float,
        *,
        alone: bool,
        start: Array | None = None,
        memory: Memory | None = None,
    ) -> Found | None:
        """Fits of data (T, n_data), from `start` (T, n_par) or from the auxiliary data; None where compiled fits do not pay.

        That depends on the likelihood and never on the number of rows, on which no result may depend: fits of many data sets are
        always compiled, single ones (`alone`, which look for a second minimum) where the likelihood is LARGE.
        """
        if alone and not self.large:
            return None
        fits = self._fits
        if fits is None:
            return None
        strengths = np.full(len(data), np.nan if strength is None else strength)
        found: Found = fits.fit(self.program, data, strengths, floor=lower, again=alone, start=start, memory=memory)
        return self._counted(found)

    def profile(self, data: Array, strengths: Array) -> Found | None:
        """Fits of data (T, n_data) with a free strength ≥ 0 and at each of the strengths (K,): what is found is (T, 1 + K)."""
        fits = self._fits
        return None if fits is None else self._counted(fits.profile(self.program, data, strengths))

    def _counted(self, found: Found) -> Found:
        self.compiled += found.good.size
        self.left += int(np.count_nonzero(~found.good))
        return found
