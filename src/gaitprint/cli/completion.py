"""`gaitprint completion`: what lets a shell complete commands and options."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from gaitprint.cli.terminal import output


def completion(shell: Positional[Annotated[Literal["bash", "zsh"], arg(metavar="bash|zsh")]], /) -> dict[str, str]:
    """Print a script that lets a shell complete commands and options.

    bash: gaitprint completion bash > ~/.local/share/bash-completion/completions/gaitprint, with the package
    bash-completion. zsh: gaitprint completion zsh > FOLDER/_gaitprint, where FOLDER is in $fpath before compinit runs.
    The script lists what this version knows; print it again after an update.

    Args:
        shell: Which one.

    Returns:
        shell, script.
    """
    import tyro.extras

    from gaitprint.cli.calling import PARSING, parser_of
    from gaitprint.cli.commands import COMMANDS

    script = io.StringIO()
    # tyro prints the script as its answer to an option, and exits.
    with contextlib.redirect_stdout(script), contextlib.suppress(SystemExit):
        tyro.extras.subcommand_cli_from_dict(
            {name: parser_of(function) for name, function in COMMANDS.items()},
            prog="gaitprint",
            args=["--tyro-print-completion", shell],
            config=PARSING,
        )
    if not output.quiet:
        sys.stdout.write(script.getvalue())  # as it is: a console would expand its tabs
    return {"shell": shell, "script": script.getvalue()}
