"""Compiled: rates λ = θ·rows, slope and curvature of NLL = integral·θ − Σ counts·log λ, and log-likelihood ratios.

Sizes: P parameters (the signal first), N rows of data (events, or bins). `rows` (P, N) holds what multiplies each
parameter, contiguous along N; `counts` (N,); `integral` (P,). The loops for five and six parameters (third and fourth
order backgrounds) are written out so that one pass over memory does it all; any other size runs in blocks that stay in
the first-level cache.
"""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import jit
from limits.kernel.rates import Array


@jit
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


@jit
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


@jit
def _slope_any(rows: Array, counts: Array, theta: Array, rate: Array, pull: Array) -> float:
    block = 512
    weight = np.empty(block)
    bad = 0.0
    for k in range(rows.shape[0]):
        pull[k] = 0.0
    for start in range(0, counts.shape[0], block):
        size = min(block, counts.shape[0] - start)
        nu, n = rate[start : start + size], counts[start : start + size]
        for i in range(size):
            nu[i] = 0.0
        for k in range(rows.shape[0]):
            t, a = theta[k], rows[k, start : start + size]
            for i in range(size):
                nu[i] += t * a[i]
        for i in range(size):
            bad += 0.0 if nu[i] > 0.0 else 1.0
            weight[i] = n[i] / nu[i]
        for k in range(rows.shape[0]):
            a = rows[k, start : start + size]
            total = 0.0
            for i in range(size):
                total += weight[i] * a[i]
            pull[k] += total
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
        bad = _slope_any(rows, counts, theta, rate, gradient)
    for k in range(size):
        gradient[k] = integral[k] - gradient[k]
    return bad


@jit
def _curvature5(rows: Array, counts: Array, rate: Array, hessian: Array) -> None:
    a0, a1, a2, a3, a4 = rows[0], rows[1], rows[2], rows[3], rows[4]
    h00 = h01 = h02 = h03 = h04 = h11 = h12 = h13 = h14 = h22 = h23 = h24 = h33 = h34 = h44 = 0.0
    for i in range(counts.shape[0]):
        w = counts[i] / (rate[i] * rate[i])
        b0, b1, b2, b3 = w * a0[i], w * a1[i], w * a2[i], w * a3[i]
        h00 += b0 * a0[i]
        h01 += b0 * a1[i]
        h02 += b0 * a2[i]
        h03 += b0 * a3[i]
        h04 += b0 * a4[i]
        h11 += b1 * a1[i]
        h12 += b1 * a2[i]
        h13 += b1 * a3[i]
        h14 += b1 * a4[i]
        h22 += b2 * a2[i]
        h23 += b2 * a3[i]
        h24 += b2 * a4[i]
        h33 += b3 * a3[i]
        h34 += b3 * a4[i]
        h44 += w * a4[i] * a4[i]
    hessian[0, 0], hessian[1, 0], hessian[2, 0], hessian[3, 0], hessian[4, 0] = h00, h01, h02, h03, h04
    hessian[1, 1], hessian[2, 1], hessian[3, 1], hessian[4, 1] = h11, h12, h13, h14
    hessian[2, 2], hessian[3, 2], hessian[4, 2], hessian[3, 3], hessian[4, 3] = h22, h23, h24, h33, h34
    hessian[4, 4] = h44


@jit
def _curvature_any(rows: Array, counts: Array, rate: Array, hessian: Array) -> None:
    block = 512
    weight, scaled = np.empty(block), np.empty(block)
    for k in range(rows.shape[0]):
        for m in range(rows.shape[0]):
            hessian[k, m] = 0.0
    for start in range(0, counts.shape[0], block):
        size = min(block, counts.shape[0] - start)
        nu, n = rate[start : start + size], counts[start : start + size]
        for i in range(size):
            weight[i] = n[i] / (nu[i] * nu[i])
        for k in range(rows.shape[0]):
            a = rows[k, start : start + size]
            for i in range(size):
                scaled[i] = weight[i] * a[i]
            for m in range(k, rows.shape[0]):
                b = rows[m, start : start + size]
                total = 0.0
                for i in range(size):
                    total += scaled[i] * b[i]
                hessian[m, k] += total


@jit
def curvature(rows: Array, counts: Array, rate: Array, hessian: Array) -> None:
    """Fill `hessian` (P, P) where the rates are `rate`."""
    size = rows.shape[0]
    if size == 5:
        _curvature5(rows, counts, rate, hessian)
    else:
        _curvature_any(rows, counts, rate, hessian)
    for k in range(size):
        for m in range(k + 1, size):
            hessian[k, m] = hessian[m, k]


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
