"""Progress bars with rate and time left, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

T = TypeVar("T")

# Progress and log lines go to standard error, so that standard output holds results alone.
console = Console(stderr=True)


def progress_bar() -> Progress:
    """Return a rich `Progress` in the project's style; it draws nothing without a terminal or when `console.quiet`."""
    return _progress(console)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        disable=console.quiet or not console.is_terminal,
        transient=True,
    )


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield `items`, drawing a progress bar while they are consumed.

    Args:
        items: anything.
        description: beside the bar.
        total: how many; None for their length, where they have one.

    >>> list(track([1, 2], "counting", total=2))
    [1, 2]
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with progress_bar() as progress:
        task = progress.add_task(description, total=total, note="")
        for item in items:
            yield item
            progress.advance(task)


class OverallBar:
    """One bar for several pieces of work; made by `overall_bar`.

    Args:
        progress: what draws it.
        description: beside the bar.
        total: pieces of work.
        completed: those that are done before it starts.
    """

    def __init__(self, progress: Progress, description: str, total: int, completed: int) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=total, completed=completed, note="")

    def advance(self, line: str) -> None:
        """Count one piece of work as done, and leave a line about it above the bar."""
        self._progress.console.print(line, highlight=False, markup=False, soft_wrap=True)
        self._progress.advance(self._task)


@contextmanager
def overall_bar(description: str, total: int, completed: int = 0) -> Iterator[OverallBar]:
    """Draw one bar over several pieces of work, whose own bars and lines stay silent while the context is open.

    Args:
        description: beside the bar.
        total: pieces of work.
        completed: those that are done before it starts.
    """
    before = console.quiet
    # A console of its own: the shared one falls silent.
    own = Console(stderr=True, quiet=before)
    console.quiet = True
    try:
        with _progress(own) as progress:
            yield OverallBar(progress, description, total, completed)
    finally:
        console.quiet = before
