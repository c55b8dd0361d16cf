"""A `StudyResult` as a table for the terminal and for Markdown, and as files."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gaitprint.core.files import atomic_path, write_json, write_text
from gaitprint.evaluation.study_results import CellResult, Spread, StudyResult
from gaitprint.reports.markdown import markdown_row
from gaitprint.reports.study_figures import study_figure
from gaitprint.reports.summary import MISSING, TextTable

_MOST_FAILURES = 12
# Labels in the terminal are not folded below this width.
_LABEL_CHARACTERS = 13


def study_rows(study: StudyResult) -> TextTable:
    """Return one row a cell: its values, and figures in percent and seconds as mean ± deviation.

    A last column counts the runs that succeeded, unless all did.
    """
    counts = [_counts(cell) for cell in study.cells]
    uneven = bool(study.failures) or len(set(counts)) > 1
    headers = (*_axis_headings(study), *study.figures, "Seconds", *(["Runs"] if uneven else []))
    rows = tuple(
        (
            *_names(study, cell),
            *(spread_text(cell.spread(name), scale=100, digits=1) for name in study.figures),
            spread_text(cell.training_seconds, scale=1, digits=0),
            *([count] if uneven else []),
        )
        for cell, count in zip(study.cells, counts, strict=True)
    )
    return TextTable(headers, rows)


def study_table(study: StudyResult) -> Group:
    """Return everything worth printing after a study; the best mean of each figure is bold.

    Labels are drawn literally; no markup in them is interpreted.
    """
    ready = study_rows(study)
    labels = len(_axis_headings(study))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for number, header in enumerate(ready.headers):
        if number < labels:
            # Where the terminal is narrow, labels are folded, figures are not.
            longest = max(cell_len(row[number]) for row in (ready.headers, *ready.rows))
            table.add_column(Text(header), min_width=min(longest, _LABEL_CHARACTERS), overflow="fold")
        else:
            table.add_column(Text(header), justify="right", no_wrap=True)
    above = ""
    for cell, row in zip(study.cells, ready.rows, strict=True):
        bold = _bold_columns(study, cell, labels)
        first = "" if labels > 1 and row[0] == above else row[0]  # the first axis varies slowest
        texts = enumerate((first, *row[1:]))
        table.add_row(*(Text(text, style="bold" if number in bold else "") for number, text in texts))
        above = row[0]
    parts: list[RenderableType] = [Text(study.title, style="bold"), Text(study_caption(study), style="dim"), table]
    failures = study.failures
    parts += [
        Text(f"- failed: {run.cell or study.title}, seed {run.seed}: {run.error}", style="red")
        for run in failures[:_MOST_FAILURES]
    ]
    if len(failures) > _MOST_FAILURES:
        parts.append(Text(f"- and {len(failures) - _MOST_FAILURES} more, in study.json", style="red"))
    return Group(*parts)


def study_markdown(study: StudyResult) -> str:
    """Return the table as Markdown, the best mean of each figure in bold, with its caption."""
    ready = study_rows(study)
    labels = len(_axis_headings(study))
    lines = [markdown_row(ready.headers), markdown_row(["---"] * labels + ["---:"] * (len(ready.headers) - labels))]
    for cell, row in zip(study.cells, ready.rows, strict=True):
        bold = _bold_columns(study, cell, labels)
        lines.append(markdown_row(f"**{text}**" if number in bold else text for number, text in enumerate(row)))
    return "\n".join([*lines, "", study_caption(study), ""])


def study_caption(study: StudyResult) -> str:
    """Return the sentences that say what the figures are."""
    what = "Rank-1 by condition in %" if study.by_condition else "Figures in %"
    seeds = sorted({len(cell.runs) for cell in study.cells})
    number = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}" if seeds else "0"
    spread = f"mean ± sample standard deviation over {number} seeds" if seeds != [1] else "one seed"
    threads = sorted({run.threads for run in study.runs if run.threads is not None})
    with_threads = f" with {' or '.join(map(str, threads))} thread{'s' if threads != [1] else ''}" if threads else ""
    return f"{what}, protocol {study.protocol}: {spread}. Seconds of training{with_threads}."


def spread_text(spread: Spread | None, scale: float, digits: int) -> str:
    """Return ``mean ± deviation``.

    >>> spread_text(Spread((0.5, 0.52)), scale=100, digits=1), spread_text(Spread((0.5,)), scale=100, digits=1)
    ('51.0 ± 1.4', '50.0')
    """
    if spread is None:
        return MISSING
    mean = f"{scale * spread.mean:,.{digits}f}"
    return mean if spread.deviation is None else f"{mean} ± {scale * spread.deviation:.{digits}f}"


def write_study(study: StudyResult, folder: Path) -> None:
    """Write everything that a study leaves: `write_figures`, ``study.md``, and, if any run succeeded, ``study.png``."""
    write_figures(study, folder)
    write_text(folder / "study.md", study_markdown(study))
    if study.figures:
        with atomic_path(folder / "study.png") as temporary:
            study_figure(study).savefig(temporary, format="png", dpi=150)


def write_figures(study: StudyResult, folder: Path) -> None:
    """Write ``study.json``, ``study.csv`` (one line a cell) and ``runs.csv`` (one line a run)."""
    write_json(folder / "study.json", study.to_json())
    write_text(folder / "study.csv", study.to_csv())
    write_text(folder / "runs.csv", study.runs_to_csv())


def _axis_headings(study: StudyResult) -> list[str]:
    """The last part of each axis's path, where that tells the axes apart."""
    last = [axis.rpartition(".")[2] for axis in study.axes]
    if not study.axes:
        return ["Recipe"]
    return [short if last.count(short) == 1 else axis for short, axis in zip(last, study.axes, strict=True)]


def _names(study: StudyResult, cell: CellResult) -> list[str]:
    return [cell.choices[axis] for axis in study.axes] if study.axes else [cell.label or study.title]


def _counts(cell: CellResult) -> str:
    succeeded, wanted = len(cell.succeeded), len(cell.runs)
    return f"{succeeded}" if succeeded == wanted else f"{succeeded} of {wanted}"


def _bold_columns(study: StudyResult, cell: CellResult, labels: int) -> set[int]:
    """Columns in which a cell is the best of several."""
    if len(study.cells) < 2:
        return set()
    return {labels + number for number, name in enumerate(study.figures) if study.best(name) is cell}
