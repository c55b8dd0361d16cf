"""What holds for every command: a line of description, options that are explained and mean one thing, exit codes."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from gaitprint.cli.commands import COMMAND_GROUPS, COMMANDS
from gaitprint.cli.main import run

# An option that several commands have is of one type in all of them, but for these.
OF_SEVERAL_TYPES = {
    "subjects",  # how many walkers to make (synth); which people to look at
    "model",  # one where one is looked at; any number of them for galleries
    "data",  # one store; of a leaderboard one for each of its tables
}


def options(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(function, eval_str=True).parameters
    return {name: each for name, each in parameters.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}


def plain_type(annotation: Any) -> Any:
    """The type of an option that is given."""
    if hasattr(annotation, "__metadata__"):
        return plain_type(get_args(annotation)[0])
    if type(None) in get_args(annotation):
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_described_in_one_line_and_explains_its_options(name: str) -> None:
    function = COMMANDS[name]
    text = inspect.getdoc(function) or ""
    first, _, rest = text.partition("\n")
    assert 10 < len(first) <= 120
    assert first[0].isupper()
    summary = next(group[name] for group in COMMAND_GROUPS.values() if name in group)
    assert len(summary) <= 100
    assert summary.endswith(".")
    explained = set(re.findall(r"^    (\w+): ", rest.partition("Args:")[2].partition("\n\n")[0], re.MULTILINE))
    assert explained == set(inspect.signature(function).parameters)
    assert "Returns:" in text
    assert inspect.signature(function, eval_str=True).return_annotation is not None


def test_an_option_is_the_same_in_every_command() -> None:
    types: dict[str, dict[str, list[str]]] = {}
    for command in COMMANDS:
        for name, parameter in options(COMMANDS[command]).items():
            types.setdefault(name, {}).setdefault(str(plain_type(parameter.annotation)), []).append(command)
    different = {name for name, found in types.items() if len(found) > 1}
    assert different == OF_SEVERAL_TYPES, {name: types[name] for name in different}


def test_common_options_have_common_defaults() -> None:
    for command in COMMANDS:
        given = options(COMMANDS[command])
        if "device" in given:
            assert given["device"].default == "auto"
        if "seed" in given:
            assert given["seed"].default == 0
        if "out" in given:
            assert plain_type(given["out"].annotation) is Path
            assert given["out"].default is inspect.Parameter.empty or command == "demo"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_unknown_option_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--no-such-option"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"usage error: gaitprint {name}: unknown option --no-such-option")
    assert printed.err.endswith(f"; gaitprint {name} --help explains what it takes\n")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_used(name: str) -> None:
    function = COMMANDS[name]
    tree = ast.parse(inspect.getsource(function))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert options(function).keys() <= used


def test_run_options_cannot_be_taken_by_a_command() -> None:
    for command in COMMANDS:
        assert not {"json", "quiet", "help"} & options(COMMANDS[command]).keys()
