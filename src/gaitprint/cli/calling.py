"""From a typed function to a command: options read off its signature, and what it returns written as JSON."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from gaitprint.cli.commands import COMMANDS
from gaitprint.cli.terminal import terminal_output
from gaitprint.core.errors import FailedCheckError
from gaitprint.core.files import write_json

# How tyro reads every command.
PARSING = (tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff)


@dataclass(frozen=True)
class RunOptions:
    """What every command takes."""

    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Also write a machine-readable summary to FILE, or to standard output with '-'."""
    quiet: bool = False
    """Print errors only."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""


def call_command(name: str, arguments: Sequence[str]) -> None:
    """Call the command `name` with the words that followed it.

    Raises:
        UsageError: there is no such command; else whatever the command raises.
        SystemExit: 0 after a help text, 2 after a message about words that the command does not take.
    """
    function = COMMANDS[name]
    tyro.cli(
        with_run_options(function),
        prog=f"gaitprint {name}",
        args=overrides_first(function, arguments),
        config=PARSING,
    )


def with_run_options(function: Callable[..., Any]) -> Callable[..., None]:
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
            failure: FailedCheckError | None = None
            try:
                summary = function(*positional, **named)
            except FailedCheckError as error:
                summary, failure = error.summary, error
        if is_first and options.json == "-":
            sys.stdout.write(json.dumps(summary, indent=2, allow_nan=False) + "\n")
        elif is_first and options.json is not None:
            write_json(options.json, summary)
        if failure is not None:
            raise failure

    # tyro builds the parser from these.
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*parameters, options_parameter], return_annotation=None
    )
    command.__annotations__ = {p.name: p.annotation for p in [*parameters, options_parameter]}
    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    return command


def overrides_first(function: Callable[..., Any], arguments: Sequence[str]) -> list[str]:
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
