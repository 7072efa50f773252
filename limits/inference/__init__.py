"""Inference: from any likelihood to p-values, limits and intervals. It never sees a search.

| method      | what it is                                                         | works on                           |
|-------------|--------------------------------------------------------------------|------------------------------------|
| `cls`       | asymptotic CLs with q̃ (bounded best fit)                           | every likelihood                   |
| `cls-q`     | asymptotic CLs with q (best fit may be negative)                   | every likelihood                   |
| `cls-exact` | CLs from Poisson sums, nuisances averaged over their densities     | one count, at most three nuisances |
| `bayes`     | posterior with a flat prior in the strength ≥ 0, nuisances marginalised | at most three nuisances       |
"""
