"""The command reference: what every command answers to ``--help``."""

from __future__ import annotations

import contextlib
import io
import os
import textwrap
from unittest import mock

from gaitprint.cli.commands import COMMAND_GROUPS
from gaitprint.cli.main import run

# Columns of a help text; as many as a page shows without scrolling sideways.
_COLUMNS = "84"


def command_page() -> str:
    """Return the page of all commands as Markdown."""
    lines = [
        "# Commands",
        "",
        "Each text below is what `gaitprint COMMAND --help` prints.",
        "Exit codes: 0 for success, 1 if nothing could be done, 2 for wrong usage.",
        "",
    ]
    for group, commands in COMMAND_GROUPS.items():
        lines += [f"## {group}", ""]
        for name in commands:
            lines += [f"### gaitprint {name}", "", "```text", help_text(name), "```", ""]
    return "\n".join(lines)


def help_text(command: str) -> str:
    """Return what ``gaitprint COMMAND --help`` prints, without colours.

    Raises:
        RuntimeError: the command has no help, or another exit code than 0.
    """
    printed = io.StringIO()
    code: int | str | None = None
    with (
        mock.patch.dict(os.environ, {"COLUMNS": _COLUMNS, "NO_COLOR": "1", "TERM": "dumb"}),
        contextlib.redirect_stdout(printed),
    ):
        try:
            code = run([command, "--help"])
        except SystemExit as stop:
            code = stop.code
    if code not in (0, None) or not printed.getvalue().strip():
        raise RuntimeError(f"gaitprint {command} --help: exit code {code}, {len(printed.getvalue())} characters")
    return "\n".join(map(_wrapped, printed.getvalue().strip().splitlines()))


def _wrapped(line: str) -> str:
    """Break a paragraph of the description as a terminal does; what is indented is laid out already."""
    return line.rstrip() if line.startswith(" ") else textwrap.fill(line, int(_COLUMNS), break_on_hyphens=False)
