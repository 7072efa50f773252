"""The command `limits`: parse, one library call, print. No physics, no loops over points.

| module         | commands                                     |
|----------------|----------------------------------------------|
| `facts`        | `list`, `show`                               |
| `scaffolding`  | `new-search`, `check`                        |
| `single`       | `count`, `limit`, `fit`, `coverage`, `onoff` |
| `looking`      | `significance`, `inspect`                    |
| `work`         | `scan`, `reproduce`                          |
| `executing`    | `merge`                                      |
| `recasting`    | `recast`, `landscape`, `convert`             |
| `combining`    | `combine`                                    |
| `reporting`    | `report`, `cite`                             |
| `files`        | `export`, `digest`                           |
| `publications` | `published import`, `published fetch`, `compare` |

Everything heavier than click is imported by the command that needs it, so that help is instant.
"""

from __future__ import annotations

import click

from limits.cli import (
    combining,
    executing,
    facts,
    files,
    looking,
    publications,
    recasting,
    reporting,
    scaffolding,
    single,
    work,
)
from limits.cli.frame import Main


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from limits import __version__

        click.echo(f"limits {__version__}")
        context.exit()


@click.group(
    cls=Main,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
    epilog="Exit codes: 0 done, 1 error, 2 wrong usage, 3 finished with partial results.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def main(context: click.Context) -> None:
    """Limits of dark-sector searches: from published facts to couplings, plots and workspaces."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for _command in (
    facts.list_searches,
    facts.show,
    scaffolding.new_search,
    scaffolding.check,
    single.count,
    single.limit,
    single.fit,
    looking.significance,
    looking.inspect,
    single.coverage,
    single.onoff,
    work.scan,
    executing.merge,
    recasting.recast,
    recasting.landscape,
    combining.combine,
    work.reproduce,
    reporting.report,
    reporting.cite,
    publications.published,
    publications.compare,
    recasting.convert,
    files.export,
    files.digest,
):
    main.add_command(_command)
