"""`gaitprint`: look a command up, read its options from the types of its function, call it, report.

Exit codes: 0 done, 1 nothing could be done, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gaitprint import __version__
from gaitprint.cli.commands import COMMAND_GROUPS, COMMANDS
from gaitprint.cli.terminal import terminal_output
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.files import write_json


@dataclass(frozen=True)
class RunOptions:
    """What every command takes."""

    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Also write a machine-readable summary to FILE, or to standard output with '-'."""
    quiet: bool = False
    """Print errors only."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""


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
        errors.print(f"[red]usage error:[/red] {escape(_one_line(error))}")
        return 2
    except (GaitprintError, OSError) as error:
        errors.print(f"[red]error:[/red] {escape(_one_line(error))}")
        return 1
    except KeyboardInterrupt:
        errors.print("interrupted")
        return 130
    except Exception as error:
        if os.environ.get("GAITPRINT_TRACEBACK"):
            raise
        errors.print(
            f"[red]internal error:[/red] {escape(type(error).__name__)}: {escape(_one_line(error))} "
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
    console.print("\nEvery command takes --json FILE|-, --quiet and --device auto|cpu|cuda.")


def _call(name: str, arguments: Sequence[str]) -> None:
    function = COMMANDS[name]
    command = _with_run_options(function)
    tyro.cli(
        command,
        prog=f"gaitprint {name}",
        args=_overrides_first(function, arguments),
        config=(tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff),
    )


def _with_run_options(function: Callable[..., Any]) -> Callable[..., None]:
    """Give a command the options of `RunOptions`, and write what it returns where ``--json`` says."""
    signature = inspect.signature(function, eval_str=True)
    parameters = [parameter for name, parameter in signature.parameters.items() if name != "device"]
    options_parameter = inspect.Parameter(
        "options",
        inspect.Parameter.KEYWORD_ONLY,
        default=RunOptions(),
        annotation=Annotated[RunOptions, tyro.conf.arg(name="")],
    )

    def command(*positional: Any, options: RunOptions, **named: Any) -> None:
        if "device" in signature.parameters:
            named["device"] = options.device
        # Under torchrun every process runs the command, and the first one speaks for all.
        is_first = os.environ.get("RANK", "0") == "0"
        results_to_terminal = is_first and not options.quiet and options.json != "-"
        with terminal_output(results=results_to_terminal, progress_lines=is_first and not options.quiet):
            summary = function(*positional, **named)
        if not is_first:
            return
        if options.json == "-":
            sys.stdout.write(json.dumps(summary, indent=2, allow_nan=False) + "\n")
        elif options.json is not None:
            write_json(options.json, summary)

    # tyro builds the parser from these.
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*parameters, options_parameter], return_annotation=None
    )
    command.__annotations__ = {p.name: p.annotation for p in [*parameters, options_parameter]}
    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    return command


def _overrides_first(function: Callable[..., Any], arguments: Sequence[str]) -> list[str]:
    """Move ``key=value`` words, which may stand anywhere, behind the first word, where argparse can take them."""
    parameters = inspect.signature(function, eval_str=True).parameters
    if "overrides" not in parameters:
        return list(arguments)
    flags = {f"--{name.replace('_', '-')}" for name, parameter in parameters.items() if parameter.annotation is bool}
    flags |= {"--quiet"}
    overrides: list[str] = []
    others: list[str] = []
    takes_value = False
    for word in arguments:
        is_override = "=" in word and not word.startswith("-") and not takes_value
        (overrides if is_override else others).append(word)
        takes_value = word.startswith("--") and "=" not in word and word not in flags
    return [*others[:1], *overrides, *others[1:]] if others and not others[0].startswith("-") else [*overrides, *others]


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    main()
