"""Extended likelihood fits with a signal of fixed shape on a background linear in its coefficients.

    λ(x) = s·S(x) + Σ_k c_k T_k(x),    NLL = ∫λ − Σ ln λ(x_i)

`shapes` needs NumPy and SciPy only; `window`, which prepares events in compiled code, `fit`, `measure` and `scan` need numba,
whose one door is `limits.kernel.door`. Nothing is imported here, so that numba is loaded by whoever fits and by nobody else.
"""
