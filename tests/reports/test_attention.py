import io
import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import Normalize, to_rgba
from rich.console import Console

from gaitprint.core.skeletons import KINECT_V1_20, get_skeleton
from gaitprint.evaluation.attention import JointAttention, WalkAttention
from gaitprint.evaluation.attention_ratios import strongest_pairs
from gaitprint.reports.attention import describe_joints, joint_table, joints_figure
from gaitprint.reports.attention_frames import describe_frames, frames_figure
from gaitprint.reports.html import render_report
from gaitprint.reports.skeleton_drawing import SIDE_COLOURS
from gaitprint.reports.style import HEAT

J = len(KINECT_V1_20.joints)


def _joints(axes: int = 3, **changes) -> JointAttention:
    rng = np.random.default_rng(0)
    values = {
        "skeleton": KINECT_V1_20,
        "received": rng.uniform(0.5, 2.0, J),
        "pairs": rng.uniform(0.5, 2.0, (J, J)),
        "pose": rng.normal(size=(J, axes)),
    }
    return JointAttention(**(values | changes))


def _walk(clips=((0, 29), (100, 129)), axes: int = 3, **changes) -> WalkAttention:
    rng = np.random.default_rng(1)
    ends = np.array(clips)
    moments = np.unique(np.concatenate([np.arange(first, last + 1) for first, last in clips]))
    values = {
        "walk": "a/$b_/c",
        "joints": _joints(axes),
        "frame_rate_hz": 30.0,
        "moments": moments,
        "frames": rng.uniform(0.5, 2.0, len(moments)),
        "clips": ends,
        "poses": rng.normal(size=(150, J, axes)) * 0.1 + np.linspace(0, 1, J)[:, None],
        "separation": np.sin(np.arange(150) / 5) * 0.4,
    }
    return WalkAttention(**(values | changes))


def _save(figure) -> None:
    figure.savefig(io.BytesIO(), format="png")
    figure.savefig(io.BytesIO(), format="svg")


def test_disks_are_larger_and_darker_the_more_was_received() -> None:
    attention = _joints()
    figure = joints_figure(attention, "a title")
    _save(figure)
    front, side, bar = figure.axes
    signs = {front: ([0, 1], [-1, 1]), side: ([2, 1], [1, 1])}
    scale = Normalize(attention.received.min(), attention.received.max())
    for axes, (columns, sign) in signs.items():
        (disks,) = axes.collections
        assert np.all(np.diff(disks.get_sizes()) <= 0)  # the largest first, under all others
        for place, size, colour in zip(disks.get_offsets(), disks.get_sizes(), disks.get_facecolors(), strict=True):
            joint = int(np.argmin(np.abs(attention.pose[:, columns] * sign - place).sum(axis=1)))
            assert size == pytest.approx(22 + (330 - 22) * scale(attention.received[joint]))
            assert tuple(colour) == pytest.approx(HEAT(float(scale(attention.received[joint]))))
    assert bar.get_ylabel() == "attention received, uniform = 1"
    assert bar.lines[0].get_ydata()[0] == 1.0


def test_sides_names_and_pairs() -> None:
    attention = _joints()
    figure = joints_figure(attention, "a title")
    front, side, _ = figure.axes
    left = [line for line in front.lines if to_rgba(line.get_color()) == to_rgba(SIDE_COLOURS["left"])]
    assert len(left) == sum(child.startswith("left_") for _, child in KINECT_V1_20.bones)
    texts = {text.get_text() for text in front.texts}
    expected = np.argsort(-attention.received)[:5]
    assert texts == {f"{KINECT_V1_20.joints[j].replace('_', ' ')}\n{attention.received[j]:.2f}" for j in expected}
    assert not side.texts
    ends = [{tuple(np.round(end, 9)) for end in arc._posA_posB} for arc in front.patches]
    points = np.round(attention.pose[:, :2] * [-1, 1], 9)
    assert ends == [{tuple(points[a]), tuple(points[b])} for a, b, _ in strongest_pairs(attention.pairs, 6)]
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == ["left", "right"]


def test_names_do_not_overlap() -> None:
    received = np.ones(J)
    crowd = [KINECT_V1_20.index(f"left_{name}") for name in ("shoulder", "elbow", "wrist", "hand", "hip")]
    received[crowd] = [1.5, 1.4, 1.3, 1.2, 1.1]
    figure = joints_figure(_joints(received=received, pose=np.random.default_rng(3).normal(size=(J, 3)) * 0.01))
    _save(figure)
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda box: (box.x0 > 200, box.y0))
    columns = [[box for box in boxes if (box.x0 > 200) == right] for right in (False, True)]
    for column in columns:
        assert all(lower.y1 <= upper.y0 for lower, upper in itertools.pairwise(column))


def test_unseen_joints_are_left_out_and_nearly_uniform_looks_so() -> None:
    received = np.linspace(0.99, 1.01, J)
    pose, hand = np.random.default_rng(2).normal(size=(J, 3)), KINECT_V1_20.index("right_hand")
    received[hand] = pose[hand] = np.nan
    pairs = np.ones((J, J))
    pairs[hand] = pairs[:, hand] = np.nan
    figure = joints_figure(_joints(received=received, pose=pose, pairs=pairs))
    _save(figure)
    disks = figure.axes[0].collections[0]
    assert len(disks.get_offsets()) == J - 1
    assert np.ptp(disks.get_sizes()) < 20
    assert "right hand" not in describe_joints(_joints(received=received))


