"""An `Evaluation` as tables for the terminal, readable at 80 columns."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gaitprint.evaluation.results import Evaluation
from gaitprint.reports.summary import (
    TextTable,
    condition_table,
    error_rates,
    headline,
    headline_caption,
    notes,
    view_table,
)


def evaluation_table(evaluation: Evaluation) -> Group:
    """Return everything worth printing after an evaluation: headline, figures by condition and by view, notes.

    Labels are drawn literally; no markup in them is interpreted.
    """
    answer = Text("  ·  ".join(f"{label} {figure}" for label, figure in headline(evaluation)), style="bold")
    counts = f"{evaluation.subjects:,} subjects, {evaluation.gallery:,} gallery walks, {evaluation.probe:,} probes"
    skipped = f", {evaluation.skipped_probes:,} probes left out" if evaluation.skipped_probes else ""
    parts: list[RenderableType] = [
        Text(f"{evaluation.protocol}: {evaluation.description}"),
        Text(f"{counts}{skipped}, {evaluation.metric} distance", style="dim"),
        Text(""),
        answer,
        Text(headline_caption(evaluation), style="dim"),
    ]
    figures = condition_table(evaluation)
    by_view = view_table(evaluation)
    rates = error_rates(evaluation)
    if figures is not None:
        parts += [Text(""), _rich(figures)]
    if by_view is not None:
        parts += [Text(""), _rich(by_view, caption="Rank-1 by probe view", last_is_total=True)]
    if rates:
        parts += [Text(""), _rich(TextTable(("Errors", ""), rates))]
    if noted := notes(evaluation):
        parts += [Text(""), *(Text(f"- {note}") for note in noted)]
    return Group(*parts)


def _rich(table: TextTable, caption: str | None = None, *, last_is_total: bool = False) -> Table:
    """Draw ready text; the first column to the left, figures to the right."""
    drawn = Table(box=box.SIMPLE_HEAD, title=caption, title_justify="left", title_style="bold", pad_edge=False)
    for number, header in enumerate(table.headers):
        drawn.add_column(Text(header), justify="right" if number else "left", overflow="fold")
    for number, row in enumerate(table.rows, start=1):
        drawn.add_row(*map(Text, row), end_section=last_is_total and number == len(table.rows) - 1)
    return drawn
