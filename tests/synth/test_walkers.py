import dataclasses
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import SKELETONS, get_skeleton
from gaitprint.synth.walkers import (
    CONDITIONS,
    WalkerDifficulty,
    WalkSpec,
    casia_b_walks,
    render_walk,
    render_walk_views,
    walker_of,
)

CLEAN = WalkerDifficulty(noise=0.0)


def widths(silhouettes):
    """Columns that the person covers over its rows, mean over frames."""
    return float((silhouettes.any(axis=1).sum(axis=1) / silhouettes.any(axis=2).sum(axis=1)).mean())


def test_a_data_set_is_laid_out_as_casia_b():
    walks = casia_b_walks(3, seed=5)
    assert [(walk.subject, walk.condition) for walk in walks] == [
        (f"{subject:03d}", condition) for subject in (1, 2, 3) for condition in CONDITIONS
    ]
    sequences = render_walk_views(walks[6])
    assert [sequence.id for sequence in sequences] == [f"001/bg-01/{view:03d}" for view in range(0, 181, 18)]
    assert [sequence.view_deg for sequence in sequences] == list(range(0, 181, 18))
    assert len({sequence.num_frames for sequence in sequences}) == 1
    assert 40 <= sequences[0].num_frames <= 75
    assert sequences[0].frame_rate_hz == 25.0
    for sequence in sequences:
        assert sequence.silhouettes.shape[1:] == (160, 120)
        assert set(np.unique(sequence.silhouettes)) == {0, 255}


def test_nobody_leaves_the_picture():
    for spec in casia_b_walks(6, seed=2, conditions=("nm-01", "cl-01"), difficulty=CLEAN):
        for sequence in render_walk_views(spec):
            covered = sequence.silhouettes.any(axis=0)
            assert covered.any()
            assert not covered[[0, -1]].any()
            assert not covered[:, [0, -1]].any()
            assert (sequence.silhouettes.any(axis=2).sum(axis=1) > 60).all()


def checksums(spec):
    return [sequence.silhouettes.tobytes() for sequence in render_walk_views(spec)]


def test_the_same_walk_in_any_process_and_order():
    specs = casia_b_walks(2, seed=7, conditions=("nm-01", "bg-02", "cl-01"), views=("036", "090"))
    here = [checksums(spec) for spec in specs]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = list(pool.map(checksums, reversed(specs)))
    assert here == there[::-1]
    # One view alone, or a larger data set, changes nothing.
    assert render_walk(specs[0], "090").silhouettes.tobytes() == here[0][1]
    assert checksums(casia_b_walks(9, seed=7, conditions=("nm-01",), views=("036", "090"))[0]) == here[0]
    assert pickle.loads(pickle.dumps(specs[0])) == specs[0]


def test_seeds_subjects_and_walks_differ():
    specs = [
        WalkSpec(subject, condition, seed, views=("090",))
        for subject, condition, seed in (
            ("001", "nm-01", 0),
            ("001", "nm-01", 1),
            ("002", "nm-01", 0),
            ("001", "nm-02", 0),
        )
    ]
    assert len({checksums(spec)[0] for spec in specs}) == 4


def test_a_person_stays_who_it_is():
    walkers = [walker_of(WalkSpec("004", condition)) for condition in CONDITIONS]
    assert len({walker.body for walker in walkers}) == 1
    bags = {walker.outfit.bag and dataclasses.replace(walker.outfit.bag, colour=(0, 0, 0)) for walker in walkers}
    coats = {walker.outfit.coat and dataclasses.replace(walker.outfit.coat, colour=(0, 0, 0)) for walker in walkers}
    assert len(bags) == len(coats) == 2  # none, and the person's own
    assert len({walker.style.cadence_hz for walker in walkers}) == len(CONDITIONS)
    steady = WalkerDifficulty(walk_to_walk=0.0)
    assert len({walker_of(WalkSpec("004", f"nm-0{n}", difficulty=steady)).style.cadence_hz for n in (1, 2)}) == 1


def test_no_colour_gives_a_person_away():
    outfits = [walker_of(WalkSpec("004", condition)).outfit for condition in CONDITIONS]
    for colour in ("skin_colour", "hair_colour", "top_colour", "bottom_colour", "shoe_colour"):
        assert len({getattr(outfit, colour) for outfit in outfits}) >= len(CONDITIONS) - 2  # two may come out alike
    bags = {walker_of(WalkSpec("004", f"bg-0{n}")).outfit.bag.colour for n in (1, 2)}
    assert len(bags) == 2


def test_a_walker_is_wider_from_the_side_than_from_the_front():
    wide = {view: [] for view in ("000", "090", "180")}
    for spec in casia_b_walks(5, conditions=("nm-01",), views=tuple(wide), difficulty=CLEAN):
        for sequence in render_walk_views(spec):
            wide[sequence.view].append(widths(sequence.silhouettes))
    assert np.mean(wide["090"]) > 1.2 * np.mean(wide["000"])
    assert np.mean(wide["180"]) == pytest.approx(np.mean(wide["000"]), rel=0.1)


