import numpy as np
import pytest

from gaitprint.synth.body import average_body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import Outfit
from gaitprint.synth.motion import walk
from gaitprint.synth.render import render_silhouettes
from gaitprint.synth.segmentation import SegmentationNoise
from gaitprint.synth.solids import dress
from gaitprint.synth.style import GaitStyle

CAMERA = Camera(view_deg=90)
NOTHING = {"edge_px": 0.0, "holes": 0.0, "missing_feet": 0.0, "patches": 0.0, "weak_part": 0.0}


@pytest.fixture(scope="module")
def scene():
    """A walk seen from the side: solids, shift of the crop, perfect masks."""
    body = average_body()
    motion = walk(body, GaitStyle(), 100)
    solids = dress(motion.landmarks, body, Outfit())
    shift = CAMERA.follow(motion.landmarks[:, 0])
    return solids, shift, render_silhouettes(solids, CAMERA, shift)


def noisy(scene, seed=0, **settings):
    solids, shift, _ = scene
    noise = SegmentationNoise(**{**NOTHING, **settings})
    return render_silhouettes(solids, CAMERA, shift, noise, np.random.default_rng(seed))


def test_no_noise_is_a_perfect_mask(scene):
    assert np.array_equal(noisy(scene), scene[2])
    assert np.array_equal(noisy(scene, level=0.0, holes=9.0), scene[2])


def test_edges_move_by_about_what_is_asked(scene):
    wrong = noisy(scene, edge_px=1.0) != scene[2]
    assert wrong.any(axis=(1, 2)).all()
    # Where a row is one unbroken run, the standard deviation of its left end is what was asked for (pixels round).
    rows = ((np.diff(scene[2].astype(int), axis=2) != 0).sum(axis=2) == 2) & (scene[2].sum(axis=2) > 255 * 8)
    left = noisy(scene, edge_px=1.0).argmax(axis=2)[rows].astype(int) - scene[2].argmax(axis=2)[rows]
    assert left.std() == pytest.approx(1.0, abs=0.25)
    assert abs(left.mean()) < 0.3


def test_holes_only_take_away(scene):
    torn = noisy(scene, holes=2.0)
    assert (torn <= scene[2]).all()
    lost = (torn != scene[2]).sum() / (scene[2] > 0).sum()
    assert 0.001 < lost < 0.05
    weak = noisy(scene, weak_part=1.0)
    assert (weak <= scene[2]).all()
    assert (weak != scene[2]).any()


def test_feet_go_missing_in_runs(scene):
    cut = noisy(scene, missing_feet=0.5)
    changed = (cut != scene[2]).any(axis=(1, 2))
    assert 0.1 < changed.mean() < 0.8
    assert np.diff(changed).sum() < 0.4 * changed.sum() + 2
    gone = np.argwhere(cut != scene[2])
    assert gone[:, 1].min() > 125  # the floor is at row 140


def test_patches_only_add_near_the_floor(scene):
    patched = noisy(scene, patches=0.9)
    assert (patched >= scene[2]).all()
    assert np.argwhere(patched != scene[2])[:, 1].min() > 125


def test_noise_is_seeded(scene):
    settings = {"edge_px": 0.5, "holes": 1.0, "missing_feet": 0.1, "patches": 0.1, "weak_part": 0.5}
    assert np.array_equal(noisy(scene, 3, **settings), noisy(scene, 3, **settings))
    assert not np.array_equal(noisy(scene, 3, **settings), noisy(scene, 4, **settings))
