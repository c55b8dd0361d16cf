import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gaitprint.evaluation.study_results import RunResult, StudyResult, group_runs
from gaitprint.reports.study import study_caption, study_markdown, study_rows, study_table, write_study
from gaitprint.reports.study_figures import study_bars, study_figure, study_heat_maps
from gaitprint.reports.style import HEAT

LOSSES, SCHEDULES = ("cross-entropy", "triplet (mining batch-hard)"), ("constant", "step (epochs 5)", "cosine")
# NM of loss x schedule for the first seed; the second has 0.04 more, so the deviation is 0.04 / sqrt(2) = 2.8 %.
NM = np.array([[0.80, 0.82, 0.81], [0.90, 0.60, 0.88]])


def make_study(axes: dict[str, tuple[str, ...]], failing: str | None = None) -> StudyResult:
    """A study of two seeds whose NM of cell number n is that of `NM` at n, and BG half of it."""
    cells: list[dict[str, str]] = [{}]
    for axis, values in axes.items():
        cells = [{**cell, axis: value} for cell in cells for value in values]
    runs, choices = [], {}
    for number, cell in enumerate(cells):
        label = " · ".join(cell.values())
        choices[label] = cell
        for seed in (1, 2):
            nm = float(NM.flat[number]) + 0.04 * (seed - 1)
            if label == failing:
                runs.append(RunResult(label, seed, "f", error="[red]it[/red] broke"))
            else:
                runs.append(RunResult(label, seed, "f", {"NM": nm, "BG": nm / 2}, 1000.0 + seed, 1, "h"))
    return StudyResult("cnn-gei", "casia-b", axes, group_runs(runs, choices))


@pytest.fixture
def study() -> StudyResult:
    return make_study({"loss": LOSSES, "schedule": SCHEDULES})


