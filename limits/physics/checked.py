"""Arguments of formulas as arrays, or one clear line about the one that cannot be used. Written so that nan fails too."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError

__all__ = ["fraction", "not_negative", "positive"]


def positive(name: str, values: ArrayLike, unit: str = "") -> NDArray[np.float64]:
    """The values as an array.

    Raises: InputError unless all are above zero; `unit` is named in the message.
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.all(values > 0.0):
        raise InputError(f"{name}: every value must be positive" + (f", a number of {unit}" if unit else ""))
    return values


def not_negative(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """The values as an array.

    Raises: InputError unless all are zero or above.
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.all(values >= 0.0):
        raise InputError(f"{name}: every value must be zero or positive")
    return values


def fraction(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, which are computed branching fractions.

    Raises: InputError if one is above 1: the coupling is out of the range in which the formula means something.
    """
    if not np.all(values <= 1.0):
        raise InputError(f"branching = {np.max(values):g}: a branching fraction cannot be above 1")
    return np.asarray(values)
