"""Write the reference, one page of HTML per module from its docstrings, with a search that needs no network.

    python scripts/make_reference.py --output reference

Needs the extra `docs`. It fails on any warning, on a public name without a docstring, and on a name of `limits` itself that does not
say what it raises. The command line is left out: it has `--help`.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pdoc.doc
import pdoc.render

import limits

OPTIONAL = {"limits.likelihood.zfit": "zfit", "limits.parallel.cluster": "distributed"}
"""Modules that cannot be imported without a package that is not part of `all`, or not there."""


def left_out() -> list[str]:
    """Modules that are not documented."""
    return [
        "limits.__main__",
        "limits.cli",
        *(name for name, package in OPTIONAL.items() if find_spec(package) is None),
    ]


def modules() -> list[str]:
    """All others. Packages are made to show those inside them, which pdoc does only where `__all__` has them."""
    found, skipped = ["limits"], tuple(f"{name}." for name in left_out())
    for entry in walk_packages(limits.__path__, "limits."):
        if not f"{entry.name}.".startswith(skipped):
            found.append(entry.name)
            parent, _, name = entry.name.rpartition(".")
            package: Any = import_module(parent)
            if hasattr(package, "__all__") and name not in package.__all__:
                package.__all__ = [*package.__all__, name]
    return found


def silent(doc: pdoc.doc.Doc[Any]) -> Iterator[str]:
    """Public functions and classes without a docstring, with all that is in them."""
    if isinstance(doc, pdoc.doc.Function | pdoc.doc.Class | pdoc.doc.Module) and not doc.docstring.strip():
        yield doc.fullname
    if isinstance(doc, pdoc.doc.Module | pdoc.doc.Class):
        for member in doc.own_members if isinstance(doc, pdoc.doc.Class) else doc.members.values():
            if member.name.startswith("_") or isinstance(member, pdoc.doc.Module):
                continue
            yield from silent(member)


def unsaid() -> Iterator[str]:
    """Functions among the names of `limits` that do not say what they raise."""
    for name in limits.__all__:
        function = getattr(limits, name)
        takes_any = inspect.isfunction(function) and inspect.signature(function).parameters
        if takes_any and "Raises:" not in (inspect.getdoc(function) or ""):
            yield f"limits.{name}: does not say what it raises"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    output = parser.parse_args().output
    warnings.simplefilter("error")
    # The __init__ of a named tuple is made where its annotations are not known.
    warnings.filterwarnings("ignore", r"Error parsing type annotation .*__init__")
    pdoc.render.configure(docformat="google", footer_text=f"limits {limits.__version__}")
    for name in limits.__all__:  # loaded on first use, and pdoc does not ask for them
        setattr(limits, name, getattr(limits, name))
    wrong = list(unsaid())
    names = modules()
    documented = {name: pdoc.doc.Module.from_name(name) for name in names}
    wrong += [f"{name}: no docstring" for module in documented.values() for name in silent(module)]
    if wrong:
        sys.exit("\n".join(wrong))
    pdoc.pdoc("limits", *(f"!{name}" for name in left_out()), output_directory=output)
    sys.stdout.write(f"{len(names)} modules: {output / 'index.html'}\n")


if __name__ == "__main__":
    main()
