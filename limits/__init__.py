"""Likelihoods of published dark-sector searches, limits by every method, conversions to couplings.

    >>> import limits
    >>> limits.upper_limit(limits.counting(0, 1.0, limits.Background(0.07)), "cls-exact", level=0.90).observed_limit
    2.302585092994046

Names are loaded on first use: importing the package reads nothing and imports none of its dependencies.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from limits.assemble import build
    from limits.errors import LimitsError
    from limits.globalfit import log_likelihood
    from limits.hunt.options import Hunting
    from limits.inference.asymptotic import discovery
    from limits.inference.limit import upper_limit
    from limits.inference.results import Limit
    from limits.likelihood.counting import Background, Sideband, Systematic, counting
    from limits.likelihood.histfactory import load as load_workspace
    from limits.scan import run_scan
    from limits.search import Search
    from limits.search import load as load_search
    from limits.search import names as search_names
    from limits.signals import Hypothesis

_HOME = {
    "Background": "limits.likelihood.counting:Background",
    "Hunting": "limits.hunt.options:Hunting",
    "Hypothesis": "limits.signals:Hypothesis",
    "Limit": "limits.inference.results:Limit",
    "LimitsError": "limits.errors:LimitsError",
    "Search": "limits.search:Search",
    "Sideband": "limits.likelihood.counting:Sideband",
    "Systematic": "limits.likelihood.counting:Systematic",
    "build": "limits.assemble:build",
    "counting": "limits.likelihood.counting:counting",
    "discovery": "limits.inference.asymptotic:discovery",
    "load_search": "limits.search:load",
    "load_workspace": "limits.likelihood.histfactory:load",
    "log_likelihood": "limits.globalfit:log_likelihood",
    "run_scan": "limits.scan:run_scan",
    "search_names": "limits.search:names",
    "upper_limit": "limits.inference.limit:upper_limit",
}

__all__ = [
    "Background",
    "Hunting",
    "Hypothesis",
    "Limit",
    "LimitsError",
    "Search",
    "Sideband",
    "Systematic",
    "__version__",
    "build",
    "counting",
    "discovery",
    "load_search",
    "load_workspace",
    "log_likelihood",
    "run_scan",
    "search_names",
    "upper_limit",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        module, _, attribute = _HOME[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    raise AttributeError(f"module 'limits' has no attribute {name!r}; public names: {', '.join(sorted(__all__))}")


def __dir__() -> list[str]:
    return sorted(__all__)
