"""`gaitprint`: look a command up, read its options from the types of its function, call it, report.

Exit codes: 0 done, 1 nothing could be done, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gaitprint import __version__
from gaitprint.cli.commands import COMMAND_GROUPS
from gaitprint.core.errors import GaitprintError, UsageError, one_line


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are printed as one line."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print_overview()
        return 0 if arguments else 2
    if arguments[0] == "--version":
        Console().print(f"gaitprint {__version__}", highlight=False)
        return 0
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        _call(arguments[0], arguments[1:])
    except UsageError as error:
        errors.print(f"[red]usage error:[/red] {escape(one_line(error))}")
        return 2
    except (GaitprintError, OSError) as error:
        errors.print(f"[red]error:[/red] {escape(one_line(error))}")
        return 1
    except KeyboardInterrupt:
        errors.print("interrupted")
        return 130
    except Exception as error:
        if os.environ.get("GAITPRINT_TRACEBACK"):
            raise
        errors.print(
            f"[red]internal error:[/red] {escape(one_line(error))} "
            "(please report it; GAITPRINT_TRACEBACK=1 shows where)"
        )
        return 1
    return 0


def print_overview() -> None:
    """Print what there is to call, in groups."""
    console = Console(highlight=False)
    console.print(f"[bold]gaitprint[/bold] {__version__}: recognise people by the way they walk\n")
    console.print("usage: gaitprint COMMAND [OPTIONS]     gaitprint COMMAND --help explains each\n")
    for group, commands in COMMAND_GROUPS.items():
        console.print(f"[bold]{group}[/bold]")
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=14, no_wrap=True)
        table.add_column()
        for name, summary in commands.items():
            table.add_row(f"  [cyan]{name}[/cyan]", summary)
        console.print(table)
    console.print("\nEvery command takes --json FILE|- and --quiet; many take --device auto|cpu|cuda.")


def _call(name: str, arguments: Sequence[str]) -> None:
    # Only now, since an overview needs no parser.
    from gaitprint.cli.calling import call_command

    call_command(name, arguments)


if __name__ == "__main__":
    main()
