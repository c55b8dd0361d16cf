"""What could not be used, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from gaitprint.cli.terminal import output

_SHOWN = 50


def print_rejects(rejects: Sequence[tuple[str, str]]) -> None:
    """Print (path, reason) of the first rejects, and how many more there are."""
    if not rejects:
        return
    table = Table(title=f"{len(rejects)} left out", title_justify="left", box=None, padding=(0, 2))
    table.add_column("path", overflow="fold")
    table.add_column("reason", overflow="fold")
    for path, reason in rejects[:_SHOWN]:
        table.add_row(escape(path), escape(reason))
    output.print(table)
    if len(rejects) > _SHOWN:
        output.print(f"... and {len(rejects) - _SHOWN} more; --json lists them all")


def rejects_to_json(rejects: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Turn (path, reason) into what a ``--json`` summary holds."""
    return [{"path": path, "reason": reason} for path, reason in rejects]
