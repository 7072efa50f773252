"""Compiled: rates λ = θ·rows, derivatives of NLL = integral·θ − Σ counts·log λ, and log-likelihood ratios.

Sizes: P parameters (the signal first), N rows of data (events, or bins). `rows` (P, N) holds what multiplies each
parameter, contiguous along N; `counts` (N,); `integral` (P,). The loops for five and six parameters (third and fourth
order backgrounds) are written out so that one pass over memory does it all; any other size runs in blocks that stay in
the first-level cache.
"""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import inner, jit, roomy
from limits.kernel.rates import Array

BLOCK = 256
"""Rows of data at a time where the number of parameters is not known: all of them stay in the first-level cache."""


@inner
def _slope5(rows: Array, counts: Array, theta: Array, rate: Array, pull: Array) -> float:
    a0, a1, a2, a3, a4 = rows[0], rows[1], rows[2], rows[3], rows[4]
    t0, t1, t2, t3, t4 = theta[0], theta[1], theta[2], theta[3], theta[4]
    s0 = s1 = s2 = s3 = s4 = bad = 0.0
    for i in range(counts.shape[0]):
        nu = t0 * a0[i] + t1 * a1[i] + t2 * a2[i] + t3 * a3[i] + t4 * a4[i]
        rate[i] = nu
        bad += 0.0 if nu > 0.0 else 1.0
        r = counts[i] / nu
        s0 += r * a0[i]
        s1 += r * a1[i]
        s2 += r * a2[i]
        s3 += r * a3[i]
        s4 += r * a4[i]
    pull[0], pull[1], pull[2], pull[3], pull[4] = s0, s1, s2, s3, s4
    return bad


@inner
def _slope6(rows: Array, counts: Array, theta: Array, rate: Array, pull: Array) -> float:
    a0, a1, a2, a3, a4, a5 = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    t0, t1, t2, t3, t4, t5 = theta[0], theta[1], theta[2], theta[3], theta[4], theta[5]
    s0 = s1 = s2 = s3 = s4 = s5 = bad = 0.0
    for i in range(counts.shape[0]):
        nu = t0 * a0[i] + t1 * a1[i] + t2 * a2[i] + t3 * a3[i] + t4 * a4[i] + t5 * a5[i]
        rate[i] = nu
        bad += 0.0 if nu > 0.0 else 1.0
        r = counts[i] / nu
        s0 += r * a0[i]
        s1 += r * a1[i]
        s2 += r * a2[i]
        s3 += r * a3[i]
        s4 += r * a4[i]
        s5 += r * a5[i]
    pull[0], pull[1], pull[2], pull[3], pull[4], pull[5] = s0, s1, s2, s3, s4, s5
    return bad


@inner
def _both5(rows: Array, counts: Array, theta: Array, rate: Array, pull: Array, hessian: Array) -> float:
    a0, a1, a2, a3, a4 = rows[0], rows[1], rows[2], rows[3], rows[4]
    t0, t1, t2, t3, t4 = theta[0], theta[1], theta[2], theta[3], theta[4]
    s0 = s1 = s2 = s3 = s4 = bad = 0.0
    h00 = h01 = h02 = h03 = h04 = h11 = h12 = h13 = h14 = h22 = h23 = h24 = h33 = h34 = h44 = 0.0
    for i in range(counts.shape[0]):
        x0, x1, x2, x3, x4 = a0[i], a1[i], a2[i], a3[i], a4[i]
        nu = t0 * x0 + t1 * x1 + t2 * x2 + t3 * x3 + t4 * x4
        rate[i] = nu
        bad += 0.0 if nu > 0.0 else 1.0
        w = 1.0 / nu
        r = counts[i] * w
        w *= r
        s0 += r * x0
        s1 += r * x1
        s2 += r * x2
        s3 += r * x3
        s4 += r * x4
        b0, b1, b2, b3 = w * x0, w * x1, w * x2, w * x3
        h00 += b0 * x0
        h01 += b0 * x1
        h02 += b0 * x2
        h03 += b0 * x3
        h04 += b0 * x4
        h11 += b1 * x1
        h12 += b1 * x2
        h13 += b1 * x3
        h14 += b1 * x4
        h22 += b2 * x2
        h23 += b2 * x3
        h24 += b2 * x4
        h33 += b3 * x3
        h34 += b3 * x4
        h44 += w * x4 * x4
    pull[0], pull[1], pull[2], pull[3], pull[4] = s0, s1, s2, s3, s4
    hessian[0, 0], hessian[1, 0], hessian[2, 0], hessian[3, 0], hessian[4, 0] = h00, h01, h02, h03, h04
    hessian[1, 1], hessian[2, 1], hessian[3, 1], hessian[4, 1] = h11, h12, h13, h14
    hessian[2, 2], hessian[3, 2], hessian[4, 2], hessian[3, 3], hessian[4, 3] = h22, h23, h24, h33, h34
    hessian[4, 4] = h44
    return bad


