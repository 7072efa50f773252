"""One count: exact sums and closed forms, no fits and no toys.

| module             | what it knows                                                                                  |
|--------------------|------------------------------------------------------------------------------------------------|
| `exact`            | Poisson sums, nuisances averaged over their densities                                            |
| `mixed`            | CLs+b limits from them (Cousins–Highland)                                                        |
| `closed`           | asymptotic CLs in closed form for grids of strengths; `background`: the constraints it knows     |
| `sums`             | CLs of q̃ with the count and the auxiliary datum fluctuating, by sums; `enumerated`: its limit    |
| `feldman_cousins`  | the unified interval, exact edges                                                                |
| `onoff`            | significance of on/off counts                                                                    |
"""
