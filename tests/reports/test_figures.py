import dataclasses

import numpy as np
import pytest
from matplotlib import _pylab_helpers
from matplotlib.colors import to_rgb
from scipy.stats import norm

from gaitprint.core.errors import UsageError
from gaitprint.evaluation.results import ConditionResult, OpenSetResult, VerificationResult
from gaitprint.evaluation.verification import PairCollector
from gaitprint.reports import figures
from gaitprint.reports.style import HEAT, inline_svg


def test_heat_map_holds_every_cell(case) -> None:
    condition = case.evaluation.conditions[0]
    axes = figures.rank1_heat_map(condition).axes[0]
    drawn = np.ma.filled(axes.collections[0].get_array().astype(float), np.nan)
    np.testing.assert_allclose(drawn.reshape(3, 3), 100 * condition.rank1_by_view_pair)
    texts = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in axes.texts}
    assert texts[0.5, 1.5] == "51.2"
    assert texts[0.5, 2.5] == "–"
    assert texts[2.5, 0.5] == "12.5"
    assert len(axes.patches) == 3  # the identical views
    assert all(patch.get_x() == pytest.approx(patch.get_y()) for patch in axes.patches)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["000", "090", "180"]


def test_heat_map_numbers_stand_out_from_their_cells() -> None:
    values = np.linspace(0, 1, 100).reshape(10, 10)
    names = tuple(map(str, range(10)))
    condition = ConditionResult("NM", 1, views=names, gallery_views=names, rank1_by_view_pair=values)
    axes = figures.rank1_heat_map(condition).axes[0]

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for text in axes.texts:
        column, row = (int(place - 0.5) for place in text.get_position())
        dark, light = sorted([luminance(HEAT(values[row, column])), luminance(to_rgb(text.get_color()))])
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.1, level AA


def test_bars_have_the_heights_of_the_table(case) -> None:
    axes = figures.view_bars(case.evaluation.conditions).axes[0]
    assert [bars.get_label() for bars in axes.containers] == ["NM", "BG", "CL"]
    for bars in axes.containers:
        np.testing.assert_allclose([bar.get_height() for bar in bars], [51.2, 29.15, 45.1])


def test_cmc_stops_at_max_rank(case) -> None:
    axes = figures.cmc_curve(case.evaluation.conditions, max_rank=10).axes[0]
    assert len(axes.lines) == 3
    x, y = axes.lines[1].get_data()
    np.testing.assert_array_equal(x, range(1, 11))
    np.testing.assert_allclose(y, 100 * case.evaluation.conditions[1].cmc[:10])


def test_roc_is_true_match_rate_over_fmr(case) -> None:
    verification = case.evaluation.verification
    x, y = figures.roc_curve(verification).axes[0].lines[0].get_data()
    kept = verification.fmr > 0
    np.testing.assert_allclose(x[1:], verification.fmr[kept])
    np.testing.assert_allclose(y[1:], 100 * (1 - verification.fnmr[kept]))


def test_det_is_straight_for_normal_scores() -> None:
    thresholds = np.linspace(-4, 8, 500)
    fmr, fnmr = norm.cdf(thresholds, 3, 1), norm.sf(thresholds, 0, 1)
    result = VerificationResult(fmr, fnmr, thresholds, norm.cdf(-1.5), 0.98, {}, 10, 10)
    axes = figures.det_curve(result).axes[0]
    _, curve, point = axes.lines
    x, y = curve.get_data()
    np.testing.assert_allclose(x + y, -3.0, atol=1e-6)  # threshold - 3 and -threshold
    np.testing.assert_allclose(point.get_data(), [[-1.5], [-1.5]])
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert {"0.1", "1", "10"} <= set(labels)


def test_histogram_agrees_with_a_count_of_distances() -> None:
    random = np.random.default_rng(0)
    genuine, impostor = random.normal(1, 0.2, 4000), random.normal(2, 0.3, 9000)
    pairs = PairCollector(13000)
    pairs.add(np.concatenate([genuine, impostor]).astype(np.float32), np.arange(13000) < 4000)
    figure = figures.distance_histogram(pairs.result())
    for patch, distances in zip(figure.axes[0].patches, (genuine, impostor), strict=True):
        heights, edges, _ = patch.get_data()
        counts, _ = np.histogram(distances, edges)
        np.testing.assert_allclose(heights, 100 * counts / len(distances), atol=0.05)
        assert heights.sum() == pytest.approx(100)


