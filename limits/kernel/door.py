"""The one door to numba: compiled functions with types that mypy can follow, cached per user and machine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any, Final, ParamSpec, TypeVar, cast

from limits.errors import MissingExtra

try:
    import numba
    from numba.core.event import Listener, register
except ImportError as missing:
    raise MissingExtra("compiled fits need numba: pip install 'darksector-limits[fast]'") from missing

P = ParamSpec("P")
R = TypeVar("R")

FASTMATH: Final = {"reassoc", "contract", "nsz", "arcp"}
"""Not `nnan` nor `ninf`: an infeasible trial point gives both, and they must be seen."""

_COMPILING: Final = RLock()


class _Announce(Listener):
    """Says once, when a kernel is really compiled and not read from the cache, what takes so long."""

    said = False

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - numba's signature
        """Say it, the first time."""
        if not _Announce.said:
            _Announce.said = True
            logging.getLogger("limits").info(
                "compiling numerical kernels, once per machine and version: 10 to 20 seconds"
            )

    def on_end(self, event: Any) -> None:
        """Nothing more to say."""


register("numba:compile", _Announce())  # type: ignore[no-untyped-call]


@cache
def _stamp(folder: Path) -> tuple[float, int]:
    """Newest change and total size of a folder of kernels and of this one: a kernel is stale as soon as one that it calls is."""
    facts = [path.stat() for place in {folder, Path(__file__).parent} for path in place.glob("*.py")]
    return max(fact.st_mtime for fact in facts), sum(fact.st_size for fact in facts)


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """An entry, called from Python and from kernels: compiled on first call, kept on disk, without the GIL while running."""
    return _compiled(function, no_cfunc_wrapper=True)


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel that only kernels call: without a wrapper for Python, whose compilation takes as long as that of a small kernel.

    It allocates nothing: array references are not counted in it, which saves instructions, hence time to compile and to run.
    """
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)


def roomy(function: Callable[P, R]) -> Callable[P, R]:
    """As `inner`, for a kernel that makes arrays."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _alone(compile_for: Callable[..., Any]) -> Callable[..., Any]:
    """One compilation at a time: two threads that need the same kernel for the first time confuse numba's tables of types."""

    def locked(*args: Any, **options: Any) -> Any:
        with _COMPILING:
            return compile_for(*args, **options)

    return locked


def _compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    """`error_model="numpy"`: a test for division by zero in every iteration would keep loops from being vectorised."""
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH, **options)(function)
    compiled._compile_for_args = _alone(compiled._compile_for_args)
    # numba looks at the file of the function alone; where its cache keeps the stamp elsewhere, that is what remains.
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = _stamp(Path(function.__code__.co_filename).parent)
    return cast("Callable[P, R]", compiled)
