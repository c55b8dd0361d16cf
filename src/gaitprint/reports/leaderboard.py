"""A `Leaderboard` as tables for the terminal and for Markdown, and as files."""

from __future__ import annotations

import re
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gaitprint.core.errors import UsageError
from gaitprint.core.files import atomic_path, write_json, write_text
from gaitprint.evaluation.leaderboard import MEAN_AVERAGE_PRECISION, RANK_5, Board, Leaderboard, Row
from gaitprint.evaluation.study_results import LOWER_IS_BETTER, Spread
from gaitprint.reports.leaderboard_figure import leaderboard_figure
from gaitprint.reports.markdown import markdown_row
from gaitprint.reports.study import spread_text
from gaitprint.reports.summary import MISSING, TextTable, count_text

PICTURE = "leaderboard.png"
_BEGIN, _END = "<!-- leaderboard: written by `gaitprint leaderboard` -->", "<!-- leaderboard: end -->"
_PLACE = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
# In the files alone, so that a table fits a terminal.
_HIDDEN = (RANK_5, MEAN_AVERAGE_PRECISION, "seconds", "training")
_COSTS = ("parameters", "multiply-adds", "ms a walk", "seconds", "training")
_TERMINAL_HEADERS = {"parameters": "param-\neters", "multiply-adds": "multiply-\nadds", "ms a walk": "ms a\nwalk"}
_PICTURE_TEXT = "Rank-1 of each system, and the multiply-adds that a walk takes, for each data set"


def leaderboard_rows(board: Board) -> TextTable:
    """Return one row a system: figures in percent as mean ± deviation, and what the system costs."""
    return TextTable(
        ("system", *board.figures, *_COSTS),
        tuple(
            (
                row.system,
                *(spread_text(row.figures.get(name), scale=100, digits=1) for name in board.figures),
                *_cost_texts(row),
            )
            for row in board.rows
        ),
    )


def leaderboard_table(result: Leaderboard) -> Group:
    """Return everything worth printing: a table for each data set, the best mean of each figure bold, and failures."""
    parts: list[RenderableType] = []
    for board in result.boards:
        parts += [Text(board.title, style="bold"), Text(_caption(board), style="dim"), _rich(board)]
    if result.quick:
        parts.append(Text("A trial on few people and a few steps: the figures mean nothing.", style="yellow"))
    parts += [Text(f"- failed: {failure}", style="red") for failure in result.failures]
    return Group(*parts)


def leaderboard_markdown(result: Leaderboard, picture: str) -> str:
    """Return all tables as Markdown.

    Args:
        result: the leaderboard.
        picture: address of the picture; empty for none.
    """
    lines = [_introduction(result), ""]
    if picture:
        lines += [f"![{_PICTURE_TEXT}]({picture})", ""]
    for board in result.boards:
        ready = leaderboard_rows(board)
        lines += [f"## {board.title}", "", _caption(board), ""]
        lines += [markdown_row(ready.headers), markdown_row(["---", *["---:"] * (len(ready.headers) - 2), "---"])]
        for row, texts in zip(board.rows, ready.rows, strict=True):
            bold = _best_columns(board, row)
            lines.append(markdown_row(f"**{text}**" if n in bold else text for n, text in enumerate(texts)))
        lines += ["", *(f"- {note}" for note in board.notes), *([""] if board.notes else [])]
    if result.failures:
        lines += ["## What failed", "", *(f"- {failure}" for failure in result.failures), ""]
    return "\n".join(lines)


def write_leaderboard(result: Leaderboard, folder: Path) -> None:
    """Write ``results.json``, ``results.md`` and, where anything was measured, ``leaderboard.png``."""
    write_json(folder / "results.json", result.to_json())
    drawn = _write_picture(result, folder / PICTURE)
    write_text(folder / "results.md", "# Results\n\n" + leaderboard_markdown(result, PICTURE if drawn else ""))


