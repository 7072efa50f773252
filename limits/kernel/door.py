"""The one door to numba: compiled functions with types that mypy can follow, cached per user and machine."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import Any, Final, ParamSpec, TypeVar, cast

from limits.errors import MissingExtra
from limits.parallel.processes import Worker

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


@cache
def _announce() -> None:
    """Say once, when a kernel is really compiled and not read from the cache, what takes so long."""
    logging.getLogger("limits").info("compiling numerical kernels, once per machine and version: some 20 seconds")


class _Announce(Listener):
    def on_start(self, event: Any) -> None:  # noqa: ARG002 - numba's signature
        """Say it."""
        _announce()

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


def _elsewhere(kernel: Any) -> Callable[[Any], Any]:
    """The `compile` of an entry, which has another process fill the cache first.

    A kernel that was compiled in this process and the same one read from the cache differ in the last digits: so everybody reads.
    """
    here: Callable[[Any], Any] = kernel.compile

    def compile_for(signature: Any) -> Any:
        index = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
        if index is not None and not _FILLING and signature not in kernel.overloads:
            key = kernel._cache._index_key(signature, kernel.targetctx.codegen())
            if key not in index._load_index():
                _announce()
                with suppress(Exception):  # then it is compiled here
                    _fill_elsewhere((kernel.py_func.__module__, kernel.py_func.__qualname__, signature))
        return here(signature)

    return compile_for


_FILLING: Final[list[bool]] = []
"""Not empty in a process that fills the cache."""


def _fill_elsewhere(kernel: tuple[str, str, Any]) -> None:
    try:
        _filler(os.getpid()).ask(kernel)
    except (OSError, EOFError):  # it was killed, perhaps long ago
        _filler.cache_clear()
        _filler(os.getpid()).ask(kernel)


@cache
def _filler(_: int) -> Worker:
    """A process that compiles for the process of that number, until it ends."""
    worker = Worker(_fill, None)
    atexit.register(worker.end)
    return worker


def _fill(_: None, kernel: tuple[str, str, Any]) -> None:
    _FILLING.append(True)
    module, name, signature = kernel
    getattr(import_module(module), name).compile(signature)


def _compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    """`error_model="numpy"`: a test for division by zero in every iteration would keep loops from being vectorised."""
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH, **options)(function)
    compiled._compile_for_args = _alone(compiled._compile_for_args)
    compiled.compile = _elsewhere(compiled)
    # numba looks at the file of the function alone; where its cache keeps the stamp elsewhere, that is what remains.
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = _stamp(Path(function.__code__.co_filename).parent)
    return cast("Callable[P, R]", compiled)
