import json

import numpy as np
import pytest

from gaitprint.evaluation.results import Candidates, ConditionResult, Evaluation, VerificationResult


def evaluation_with(*conditions: ConditionResult, verification: VerificationResult | None = None) -> Evaluation:
    return Evaluation("p", "d", "euclidean", 2, 3, 4, conditions=conditions, verification=verification)


def test_top_figures_are_the_means_over_conditions() -> None:
    evaluation = evaluation_with(ConditionResult("NM", 2, rank1=0.9), ConditionResult("CL", 2, rank1=0.5, map=0.25))
    assert evaluation.rank1 == pytest.approx(0.7)
    assert evaluation.map == 0.25
    assert evaluation.rank5 is None
    assert evaluation.eer is None


def test_json_is_standard_and_turns_not_a_number_into_null() -> None:
    cells = np.array([[0.5, np.nan]])
    verification = VerificationResult(np.zeros(2), np.ones(2), np.array([-np.inf, 1.0]), 0.1, 0.9, {"1e-2": 0.5}, 3, 4)
    condition = ConditionResult("NM", 1, rank1=np.float64(0.5), views=("000",), rank1_by_view_pair=cells)
    values = evaluation_with(condition, verification=verification).to_json()
    again = json.loads(json.dumps(values, allow_nan=False))
    assert again == values
    assert "model" not in again
    assert again["rank1"] == 0.5
    assert again["eer"] == 0.1
    assert again["conditions"][0]["rank1_by_view_pair"] == [[0.5, None]]
    assert again["conditions"][0]["views"] == ["000"]
    assert again["verification"]["thresholds"] == [None, 1.0]
    assert again["open_set"] is None


def test_a_missing_figure_stays_null() -> None:
    values = evaluation_with(ConditionResult("NM", 0, rank1=float("nan"))).to_json()
    assert values["rank1"] is None
    assert values["conditions"][0]["rank1"] is None


def test_candidates_as_csv(tmp_path) -> None:
    candidates = Candidates(("v1", "v2"), np.array([["a", "b"], ["b", "a"]]))
    candidates.write_csv(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "videoId,rank1,rank2\nv1,a,b\nv2,b,a\n"
