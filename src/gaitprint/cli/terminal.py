"""Where commands print: results on standard output, progress and errors on standard error.

Results are silent until the command line switches them on: the same functions, called from Python, return them. How far
long work is, they tell either way, unless ``core.progress.console.quiet`` is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from gaitprint.core import progress

output = Console(quiet=True, highlight=False, soft_wrap=True)


@contextmanager
def terminal_output(*, results: bool, progress_lines: bool) -> Iterator[None]:
    """Let commands print results and draw progress bars while the context is open."""
    before = output.quiet, progress.console.quiet
    output.quiet, progress.console.quiet = not results, not progress_lines
    try:
        yield
    finally:
        output.quiet, progress.console.quiet = before
