import dataclasses
import io

from rich.console import Console

from gaitprint.evaluation.results import ConditionResult, Evaluation
from gaitprint.reports.tables import evaluation_table


def _print(evaluation: Evaluation, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(evaluation_table(evaluation))
    return console.file.getvalue()


def test_shows_the_figures_within_80_columns(case) -> None:
    text = _print(case.evaluation)
    assert max(map(len, text.splitlines())) <= 80
    for expected in ("NM 82.1 %", "BG 61.1 %", "CL 43.2 %", "1,234", "45.7 %", "66.7 %", "29.1 %", "20.00 %"):
        assert expected in text
    assert "2 probes left out" in text
    assert "two probes had nobody to match" in text


def test_labels_are_no_markup(case) -> None:
    condition = ConditionResult("[red]x[/red]", 3, rank1=0.5)
    text = _print(dataclasses.replace(case.evaluation, conditions=(condition,), description="[bold]d[/bold]"))
    assert "[red]x[/red]" in text
    assert "[bold]d[/bold]" in text


def test_without_anything(case) -> None:
    assert "ranked lists" in _print(Evaluation("grew", "ranked lists", "cosine", subjects=0, gallery=0, probe=0))
