import csv
import io
import json

import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.study_results import RunResult, Spread, StudyResult, group_runs, headline_figures


def test_spread_is_numpys() -> None:
    values = tuple(np.random.default_rng(0).normal(0.8, 0.1, 7).tolist())
    spread = Spread(values)
    assert spread.mean == pytest.approx(np.mean(values))
    assert spread.deviation == pytest.approx(np.std(values, ddof=1))
    assert Spread((0.5,)).deviation is None


def _study() -> StudyResult:
    runs = [
        RunResult("a · x", 1, "f/1", {"NM": 0.9, "EER": 0.2}, 10.0, 1, "h1"),
        RunResult("b · x", 1, "f/2", {"NM": 0.8, "EER": 0.1}, 20.0, 1, "h2"),
        RunResult("a · x", 2, "f/3", {"NM": 0.7, "EER": 0.2}, 14.0, 1, "h3"),
        RunResult("b · x", 2, "f/4", error="no, it\nfailed"),
        RunResult("c", 1, "f/5", error="never"),
    ]
    choices = {"a · x": {"l": "a", "s": "x"}, "b · x": {"l": "b", "s": "x"}, "c": {"l": "c", "s": "y"}}
    return StudyResult(
        "t", "casia-b", {"l": ["a", "b", "c"], "s": ["x", "y"]}, group_runs(runs, choices), {"data": "d"}
    )


def test_cells_gather_their_runs_and_leave_failures_out_of_the_mean() -> None:
    study = _study()
    assert [(cell.label, len(cell.runs), len(cell.succeeded)) for cell in study.cells] == [
        *(("a · x", 2, 2), ("b · x", 2, 1), ("c", 1, 0))
    ]
    a, b, c = study.cells
    assert a.spread("NM") == Spread((0.9, 0.7))
    assert b.spread("NM") == Spread((0.8,))
    assert c.spread("NM") is None
    assert a.training_seconds == Spread((10.0, 14.0))
    assert study.figures == ("NM", "EER")
    assert [run.error for run in study.failures] == ["no, it\nfailed", "never"]


def test_the_best_is_the_highest_rate_and_the_lowest_error() -> None:
    study = _study()
    a, b, _ = study.cells
    assert study.best("EER") is b
    assert study.best("NM") in (a, b)  # 0.8 both
    assert study.best("BG") is None


def test_json_and_csv_hold_what_there_is() -> None:
    study = _study()
    plain = json.loads(json.dumps(study.to_json(), allow_nan=False))
    assert plain["cells"][0]["figures"]["NM"] == {
        "mean": pytest.approx(0.8),
        "deviation": pytest.approx(0.2 / np.sqrt(2)),
        "values": [0.9, 0.7],
    }
    assert (plain["succeeded"], plain["failed"], plain["data"]) == (3, 2, "d")
    assert plain["cells"][2]["training_seconds"] is None
    rows = list(csv.DictReader(io.StringIO(study.to_csv())))
    assert [(row["l"], row["s"], row["succeeded"], row["failed"]) for row in rows] == [
        *(("a", "x", "2", "0"), ("b", "x", "1", "1"), ("c", "y", "0", "1"))
    ]
    assert rows[1]["NM mean"] == "0.8"
    assert rows[1]["NM deviation"] == rows[2]["NM mean"] == ""
    runs = list(csv.DictReader(io.StringIO(study.runs_to_csv())))
    assert [run["error"] for run in runs] == ["", "", "", "no, it\nfailed", "never"]
    assert [run["weights_hash"] for run in runs] == ["h1", "h3", "h2", "", ""]


def test_runs_without_a_grid_are_named_by_their_cell() -> None:
    study = StudyResult("t", "p", {}, group_runs([RunResult("CNN-GEI", 1, "f", {"NM": 0.5}, 1.0, 1, "h")]))
    assert study.to_csv().splitlines()[1].startswith("CNN-GEI,1,0,0.5,,")
    assert study.runs_to_csv().splitlines()[1] == "CNN-GEI,1,0.5,1.0,h,"


@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        ("casia-b", ["NM", "BG", "CL"]),
        ("casia-b-pooled", ["NM", "BG", "CL"]),
        ("first-walk", ["Rank-1", "Rank-5", "Rank-10", "mAP"]),
        ("verification", ["EER"]),
        ("open-set", ["Rank-1", "Rank-5", "Rank-10", "mAP", "DIR at FPIR 1 %", "DIR at FPIR 10 %"]),
    ],
)
def test_headline_figures_of_a_protocol(protocol: str, names: list[str]) -> None:
    conditions = ["nm-01", "nm-02", "nm-03", "nm-04", "nm-05", "bg-01", "cl-01"]
    labels = [(f"{s:03d}", c, v) for s in range(4) for c in conditions for v in ("000", "090")]
    subjects, condition, views = (np.array(column) for column in zip(*labels, strict=True))
    values = np.random.default_rng(1).normal(size=(len(labels), 1, 4)).astype(np.float32)
    evaluation = evaluate_embeddings(EmbeddingSet(values, subjects, condition, views), protocol)
    figures = headline_figures(evaluation.to_json())
    assert list(figures) == names
    if protocol.startswith("casia-b"):
        assert list(figures.values()) == [result.rank1 for result in evaluation.conditions]
    elif protocol == "verification":
        assert figures["EER"] == evaluation.eer
    else:
        assert (figures["Rank-1"], figures["mAP"]) == (evaluation.rank1, evaluation.map)
