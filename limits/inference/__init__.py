"""Inference: from any likelihood to p-values, limits and intervals. It never sees a search.

`limit.upper_limit` knows every method by name (`limit.METHODS`; docs/methods.md says which to use when). Beside it:

| function                                              | what it is                                                       |
|-------------------------------------------------------|------------------------------------------------------------------|
| `limit.p_values`                                      | the p-values of one strength, for planes of theory points        |
| `asymptotic.discovery`                                | local significance √q₀                                           |
| `intervals.profile_interval`                          | 2Δ ln L = χ²₁(level), nuisances profiled (Rolke, MINOS)          |
| `bayes.interval.bayes_interval`                       | upper, central, shortest, with any prior                         |
| `counts.closed.plane`                                 | asymptotic CLs of one count for a whole grid of strengths        |
| `counts.feldman_cousins`, `toys.unified`              | the unified interval: exact for one count, with toys otherwise   |
| `counts.onoff.on_off`                                 | significance of on/off counts: exact binomial (Z_Bi), Li–Ma      |
| `coverage.coverage`, `toys.coverage.coverage_by_toys` | coverage of any of these, by sums over the counts or by toys     |
| `toys.goodness.goodness_of_fit`                       | saturated goodness of fit                                        |
| `bumps.global_significance.global_significance`       | look-elsewhere effect of a mass scan                             |
| `bumps.background`, `bumps.envelope`, `bumps.spurious` | order of the background, discrete profiling, spurious signal, bias |
"""
