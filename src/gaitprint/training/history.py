"""What a training leaves to look at: a log, a table, curves and TensorBoard events."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch.utils.tensorboard import SummaryWriter

from gaitprint.core.files import atomic_path, write_text
from gaitprint.core.progress import console

# Drawing takes longer than a short epoch does.
_DRAW_EVERY_SECONDS = 10.0
# The learning rate has a panel of its own; every other figure of a row that is no position shares one by its unit.
_POSITIONS = ("epoch", "step")
_FRACTIONS = ("accuracy", "validation_pckh", "validation_rank1")


class RunLog:
    """The files of a run folder that nothing is resumed from.

    Args:
        folder: the run folder.
        step: optimiser steps done; events of later ones, from before an interruption, are hidden by TensorBoard.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._text = (folder / "train.log").open("a", encoding="utf-8")
        self._events = SummaryWriter(str(folder), purge_step=step)
        self._rows: Sequence[Mapping[str, float]] = ()
        self._drawn = (time.monotonic(), 0)  # when, and how many rows

    def write(self, line: str) -> None:
        """Append a line with the time to train.log, and show it on the terminal."""
        self._text.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")
        self._text.flush()
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    def scalars(self, figures: Mapping[str, float], step: int) -> None:
        """Add figures to the TensorBoard events."""
        for name, value in figures.items():
            self._events.add_scalar(name, value, step)

    def history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write history.csv anew, one row an epoch, and from time to time history.png; nothing without rows."""
        if not rows:
            return
        self._rows = rows
        text = io.StringIO()
        table = csv.DictWriter(text, _figures(rows), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        write_text(self._folder / "history.csv", text.getvalue())
        if time.monotonic() - self._drawn[0] > _DRAW_EVERY_SECONDS:
            self._draw()

    def _draw(self) -> None:
        with atomic_path(self._folder / "history.png") as temporary:
            draw_history(self._rows).savefig(temporary, format="png", dpi=120)
        self._drawn = (time.monotonic(), len(self._rows))

    def close(self) -> None:
        """Draw what is new, flush and close the files."""
        if len(self._rows) > self._drawn[1]:
            self._draw()
        self._text.close()
        self._events.close()


def draw_history(rows: Sequence[Mapping[str, float]]) -> Figure:
    """Draw losses, fractions (accuracy, validation rank-1 or PCKh) and the learning rate over the epochs."""
    every = _figures(rows)
    panels = {
        "loss": [name for name in every if name not in (*_POSITIONS, *_FRACTIONS, "learning_rate")],
        "fraction": [name for name in every if name in _FRACTIONS],
        "learning rate": [name for name in every if name == "learning_rate"],
    }
    shown = {label: names for label, names in panels.items() if names}
    figure = Figure(figsize=(4.2 * len(shown), 3.4), layout="constrained")
    for position, (label, names) in enumerate(shown.items(), start=1):
        axes = figure.add_subplot(1, len(shown), position)
        for name in names:
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            axes.plot(*zip(*points, strict=True), marker=".", label=name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if label == "fraction":
            axes.set_ylim(0, 1.02)
        if names != ["learning_rate"]:
            axes.legend(frameon=False)
    return figure


def _figures(rows: Sequence[Mapping[str, float]]) -> list[str]:
    """Names of what any epoch has: people held out are not looked at in every one."""
    return list(dict.fromkeys(name for row in rows for name in row))