def test_the_walker_comes_at_000_and_goes_at_180():
    coming, going = render_walk_views(WalkSpec("001", "nm-01", views=("000", "180"), difficulty=CLEAN))
    tall = [sequence.silhouettes.any(axis=2).sum(axis=1).astype(float) for sequence in (coming, going)]
    assert tall[0][-8:].mean() > 1.1 * tall[0][:8].mean()
    assert tall[1][-8:].mean() < 0.9 * tall[1][:8].mean()


def test_bag_and_coat_show():
    area = {kind: [] for kind in ("nm", "bg", "cl")}
    for subject in range(1, 9):
        for kind, sizes in area.items():
            still = dataclasses.replace(CLEAN, walk_to_walk=0.0)
            sequence = render_walk(WalkSpec(f"{subject:03d}", f"{kind}-01", difficulty=still), "072")
            sizes.append((sequence.silhouettes > 0).sum(axis=(1, 2)).mean())
    nm, bg, cl = (np.array(area[kind]) for kind in ("nm", "bg", "cl"))
    assert (bg > 1.02 * nm).all()
    assert (cl > 1.05 * nm).all()
    assert cl.mean() > 1.15 * nm.mean()


def test_a_bag_holds_its_arm_still():
    for subject in range(1, 30):
        plain, loaded = (walker_of(WalkSpec(f"{subject:03d}", condition)) for condition in ("nm-01", "bg-01"))
        side = int(loaded.outfit.bag.side > 0)
        assert loaded.style.arm_freedom[side] < 0.9 * plain.style.arm_freedom[side]


@pytest.mark.parametrize("name", sorted(SKELETONS))
def test_joints_in_any_skeleton_lie_in_the_silhouettes(name):
    spec = WalkSpec("003", "nm-01", views=("018", "090", "144"), difficulty=CLEAN)
    flat = render_walk_views(spec, joints=name, joint_axes=2)
    deep = render_walk_views(spec, joints=name)
    for pixels, metres in zip(flat, deep, strict=True):
        assert pixels.skeleton == get_skeleton(name)
        assert (pixels.confidence == 1).all()
        columns, rows = np.floor(pixels.joints).astype(int).reshape(-1, 2).T
        frames = np.repeat(np.arange(pixels.num_frames), pixels.joints.shape[1])
        grown = np.zeros_like(pixels.silhouettes)  # toes, nose and finger tips may reach out by two pixels
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                grown |= np.roll(pixels.silhouettes, (dy, dx), axis=(1, 2))
        assert (grown[frames, rows, columns] > 0).all()
        inner = [
            f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "elbow", "shoulder")
        ]
        inside = pixels.silhouettes[frames, rows, columns].reshape(pixels.joints.shape[:2]) > 0
        assert inside[:, [pixels.skeleton.index(joint) for joint in inner]].mean() > 0.99
        # Metres in the camera's frame: 9 m away, and the same points once projected, but for the shift of the crop.
        assert 7 < metres.joints[..., 2].min() < metres.joints[..., 2].max() < 11
        rows_again = 80 - metres.joints[..., 1] / metres.joints[..., 2] * 540
        assert np.allclose(rows_again, pixels.joints[..., 1], atol=1e-2)
        columns_again = 60 + metres.joints[..., 0] / metres.joints[..., 2] * 540
        shift = pixels.joints[..., 0] - columns_again
        assert np.ptp(shift, axis=1).max() < 1e-2


def test_frames_show_the_same_person_before_a_still_scene():
    spec = WalkSpec("002", "nm-01", views=("000",), difficulty=CLEAN)
    sequence = render_walk_views(spec, frames=True)[0]
    assert sequence.modalities == ("silhouettes", "frames")
    assert sequence.frames.shape == (*sequence.silhouettes.shape, 3)
    person = sequence.silhouettes[20] > 0
    # Where nobody is in two frames, they agree but for sensor noise.
    empty = (sequence.silhouettes[10:12] == 0).all(axis=0)
    change = np.abs(np.diff(sequence.frames[10:12].astype(int), axis=0))[0]
    assert change[empty].mean() < 8
    background = np.median(sequence.frames[20][~person], axis=0)
    assert np.abs(sequence.frames[20][person] - background).mean() > 20
    again = render_walk_views(spec, silhouettes=False, frames=True)[0]
    assert again.modalities == ("frames",)


@pytest.mark.parametrize(
    ("subject", "condition", "text"),
    [("x", "nm-01", "positive number"), ("000", "nm-01", "positive"), ("001", "bq-01", "'bg'"), ("001", "nm", "nm-01")],
)
def test_malformed_specs_are_refused(subject, condition, text):
    with pytest.raises(UsageError, match=text):
        WalkSpec(subject, condition)
    with pytest.raises(UsageError, match="at least one camera"):
        WalkSpec("001", "ev-01", views=())


def test_no_subjects_no_data_set():
    with pytest.raises(UsageError, match="at least 1"):
        casia_b_walks(0)
