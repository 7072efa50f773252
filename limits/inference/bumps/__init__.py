"""Mass scans: local to global significance, choice of the background function, spurious signal and bias.

`crossings` and `global_significance` take arrays; `background`, `envelope` and `spurious` fit windows and need the extra `fast`.
"""
