"""Bump hunts: a peak looked for mass by mass on one spectrum, with toys of the whole of it.

| module       | one idea                                                                          |
|--------------|-----------------------------------------------------------------------------------|
| `masses`     | which masses a search looks at, and where its range is interrupted                 |
| `options`    | how a hunt is made                                                                |
| `windows`    | data and peak of one mass as the compiled kernel wants them, for each way to fit   |
| `fits`       | one mass: the data, the expectation, the toys                                      |
| `units`      | units of work: neighbouring masses, and blocks of toys at them                     |
| `gathering`  | what the units found, put together                                                |
| `run`        | the whole scan and its global significance                                        |

Needs numba (the extra `fast`); nothing here is imported before a hunt begins.
"""