def _print(study: StudyResult, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(study_table(study))
    return console.file.getvalue()


def test_rows_hold_mean_and_deviation(study: StudyResult) -> None:
    table = study_rows(study)
    assert table.headers == ("loss", "schedule", "NM", "BG", "Seconds")
    assert table.rows[1] == ("cross-entropy", "step (epochs 5)", "84.0 ± 2.8", "42.0 ± 1.4", "1,002 ± 1")
    assert len(table.rows) == 6
    assert study_caption(study).startswith("Rank-1 by condition in %, protocol casia-b: mean ± sample standard devia")
    assert "over 2 seeds. Seconds of training with 1 thread." in study_caption(study)


def test_the_table_fits_80_columns_and_says_what_failed() -> None:
    study = make_study({"loss": LOSSES, "schedule": SCHEDULES}, failing="cross-entropy · cosine")
    text = _print(study)
    assert max(map(len, text.splitlines())) <= 80
    assert "84.0 ± 2.8" in text
    assert "0 of 2" in text
    assert "failed: cross-entropy · cosine, seed 2: [red]it[/red] broke" in text
    wide = _print(study, 120)
    assert "triplet (mining batch-hard)" in wide


def test_axes_are_named_by_what_tells_them_apart() -> None:
    axes = {"loss.0.margin": ("1", "2"), "loss.1.margin": ("3",), "optimizer.learning_rate": ("0.1", "0.2")}
    assert study_rows(make_study(axes)).headers[:3] == ("loss.0.margin", "loss.1.margin", "learning_rate")


def test_markdown_marks_the_best(study: StudyResult) -> None:
    lines = study_markdown(study).splitlines()
    assert lines[0] == "| loss | schedule | NM | BG | Seconds |"
    assert lines[1] == "| --- | --- | ---: | ---: | ---: |"
    bold = [line for line in lines if "**" in line]
    assert bold == ["| triplet (mining batch-hard) | constant | **92.0 ± 2.8** | **46.0 ± 1.4** | 1,002 ± 1 |"]
    assert lines[-1] == study_caption(study)


def test_two_axes_give_a_heat_map_for_each_figure(study: StudyResult) -> None:
    panels = study_figure(study).axes
    assert [panel.get_title(loc="left") for panel in panels] == ["NM", "BG"]
    for panel, scale in zip(panels, (1, 0.5), strict=True):
        means = [t.get_text() for t in panel.texts if "±" not in t.get_text()]
        np.testing.assert_allclose([float(mean) for mean in means], 100 * scale * (NM + 0.02).ravel(), atol=0.051)
        assert {t.get_text() for t in panel.texts} - set(means) == {f"± {283 * scale / 100:.1f}"}
        (frame,) = panel.patches  # the best: row 1, column 0
        assert (int(frame.get_x()), int(frame.get_y())) == (0, 1)
        shares = panel.collections[0].get_array().reshape(NM.shape)
        assert np.array_equal(np.argsort(shares.ravel()), np.argsort(NM.ravel()))
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert labels == ["cross-entropy", "triplet (mining\nbatch-hard)"]
    assert "step\n(epochs 5)" in [label.get_text() for label in panels[0].get_xticklabels()]


def test_a_heat_map_of_nearly_equal_cells_does_not_exaggerate() -> None:
    runs = [RunResult(f"{a}{b}", 1, "f", {"NM": 0.8 + 0.001 * (a + b)}, 1.0, 1, "h") for a in (0, 1) for b in (0, 1)]
    choices = {run.cell: {"a": run.cell[0], "b": run.cell[1]} for run in runs}
    study = StudyResult("t", "p", {"a": ("0", "1"), "b": ("0", "1")}, group_runs(runs, choices))
    shares = study_heat_maps(study, "a", "b").axes[0].collections[0].get_array()
    assert 0 < np.ptp(shares) <= 0.021


def test_a_cell_that_failed_is_grey() -> None:
    study = make_study({"loss": LOSSES, "schedule": SCHEDULES}, failing="triplet (mining batch-hard) · cosine")
    panel = study_figure(study).axes[0]
    values = panel.collections[0].get_array()
    assert np.ma.getmaskarray(values).ravel().tolist() == [False] * 5 + [True]
    assert "–" in [text.get_text() for text in panel.texts]
    assert HEAT(np.ma.masked_invalid([np.nan]))[0, :3].tolist() == pytest.approx([0xE4 / 255] * 3)


def test_one_axis_gives_bars_with_deviations_in_the_order_of_the_grid() -> None:
    study = make_study({"loss": ("triplet",), "optimizer.learning_rate": ("0.1", "0.01", "0.001")})
    (axes,) = study_figure(study).axes
    nm, bg = (c for c in axes.containers if c.get_label() in ("NM", "BG"))
    np.testing.assert_allclose([bar.get_width() for bar in nm], 100 * (NM[0] + 0.02))
    np.testing.assert_allclose([bar.get_width() for bar in bg], 50 * (NM[0] + 0.02))
    segments = [s for c in axes.collections for s in c.get_segments()]
    assert len(segments) == 6
    deviation = 100 * 0.04 / np.sqrt(2)
    np.testing.assert_allclose([np.ptp(s[:, 0]) for s in segments], np.repeat([2 * deviation, deviation], 3))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["triplet · 0.1", "triplet · 0.01", "triplet · 0.001"]
    assert "82.0 ± 2.8" in [text.get_text() for text in axes.texts]


def test_more_axes_give_bars_sorted_best_first() -> None:
    study = make_study({"a": ("1", "2"), "b": ("x",), "c": ("3", "4", "5")}, failing="1 · x · 3")
    axes = study_bars(study, best_first=True).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    expected = sorted(range(1, 6), key=lambda number: -NM.flat[number])
    assert labels == [study.cells[number].label for number in expected] + ["1 · x · 3"]
    assert "failed" in [text.get_text() for text in axes.texts]
    three = StudyResult("t", "p", {**study.axes, "b": ("x", "y")}, study.cells)
    drawn = study_figure(three).axes[0]
    assert [label.get_text() for label in drawn.get_yticklabels()] == labels


def test_labels_are_drawn_literally(recwarn) -> None:
    study = make_study({"loss": ("$x$", "_y"), "schedule": ("a|b", "c", "d")})
    study_figure(study).savefig(io.BytesIO(), format="svg")
    study_bars(study).savefig(io.BytesIO(), format="svg")
    assert "a\\|b" in study_markdown(study)
    assert not recwarn.list


def test_everything_is_written(study: StudyResult, tmp_path: Path) -> None:
    write_study(study, tmp_path)
    written = {"study.json", "study.csv", "runs.csv", "study.md", "study.png"}
    assert {path.name for path in tmp_path.iterdir()} == written
    nothing = StudyResult("t", "p", {}, group_runs([RunResult("a", 1, "f", error="broke")]))
    write_study(nothing, tmp_path / "nothing")
    assert {path.name for path in (tmp_path / "nothing").iterdir()} == written - {"study.png"}
