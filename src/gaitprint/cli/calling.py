"""From a typed function to a command: options read off its signature, and what it returns written as JSON."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import docstring_parser
import tyro
from rich.console import Console

from gaitprint.cli.commands import COMMANDS
from gaitprint.cli.terminal import terminal_output
from gaitprint.cli.wrong_usage import wrong_usage
from gaitprint.core.errors import FailedCheckError, UsageError
from gaitprint.core.files import write_json

# How tyro reads every command.
PARSING = (tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff, tyro.conf.DisallowNone)

# What every command takes besides its own options.
_JSON = inspect.Parameter(
    "json",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        str | None,
        tyro.conf.arg(
            metavar="FILE|-",
            help="Also write a machine-readable summary to FILE, or to standard output with '-'.",
        ),
    ],
)
_QUIET = inspect.Parameter(
    "quiet",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, tyro.conf.arg(help="Print errors only.")],
)


@dataclass(frozen=True)
class Call:
    """What a command is called with.

    Args:
        positional: words.
        named: the command's own options.
        json: file that gets what the command returns; ``-`` for standard output, None for none.
        quiet: print errors only.
    """

    positional: tuple[Any, ...]
    named: dict[str, Any]
    json: str | None
    quiet: bool


def call_command(name: str, arguments: Sequence[str]) -> None:
    """Call the command `name` with the words that followed it.

    Raises:
        UsageError: there is no such command, or it does not take these words; else whatever the command raises.
        SystemExit: 0, after a help text.
    """
    function = COMMANDS[name]
    _carry_out(function, parse(name, function, arguments))


def parse(name: str, function: Callable[..., Any], arguments: Sequence[str]) -> Call:
    """Read the words that followed a command.

    Raises:
        UsageError: the command does not take them; the text says which, and the nearest ones that it takes.
        SystemExit: 0, after a help text.
    """
    parser, words = parser_of(function), overrides_first(function, arguments)
    if {"-h", "--help"} & set(words):
        print_description(function)
    try:
        # What the parser has to say about words that it refuses is dropped: a box of many lines.
        with contextlib.redirect_stderr(io.StringIO()):
            return tyro.cli(parser, prog=f"gaitprint {name}", description="", args=words, config=PARSING)
    except SystemExit as stop:
        if not stop.code:
            raise
        reason = wrong_usage(parser, words)
    raise UsageError(f"gaitprint {name}: {reason}; gaitprint {name} --help explains what it takes")


def print_description(function: Callable[..., Any]) -> None:
    """Print what a command says of itself before its options, with lines that end between words, unlike tyro's."""
    description = docstring_parser.parse(function.__doc__ or "").description or ""
    console = Console(highlight=False, markup=False)
    for paragraph in description.split("\n\n"):
        console.print(" ".join(paragraph.split()), end="\n\n")


def parser_of(function: Callable[..., Any]) -> Callable[..., Call]:
    """Return a function with the signature of a command, ``--json`` and ``--quiet``, that returns the call."""
    signature = inspect.signature(function, eval_str=True)
    explained = {each.arg_name: each.description for each in docstring_parser.parse(function.__doc__ or "").params}
    parameters = [
        *(_with_help(each, explained[each.name]) for each in signature.parameters.values()),
        *(_with_help(each, None) for each in (_JSON, _QUIET)),
    ]

    def command(*positional: Any, json: str | None, quiet: bool, **named: Any) -> Call:
        return Call(positional, named, json, quiet)

    # tyro builds the parser from these.
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=parameters, return_annotation=Call
    )
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    return command


def _with_help(parameter: inspect.Parameter, explained: str | None) -> inspect.Parameter:
    """Explain an option in lines as long as the terminal takes, ending with its default where that says something."""
    if parameter.default is inspect.Parameter.empty:
        ending: str | Callable[[str], str] = "(required)"
    elif parameter.default in (None, ()) or isinstance(parameter.default, bool):
        ending = ""
    else:
        ending = "(default: {})".format
    text = None if explained is None else " ".join(explained.split())
    argument = tyro.conf.arg(help=text, help_behavior_hint=ending)
    return parameter.replace(annotation=Annotated[parameter.annotation, argument])


def _carry_out(function: Callable[..., Any], call: Call) -> None:
    """Call a command, and write what it returns where ``--json`` says."""
    # Under torchrun every process runs the command, and the first one speaks for all.
    is_first = os.environ.get("RANK", "0") == "0"
    results_to_terminal = is_first and not call.quiet and call.json != "-"
    failure: FailedCheckError | None = None
    with terminal_output(results=results_to_terminal, progress_lines=is_first and not call.quiet):
        try:
            summary = function(*call.positional, **call.named)
        except FailedCheckError as error:
            summary, failure = error.summary, error
    if is_first and call.json == "-":
        sys.stdout.write(json.dumps(summary, indent=2, allow_nan=False) + "\n")
    elif is_first and call.json is not None:
        write_json(call.json, summary)
    if failure is not None:
        raise failure


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
