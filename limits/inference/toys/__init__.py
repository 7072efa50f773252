"""Toy experiments: p-values, limits, the unified construction, coverage, goodness of fit.

Toys come in blocks; each block seeds itself from (seed, what it is for, number), so that an answer depends on the seed and the number
of toys and on nothing else.
"""
