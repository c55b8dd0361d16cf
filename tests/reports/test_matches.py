import dataclasses

import numpy as np

from gaitprint.evaluation.results import Match
from gaitprint.reports.matches import confident_failures, match_strip, random_matches, tiles
from gaitprint.reports.style import RIGHT, WRONG


def test_failures_come_nearest_first(case) -> None:
    wrong = [match.probe for match in case.evaluation.matches if not match.correct]
    assert [match.probe for match in confident_failures(case.evaluation, 99)] == sorted(wrong)
    assert len(confident_failures(case.evaluation, 1)) == 1
    assert confident_failures(case.evaluation, 0) == []


def test_matches_are_drawn_from_the_right_ones(case) -> None:
    chosen = random_matches(case.evaluation, 6, seed=3)
    assert len({match.probe for match in chosen}) == 6
    assert all(match.correct for match in chosen)
    assert chosen == random_matches(case.evaluation, 6, seed=3)
    assert chosen != random_matches(case.evaluation, 6, seed=4)


def test_probes_without_candidates_are_passed_over(case) -> None:
    lonely = dataclasses.replace(case.evaluation, matches=(Match(0, (), (), False), Match(1, (), (), True)))
    assert confident_failures(lonely, 5) == random_matches(lonely, 5, 0) == []


def test_tiles_say_who_and_how_far(case) -> None:
    probe, right, wrong = tiles(Match(0, (1, 20), (0.25, 0.5), True), case.embeddings, "cosine")
    assert (probe.subject, probe.detail, probe.correct) == ("000", "nm-01 · 000", None)
    assert (right.correct, right.score) == (True, "cosine 0.750")
    assert (wrong.subject, wrong.correct) == ("002", False)


def test_strip_frames_right_green_and_wrong_red(case) -> None:
    figure = match_strip(Match(0, (1, 20), (0.25, 12.5), True), case.embeddings, lambda i: np.full((8, 6), i, np.uint8))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["probe 000", "✓ 000", "✗ 002"]
    assert [axes.title.get_color() for axes in figure.axes[1:]] == [RIGHT, WRONG]
    assert figure.axes[2].get_xlabel().endswith("distance 12.50")
    assert int(figure.axes[2].images[0].get_array()[0, 0]) == 20
