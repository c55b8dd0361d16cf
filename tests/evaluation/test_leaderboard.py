from gaitprint.evaluation.leaderboard import Board, Leaderboard, Row, figures_of, spreads

BY_VIEW = {
    "conditions": [{"name": "NM", "rank1": 0.8}, {"name": "BG", "rank1": 0.4}],
    "rank1": 0.6,
    "rank5": 0.7,
    "map": None,
    "eer": 0.1,
    "pooled": {"map": 0.5},
}


def test_conditions_have_figures_of_their_own() -> None:
    assert figures_of(BY_VIEW) == {"NM": 0.8, "BG": 0.4, "rank-5": 0.7, "mAP": 0.5, "EER": 0.1}


def test_one_condition_has_rank_1() -> None:
    metrics = BY_VIEW | {"conditions": [{"name": "all", "rank1": 0.6}], "map": 0.3, "pooled": None}
    assert figures_of(metrics) == {"rank-1": 0.6, "rank-5": 0.7, "mAP": 0.3, "EER": 0.1}


def test_rank_1_is_known_by_condition_where_there_are_several() -> None:
    row = Row("one", spreads([figures_of(BY_VIEW), {**figures_of(BY_VIEW), "NM": 1.0}]))
    assert {name: spread.values for name, spread in row.rank1.items()} == {"NM": (0.8, 1.0), "BG": (0.4, 0.4)}
    assert Row("failed").rank1 == {}


def test_whatever_failed_is_named() -> None:
    board = Board("walkers", "Walkers", "casia-b", (Row("one", errors=("seed 42: too few",)),))
    result = Leaderboard((board,), 1, skipped=("kinect: no recordings",))
    assert result.failures == ("kinect: no recordings", "walkers, one: seed 42: too few")
    assert board.measured == ()
