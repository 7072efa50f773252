"""Bayesian limits and intervals of the strength, for every likelihood of bins and every prior.

| module                                          | what it knows                                                     |
|-------------------------------------------------|-------------------------------------------------------------------|
| `interval`                                      | entry points: upper, central and shortest                         |
| `priors`                                        | priors of the strength; `jeffreys`: the Fisher information        |
| `single`                                        | the exact posterior of one count                                  |
| `marginal`, `sampler`, `coordinates`            | nuisances integrated by quadrature or importance sampling         |
| `posterior`, `panels`, `marginalised`           | the posterior of the strength on panels, also smeared             |
| `band`                                          | expected limits from background-only toys                         |
"""