def write_documentation(result: Leaderboard, file: Path) -> None:
    """Write the tables into a page of documentation, and the picture into images/ beside it.

    What stands around the tables in a page that is there already stays.

    Raises:
        UsageError: as `check_documentation`.
    """
    before = _page_before(file)
    drawn = _write_picture(result, file.parent / "images" / PICTURE)
    tables = f"{_BEGIN}\n\n{leaderboard_markdown(result, f'images/{PICTURE}' if drawn else '')}\n{_END}"
    write_text(file, _PLACE.sub(lambda _: tables, before))


def check_documentation(file: Path) -> None:
    """Check, before the work starts, that `write_documentation` will know where to write.

    Raises:
        UsageError: the file is a folder or no text, or is there and does not say where the tables go.
    """
    _page_before(file)


def _page_before(file: Path) -> str:
    """Read the page that tables go into, or make one of nothing else."""
    if not file.exists():
        return f"# Results\n\n{_BEGIN}\n{_END}\n"
    if file.is_dir():
        raise UsageError(f"{file}: is a folder; the documentation is a Markdown file")
    try:
        page = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is no text in UTF-8 ({error.reason})") from error
    if not _PLACE.search(page):
        raise UsageError(f"{file}: has no lines '{_BEGIN}' and '{_END}' to write the tables between")
    return page


def _introduction(result: Leaderboard) -> str:
    quick = " --quick" if result.quick else ""
    seeds = "one seed" if result.seeds == 1 else f"{result.seeds} seeds, mean ± sample standard deviation"
    return "\n".join(
        [
            f"    gaitprint leaderboard --out leaderboard --seeds {result.seeds} --data kinect=KinectGait{quick}",
            "",
            *(["A trial on few people and a few steps: **the figures mean nothing.**", ""] if result.quick else []),
            f"Figures in percent, {seeds}.",
            "`training` is the budget of one training, `seconds` the processor time that it took on a CPU, with one",
            "thread, or time by the clock on a GPU. A multiplication with its addition is one multiply-add; those of",
            "matrix products and convolutions count.",
            "Milliseconds are those of one walk alone with two threads, from what was recorded to the embedding. With",
            "several conditions rank-5 is their mean. mAP and EER count pairs of all views, those of one view among",
            "them, which rank-1 and rank-5 leave out where several views are searched one by one.",
        ]
    )


def _caption(board: Board) -> str:
    return f"Protocol {board.protocol}. {board.people}{'.' if board.people else ''}".strip()


def _cost_texts(row: Row) -> tuple[str, ...]:
    cost = row.cost
    known = (
        (MISSING,) * 3
        if cost is None
        else (count_text(cost.parameters), count_text(cost.multiply_adds), f"{cost.milliseconds:,.1f}")
    )
    return (*known, spread_text(row.training_seconds, scale=1, digits=0), row.budget or "failed" * bool(row.errors))


def _best_columns(board: Board, row: Row) -> set[int]:
    """Columns of the figures in which a row has the best mean of several."""
    if len(board.measured) < 2:
        return set()
    best = set()
    for number, name in enumerate(board.figures, start=1):
        means = [spread.mean for other in board.rows if (spread := other.figures.get(name)) is not None]
        mine: Spread | None = row.figures.get(name)
        if mine is not None and mine.mean == (min if name in LOWER_IS_BETTER else max)(means):
            best.add(number)
    return best


def _rich(board: Board) -> Table:
    ready = leaderboard_rows(board)
    kept = [number for number, header in enumerate(ready.headers) if header not in _HIDDEN]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for number in kept:
        # Short lines, so that systems keep their names whole on a narrow terminal.
        header = Text(_TERMINAL_HEADERS.get(ready.headers[number], ready.headers[number]))
        table.add_column(header, justify="right" if number else "left", no_wrap=bool(number), overflow="fold")
    for row, texts in zip(board.rows, ready.rows, strict=True):
        bold = _best_columns(board, row)
        # Deviations on a line of their own.
        cells = {n: Text(texts[n].replace(" ±", "\n±"), style="bold" if n in bold else "") for n in kept}
        table.add_row(*cells.values())
    return table


def _write_picture(result: Leaderboard, path: Path) -> bool:
    """Draw the picture; False where there is nothing to draw."""
    figure = leaderboard_figure(result)
    if figure is None:
        return False
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
    return True