def test_perfect_separation_is_drawn_without_a_word_of_warning(recwarn) -> None:
    result = VerificationResult(
        np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.5, 1.0]), 0.0, 1.0, {}, 5, 50
    )
    apart = PairCollector(55)
    apart.add(np.repeat(np.float32([0.2, 0.9]), [5, 50]), np.arange(55) < 5)
    for figure in (figures.roc_curve(result), figures.det_curve(result), figures.distance_histogram(apart.result())):
        inline_svg(figure, "a")
    assert not recwarn.list
    assert figures.distance_histogram(result) is None


def test_open_set_marks_its_operating_points(case) -> None:
    axes = figures.open_set_curve(case.evaluation.open_set).axes[0]
    points = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines[1:]]
    np.testing.assert_allclose(points, [(0.01, 79.3), (0.1, 73.0)])


def test_open_set_marks_lie_on_the_curve_also_where_few_others_searched() -> None:
    """Three searches of others: no rate between 0 and a third, so that both points are those of no false alarm."""
    result = OpenSetResult(np.array([0, 1 / 3, 2 / 3, 1.0]), np.array([0.8, 0.5, 0.2, 0.1]), {"1e-2": 0.2, "1e-1": 0.2})
    curve = figures.open_set_curve(result).axes[0].lines[0]
    assert (curve.get_xdata()[0], curve.get_ydata()[0]) == (0.01, pytest.approx(80.0))
    assert curve.get_drawstyle() == "steps-post"  # the same rate from 0 to a third, and so at a tenth


def test_worse_than_chance_is_within_the_axes() -> None:
    thresholds = np.linspace(-4, 4, 200)
    result = VerificationResult(
        norm.cdf(thresholds, 0), norm.sf(thresholds, 1), thresholds, norm.cdf(0.5), 0.2, {}, 9, 9
    )
    axes = figures.det_curve(result).axes[0]
    assert axes.get_xlim()[1] > 0.5  # normal deviates
    assert [text.get_text() for text in axes.texts] == ["EER 69.1 %"]


def test_many_views_and_long_names_leave_room_for_the_figure() -> None:
    names = tuple(f"camera {n} at the north-western entrance" for n in range(30))
    cells = np.full((30, 3), 0.5)
    conditions = [
        ConditionResult(
            f"condition {n} with a name that is rather long",
            9,
            views=names,
            gallery_views=names[:3],
            rank1_by_view_pair=cells,
            rank1_by_view=cells[:, 0],
        )
        for n in range(3)
    ]
    for figure in (figures.view_bars(conditions), figures.rank1_heat_map(conditions[0])):
        figure.draw_without_rendering()
        box, size = figure.axes[0].get_position(), figure.get_size_inches()
        assert box.width * size[0] > 3
        assert box.height * size[1] > 0.8
        assert size[1] < 12


def test_what_is_missing_is_said() -> None:
    bare = ConditionResult("all", 3)
    for draw in (figures.rank1_heat_map, lambda c: figures.view_bars([c]), lambda c: figures.cmc_curve([c])):
        with pytest.raises(UsageError):
            draw(bare)


def test_labels_are_drawn_literally(recwarn) -> None:
    names = ("_x", r"$\frac{", "<b>", "步行")
    condition = ConditionResult(
        "$n$", 1, views=names, gallery_views=names, rank1_by_view_pair=np.eye(4), rank1_by_view=np.ones(4)
    )
    hidden = dataclasses.replace(condition, name="_hidden")
    svg = inline_svg(figures.view_bars([condition, hidden]), "p") + inline_svg(figures.rank1_heat_map(condition), "q")
    for expected in ("_x", r"$\frac{", "&lt;b&gt;", "步行", "$n$", "_hidden"):
        assert expected in svg
    assert not recwarn.list


def test_no_figure_is_registered_with_pyplot(case) -> None:
    figures.cmc_curve(case.evaluation.conditions)
    assert not _pylab_helpers.Gcf.figs