@roomy
def _any(rows: Array, counts: Array, theta: Array, rate: Array, pull: Array, hessian: Array) -> float:
    """Any number of parameters; second derivatives only where `hessian` has rows."""
    weight = np.empty(BLOCK)
    bad, size = 0.0, rows.shape[0]
    for k in range(size):
        pull[k] = 0.0
        for m in range(hessian.shape[0]):
            hessian[m, k] = 0.0
    for start in range(0, counts.shape[0], BLOCK):
        stop = min(start + BLOCK, counts.shape[0])
        nu, n = rate[start:stop], counts[start:stop]
        for i in range(stop - start):
            nu[i] = 0.0
        for k in range(size):
            a = rows[k, start:stop]
            for i in range(stop - start):
                nu[i] += theta[k] * a[i]
        for i in range(stop - start):
            bad += 0.0 if nu[i] > 0.0 else 1.0
            weight[i] = n[i] / nu[i]
        for k in range(size):
            a, total = rows[k, start:stop], 0.0
            for i in range(stop - start):
                total += weight[i] * a[i]
            pull[k] += total
        for k in range(hessian.shape[0]):
            a = rows[k, start:stop]
            for m in range(k + 1):
                b, total = rows[m, start:stop], 0.0
                for i in range(stop - start):
                    total += weight[i] / nu[i] * a[i] * b[i]
                hessian[k, m] += total
    return bad


@jit
def slope(rows: Array, counts: Array, integral: Array, theta: Array, rate: Array, gradient: Array) -> float:
    """Fill `rate` (N,) and `gradient` (P,) at `theta`; returns at how many rows the rate is not positive."""
    size = rows.shape[0]
    if size == 5:
        bad = _slope5(rows, counts, theta, rate, gradient)
    elif size == 6:
        bad = _slope6(rows, counts, theta, rate, gradient)
    else:
        bad = _any(rows, counts, theta, rate, gradient, np.empty((0, 0)))
    for k in range(size):
        gradient[k] = integral[k] - gradient[k]
    return bad


@jit
def both(
    rows: Array, counts: Array, integral: Array, theta: Array, rate: Array, gradient: Array, hessian: Array
) -> float:
    """The same and `hessian` (P, P), in one pass."""
    size, data = rows.shape[0], (rows, counts, theta, rate, gradient, hessian)
    bad = _both5(*data) if size == 5 else _any(*data)
    for k in range(size):
        gradient[k] = integral[k] - gradient[k]
        for m in range(k):
            hessian[m, k] = hessian[k, m]
    return bad


@jit
def log_ratio(counts: Array, rate: Array, reference: Array) -> float:
    """Σ counts · ln(rate/reference), both positive.

    ln(a/b) = 2 artanh((a − b)/(a + b)), whose series to the 15th power is exact to 1e-13 up to a ratio of 1.5; where a
    row is further away, the logarithm is called. Differences of likelihoods keep their digits in either case.
    """
    total = far = 0.0
    for i in range(counts.shape[0]):
        r = (rate[i] - reference[i]) / (rate[i] + reference[i])
        x = r * r
        far += 0.0 if x < 0.04 else 1.0
        tail = 1 / 9 + x * (1 / 11 + x * (1 / 13 + x * (1 / 15)))
        total += counts[i] * r * (1.0 + x * (1 / 3 + x * (1 / 5 + x * (1 / 7 + x * tail))))
    if far == 0.0:
        return 2.0 * total
    total = 0.0
    for i in range(counts.shape[0]):
        if counts[i] > 0.0:
            total += counts[i] * math.log(rate[i] / reference[i])
    return total