def test_the_image_is_one_view_with_y_down() -> None:
    skeleton = get_skeleton("coco-17")
    rng = np.random.default_rng(0)
    pose = rng.uniform(0, 200, (17, 2))
    attention = JointAttention(skeleton, rng.uniform(0.5, 2, 17), rng.random((17, 17)), pose)
    figure = joints_figure(attention)
    _save(figure)
    view, _ = figure.axes
    places = np.asarray(view.collections[0].get_offsets())
    assert sorted(places[:, 1]) == pytest.approx(sorted(-pose[:, 1]))


def test_key_poses_stand_at_their_time_and_apart() -> None:
    walk = _walk(((0, 149),), frames=np.sin(np.arange(150) / 8) * 0.5 + 1.2, moments=np.arange(150))
    figure = frames_figure(walk, "title")
    _save(figure)
    poses, curve, phase = figure.axes
    assert [text.get_text()[0] for text in poses.texts].count("▼") >= 1
    for text in poses.texts:
        second = text.get_position()[0]
        value = walk.frames[int(np.argmin(np.abs(walk.moments / 30 - second)))]
        assert text.get_text()[2:] == f"{value:.2f}"
    boxes = sorted((text.get_window_extent() for text in poses.texts), key=lambda box: box.x0)
    assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(boxes))
    # Each figure is centred at its time: bones are drawn one by one, as many as the skeleton has.
    bones = len(KINECT_V1_20.bones)
    for number, text in enumerate(poses.texts):
        frame = round(text.get_position()[0] * 30)
        drawn = np.concatenate([line.get_xdata() for line in poses.lines[number * bones : (number + 1) * bones]])
        about = walk.poses[frame, :, 2] - walk.poses[frame, :, 2].mean()
        assert drawn.max() - text.get_position()[0] == pytest.approx(
            about.max() * _seconds_per_metre(poses, walk), rel=0.3
        )
    assert poses.get_xlim() == curve.get_xlim() == phase.get_xlim()
    assert phase.get_ylabel() == "left ankle\nahead (cm)"


def _seconds_per_metre(axes, walk: WalkAttention) -> float:
    """From the drawing itself: heights are not stretched against widths."""
    box = axes.get_window_extent()
    seconds_per_pixel = np.diff(axes.get_xlim())[0] / box.width
    heights = walk.poses[..., 1]
    pixels_per_metre = 0.82 * box.height / np.subtract(*np.percentile(heights, [99, 1]))
    return float(seconds_per_pixel * pixels_per_metre)


def test_no_line_where_the_model_did_not_look() -> None:
    figure = frames_figure(_walk(), "title")
    curve = next(line for line in figure.axes[1].lines if len(line.get_xdata()) > 50)
    seconds, values = curve.get_data()
    assert np.isnan(values).sum() == 1
    assert np.nanmax(np.diff(seconds)) < 0.05
    shaded = [patch.get_extents() for patch in figure.axes[1].patches]
    assert len(shaded) == 3  # before, between, after


@pytest.mark.parametrize(
    "walk",
    [
        _walk(separation=None),
        _walk(axes=2),
        _walk(((5, 5),)),
        _walk(((0, 19), (10, 29))),
        _walk(frames=np.r_[np.nan, np.ones(59)]),
        _walk(separation=np.full(150, np.nan)),
        _walk(poses=np.where(np.arange(150)[:, None, None] // 10 == 1, np.nan, _walk().poses)),
    ],
    ids=["no ankles", "image", "one frame", "overlap", "unseen frame", "ankles never seen", "nobody for a while"],
)
def test_draws_whatever_there_is(walk: WalkAttention, recwarn) -> None:
    _save(frames_figure(walk, "$a_"))
    assert not [warning for warning in recwarn.list if "gaitprint" in str(warning.filename)]
    assert "clip" in describe_frames(walk)


def test_table_and_words() -> None:
    console = Console(width=80, file=io.StringIO())
    received = np.ones(J)
    received[[3, 7, 0]] = [1.777, 1.5, 1.25]
    console.print(joint_table(_joints(received=received, walks=12, deviation=np.full(J, 0.123))))
    text = console.file.getvalue()
    lines = [line.split() for line in text.splitlines()]
    assert ["1", "head", "1.78", "0.12"] in lines
    assert ["2", "left", "hand", "1.50", "0.12"] in lines
    assert "mean of 12 walks" in text
    assert describe_joints(_joints(received=received)).startswith(
        "Attention received by joints, uniform = 1; most: head 1.78, left hand 1.50, pelvis 1.25"
    )
    frames = np.linspace(0.5, 1.5, 60)
    assert describe_frames(_walk(frames=frames)) == (
        "Attention over 2 clips of the walk, uniform = 1; highest 1.50 at 4.30 s and lowest 0.50 at 0.00 s."
    )


def test_in_the_page_it_is_described_escaped_and_needs_nobody(case) -> None:
    walk = _walk(walk="<b>a</b>/$x/y")
    page = render_report(case.evaluation, case.embeddings, card={}, attention=walk)
    without = render_report(case.evaluation, case.embeddings, card={})
    section = page[page.index('<section id="attention">') :].partition("</section>")[0]
    assert "&lt;b&gt;a&lt;/b&gt;/$x/y" in section
    assert "<b>a</b>" not in page
    assert section.count("<svg") == section.count('role="img"') == 2
    assert describe_frames(walk) in section
    assert 'id="attention"' not in without
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]*)\)", page)) <= set(ids)
    assert not re.search(r"https?:", section)
