"""Compiled: Cholesky factorisation of small matrices. The first `skip` rows and columns are left out throughout."""

from __future__ import annotations

import math
from typing import Final, cast

import numpy as np

from limits.kernel.door import jit
from limits.kernel.rates import Array

FREE: Final = cast("int", np.int64(0))
FIXED: Final = cast("int", np.int64(1))
"""What `skip` is: a Python number here would be compiled into kernels of its own."""


@jit
def cholesky(matrix: Array, skip: int, root: Array) -> bool:
    """Fill the lower triangle of `root` with L, L·Lᵀ = matrix; False where the matrix is not positive definite.

    The diagonal of `root` holds 1/L_jj. A pivot below 1e-13 of its diagonal element is rounding, hence no pivot.
    """
    for j in range(skip, matrix.shape[0]):
        pivot = matrix[j, j]
        for k in range(skip, j):
            pivot -= root[j, k] * root[j, k]
        if not pivot > 1e-13 * matrix[j, j]:
            return False
        inverse = 1.0 / math.sqrt(pivot)
        root[j, j] = inverse
        for i in range(j + 1, matrix.shape[0]):
            total = matrix[i, j]
            for k in range(skip, j):
                total -= root[i, k] * root[j, k]
            root[i, j] = total * inverse
    return True


@jit
def solve(root: Array, skip: int, vector: Array, out: Array) -> float:
    """Fill `out` with matrix⁻¹·vector (zero where left out) from the factor `root`; returns vectorᵀ·matrix⁻¹·vector."""
    size = root.shape[0]
    squared = 0.0
    for i in range(skip):
        out[i] = 0.0
    for i in range(skip, size):
        total = vector[i]
        for k in range(skip, i):
            total -= root[i, k] * out[k]
        out[i] = total * root[i, i]
        squared += out[i] * out[i]
    for i in range(size - 1, skip - 1, -1):
        total = out[i]
        for k in range(i + 1, size):
            total -= root[k, i] * out[k]
        out[i] = total * root[i, i]
    return squared
