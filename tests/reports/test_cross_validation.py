import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gaitprint.evaluation.cross_validation import CrossValidation, FoldResult, SystemResult
from gaitprint.reports.cross_validation import (
    cross_validation_markdown,
    cross_validation_table,
    write_cross_validation,
)


def system(name: str, apart: float, *, same: bool = False) -> SystemResult:
    """Three folds in which two people's walks are farther apart than one person's by so much."""
    rng = np.random.default_rng(3)
    folds = []
    for fold in range(3):
        genuine, impostors = rng.normal(0, 1, 60), rng.normal(apart, 1, 200)
        if same:
            genuine, impostors = np.zeros(60), np.zeros(200)
        figures = {"rank1": 0.5 + 0.1 * fold, "rank5": 0.9, "rank10": 1.0, "map": 0.6, "eer": 0.2}
        folds.append(FoldResult(figures, 5, 5, 10, genuine.astype(np.float32), impostors.astype(np.float32)))
    return SystemResult(name, tuple(folds))


@pytest.fixture(scope="module")
def result() -> CrossValidation:
    return CrossValidation(
        "first-walk", (system("good", 3.0), system("backwards", -3.0), system("one-point", 0, same=True))
    )


def printed(result: CrossValidation) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(cross_validation_table(result))
    return console.export_text()


def test_the_table_fits_a_terminal_and_names_every_system(result: CrossValidation) -> None:
    text = printed(result)
    good, backwards, one_point = (
        next(line for line in text.splitlines() if name in line).split() for name in ("good", "backwards", "one-point")
    )
    assert good[:4] == ["good", "60.0", "±", "10.0"]
    assert float(good[-1]) < 10
    # Of distances that do not fall with the likelihood of one person, there are no probabilities.
    assert backwards[-1] == one_point[-1] == "–"
    assert "5, 5, 5" in text
    assert "mAP" not in text  # in the files


def test_names_are_drawn_literally(tmp_path: Path) -> None:
    odd = CrossValidation("first-walk", (system(r"runs/[a]$\x{$|b", 3.0),))
    assert r"runs/[a]$\x{$|b" in printed(odd)
    write_cross_validation(odd, tmp_path)
    assert r"| runs/[a]$\x{$\|b |" in (tmp_path / "crossvalidation.md").read_text()


def test_people_with_one_walk_each_are_drawn(tmp_path: Path, recwarn) -> None:
    folds = tuple(replace(fold, genuine=fold.genuine[:0]) for fold in system("one", 3.0).folds)
    write_cross_validation(CrossValidation("verification", (SystemResult("one", folds),)), tmp_path)
    assert not recwarn.list


def test_files_hold_all_figures(result: CrossValidation, tmp_path: Path) -> None:
    write_cross_validation(result, tmp_path)
    lines = (tmp_path / "crossvalidation.md").read_text().splitlines()
    assert lines == cross_validation_markdown(result).splitlines()
    assert lines[0] == "| system | rank-1 % | rank-5 % | rank-10 % | mAP % | EER % | probability error % |"
    assert lines[3].startswith("| backwards | 60.0 ± 10.0 | 90.0 ± 0.0 | 100.0 ± 0.0 | 60.0 ± 0.0 | 20.0 ± 0.0 | – |")
    assert (tmp_path / "crossvalidation.png").stat().st_size > 1000
    assert result.to_json()["systems"][1]["calibration_error"] is None
