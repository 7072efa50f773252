"""Compiled fits of binned likelihoods: multipliers of a single bin profiled in closed form, the rest by Newton steps.

`program` (NumPy only) prepares a `limits.kernel.Binned` once; `evaluate`, `profile`, `newton` and `fits` compile with numba, whose one
door is `limits.kernel.door`. Nothing is imported here, so that numba is loaded by whoever fits and by nobody else.
The same minima come from `limits.kernel.minimise_many`, the reference: whatever does not converge here is fitted again there.
"""
