import dataclasses

import numpy as np
import pytest

from gaitprint.evaluation.results import ConditionResult, Evaluation
from gaitprint.reports.summary import (
    condition_table,
    conditions_with_view_pairs,
    count_text,
    error_rates,
    facts,
    headline,
    headline_caption,
    notes,
    view_table,
)


def test_headline_of_several_conditions_is_their_rank1(case) -> None:
    assert headline(case.evaluation) == (("NM", "82.1 %"), ("BG", "61.1 %"), ("CL", "43.2 %"))
    assert "16.7 %" in headline_caption(case.evaluation)  # one of six people


def test_headline_of_one_condition_is_its_ranks(case) -> None:
    condition = ConditionResult("all", 10, rank1=0.9, rank5=0.95, rank10=None, map=0.8)
    evaluation = dataclasses.replace(case.evaluation, conditions=(condition,))
    assert headline(evaluation) == (("Rank-1", "90.0 %"), ("Rank-5", "95.0 %"), ("mAP", "80.0 %"))


def test_headline_of_many_conditions_is_their_mean(case) -> None:
    conditions = tuple(ConditionResult(f"c{n}", 1, rank1=n / 10) for n in range(10))
    assert headline(dataclasses.replace(case.evaluation, conditions=conditions)) == (("Rank-1", "45.0 %"),)


def test_headline_without_ranking_is_error_rates(case) -> None:
    open_set = dataclasses.replace(case.evaluation, conditions=())
    assert headline(open_set) == (("Found at FPIR 1 %", "20.7 %"), ("Found at FPIR 10 %", "27.0 %"))
    verification = dataclasses.replace(open_set, open_set=None)
    assert headline(verification)[:2] == (("EER", "20.0 %"), ("FNMR at FMR 1 %", "32.7 %"))
    assert headline(dataclasses.replace(verification, verification=None)) == ()


def test_condition_table_has_only_columns_with_figures(case) -> None:
    table = condition_table(case.evaluation)
    assert table is not None
    assert table.headers == ("Condition", "Probes", "Rank-1", "Rank-5", "mAP", "Rank-1 incl. identical view")
    assert table.rows[0] == ("NM", "1,234", "82.1 %", "91.2 %", "45.7 %", "66.7 %")


def test_view_table_joins_conditions_with_different_views(case) -> None:
    other = ConditionResult(
        "XX", 5, rank1=0.5, views=("090", "270"), gallery_views=("090",), rank1_by_view=np.array([0.1, np.nan])
    )
    table = view_table(dataclasses.replace(case.evaluation, conditions=(case.evaluation.conditions[0], other)))
    assert table is not None
    assert table.headers == ("Probe view", "NM", "XX")
    assert table.rows == (
        ("000", "51.2 %", "–"),
        ("090", "29.1 %", "10.0 %"),
        ("180", "45.1 %", "–"),
        ("270", "–", "–"),
        ("Mean", "82.1 %", "50.0 %"),
    )
    pooled = ConditionResult("all", 5, rank1=0.8, views=("000", "090"), rank1_by_view=np.array([1.0, 0.0]))
    table = view_table(dataclasses.replace(case.evaluation, conditions=(pooled,)))
    assert table is not None
    assert table.rows[-1] == ("All", "80.0 %")  # four of five probes are of the first view


def test_views_without_number_are_not_listed_and_that_is_said(case) -> None:
    """As of Gait3D and GREW, where nearly every walk has a view of its own."""
    views = tuple(f"video-{n}" for n in range(1234))
    cells = np.zeros((1234, 2))
    many = ConditionResult("all", 1234, 0.5, views=views, rank1_by_view=cells[:, 0], rank1_by_view_pair=cells)
    evaluation = dataclasses.replace(case.evaluation, conditions=(many,))
    assert view_table(evaluation) is None
    assert conditions_with_view_pairs(evaluation) == ()
    assert notes(evaluation)[:-1] == case.evaluation.notes
    assert "1,234 views" in notes(evaluation)[-1]
    assert notes(case.evaluation) == case.evaluation.notes
    assert conditions_with_view_pairs(case.evaluation) == case.evaluation.conditions


def test_no_count_has_four_digits_or_an_exponent() -> None:
    texts = [count_text(number) for number in (999, 999_499, 999_500, 999_999_999, 1_234_000_000_000)]
    assert texts == ["999", "999 k", "1 M", "1 G", "1.23 T"]


def test_error_rates_name_every_figure(case) -> None:
    rates = dict(error_rates(case.evaluation))
    assert rates["FNMR at FMR 0.1 %"] == "33.27 %"
    assert rates["Impostor pairs"] == "98,765"
    assert rates["DIR at FPIR 10 %"] == "27.00 %"
    assert rates["Searches of others"] == "31"


@pytest.mark.parametrize(("metric", "shown"), [("euclidean", False), ("cosine", True)])
def test_facts_keep_every_key_of_the_card(case, metric: str, shown: bool) -> None:
    card = {"model": "cnn-gei", "train_subjects": 74, "metric": metric, "epochs_run": 20, "data": None}
    pairs = dict(facts(case.evaluation, card))
    assert pairs["Model"] == "cnn-gei"
    assert pairs["Subjects in training"] == "74"
    assert pairs["Epochs run"] == "20"
    assert pairs["Gallery walks"] == "18"
    assert ("Metric" in pairs) == shown
    assert "Data" not in pairs


def test_nothing_at_all() -> None:
    empty = Evaluation("grew", "ranked lists only", "cosine", subjects=0, gallery=0, probe=0)
    assert headline(empty) == error_rates(empty) == ()
    assert condition_table(empty) is None
    assert view_table(empty) is None
