"""Inference: from any likelihood to p-values, limits and intervals. It never sees a search.

| method      | what it is                                                         | works on                           |
|-------------|--------------------------------------------------------------------|------------------------------------|
| `cls`       | asymptotic CLs with q̃ (bounded best fit)                           | every likelihood                   |
| `cls-q`     | asymptotic CLs with q (best fit may be negative)                   | every likelihood                   |
| `cls-exact` | CLs from Poisson sums, nuisances averaged over their densities     | one count, at most three nuisances |
| `bayes`     | posterior with a flat prior in the strength ≥ 0, nuisances marginalised | at most three nuisances       |
| `mixed`     | CLs+b of one count, nuisances averaged (Cousins–Highland); may be 0  | as `cls-exact`                     |
| `clsb-exact` | the same number under its other name: CLs+b from Poisson sums     | as `cls-exact`                     |

Intervals with two edges, significances and coverage, each by its own function:

| function                           | what it is                                                  | works on                           |
|------------------------------------|-------------------------------------------------------------|------------------------------------|
| `intervals.profile_interval`       | 2Δ ln L = χ²₁(level), nuisances profiled (Rolke, MINOS)     | every likelihood                   |
| `feldman_cousins.feldman_cousins`  | unified interval, exact edges; with its `sensitivity`       | one count, nothing uncertain       |
| `priors.bayes_interval`            | upper, central, shortest; flat, 1/√s, Jeffreys, in couplings | one count, at most three nuisances |
| `onoff.on_off`                     | significance of on/off counts: exact binomial (Z_Bi), Li–Ma | two counts and their ratio         |
| `coverage.coverage`                | coverage of any of these by sums over the counts            | one count                          |
"""
