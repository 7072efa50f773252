"""The frame around every command: whatever goes wrong becomes one line on stderr and an exit code."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

from limits.errors import LimitsError

ERROR: Final = 1
USAGE: Final = 2
PARTIAL: Final = 3

ARGUMENTS: Final = "limits.arguments"
"""Where the context of a run has all that was typed after `limits`."""

TRACEBACK: Final = "LIMITS_TRACEBACK"
"""Environment variable: set it to see where an unexpected error comes from."""


class Terminated(KeyboardInterrupt):
    """Somebody else, as a batch system, wants the run to end."""


class Main(click.Group):
    """The group `limits`: keeps the order of its commands, names the known ones, reports errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order in which they were added."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command of that name.

        Raises:
            click.UsageError: there is none; the message lists those that exist.
        """
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise click.UsageError(f"unknown command {args[0]!r}; known: {', '.join(self.commands)}", ctx)
        return super().resolve_command(ctx, args)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the whole run."""
        _open_streams()
        typed = list(args)
        with one_line():
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[ARGUMENTS] = typed
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        _listen()
        with one_line(), _terminable(), warnings.catch_warnings():
            # An overflow on the way is no news to a user: whether a result is sound stands in its status and warnings.
            warnings.simplefilter("ignore", RuntimeWarning)
            return super().invoke(ctx)


def _open_streams() -> None:
    """Python has None for a standard stream that was closed; here nothing is read from it, and what is written is dropped."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - lives until the process ends


def _listen() -> None:
    """Notes of the library go to stderr, where they disturb nobody who reads the result."""
    logger = logging.getLogger("limits")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("note: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM stops a run as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn every exception into one line on stderr and the exit code that belongs to it."""
    try:
        yield
        sys.stdout.flush()  # here, where a closed pipe can still be dealt with
    except click.exceptions.Exit:
        raise
    except click.ClickException as error:
        _stop(_usage(error), error.exit_code)
    except LimitsError as error:
        _stop(str(error), ERROR)
    except BrokenPipeError:
        # The reader has seen enough (| head): nothing to say, and nothing to flush at exit.
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - lives until the process ends
        raise click.exceptions.Exit(ERROR) from None
    except (KeyboardInterrupt, click.Abort) as stop:
        number = signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT
        _stop(str(stop) or "interrupted", 128 + number)
    except (OSError, MemoryError, RecursionError) as error:
        _stop(_system(error), ERROR)
    except Exception as error:  # a user never sees a traceback unless asking for it
        if os.environ.get(TRACEBACK):
            raise
        if isinstance(error, ArithmeticError) or type(error).__name__ == "LinAlgError":
            _stop(f"these numbers cannot be computed with: {type(error).__name__}: {error}", ERROR)
        text = f"unexpected {type(error).__name__}: {error}"
        _stop(f"{text} (a bug in limits, please report it; {TRACEBACK}=1 shows where)", ERROR)


def printable(text: str, most: int = 2000) -> str:
    """`text` in one line: runs of space become one blank, what cannot be printed is escaped, the end may be cut."""
    joined = " ".join(text.split())
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in joined)
    return escaped if len(escaped) <= most else escaped[:most] + "…"


def _stop(message: str, code: int) -> NoReturn:
    click.echo(f"error: {printable(message)}", err=True)
    raise click.exceptions.Exit(code) from None


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        known = [name for option in error.ctx.command.params for name in option.opts if name.startswith("--")]
        message = f"unknown option {error.option_name}; known: {', '.join(known)}"
    if isinstance(error, click.UsageError) and error.ctx is not None and error.ctx.parent is not None:
        return f"{error.ctx.info_name}: {message}"
    return message


def _system(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "the input is nested too deeply"
    if isinstance(error, MemoryError):
        return "not enough memory"
    name = getattr(error, "filename", None)
    reason = getattr(error, "strerror", None) or str(error)
    return f"{name}: {reason}" if name else reason
