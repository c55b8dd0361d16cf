import dataclasses

import numpy as np
import pytest

from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import COCO_17, KINECT_V2_25, Skeleton, convert_joints
from gaitprint.synth.body import average_body, estimate_stature, sample_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle


def test_average_lengths_are_the_published_fractions_of_stature():
    body = average_body(1.80)
    # Drillis & Contini 1966: hip at 0.530, shoulder at 0.818 of stature, arm segments 0.186 and 0.146.
    assert body.leg / 1.8 == pytest.approx(0.530, abs=1e-6)
    assert (body.leg + body.trunk) / 1.8 == pytest.approx(0.818, abs=0.003)
    assert body.upper_arm / 1.8 == pytest.approx(0.185, abs=0.002)
    assert body.forearm / 1.8 == pytest.approx(0.1445, abs=0.002)


def test_people_differ_but_stay_human():
    bodies = [sample_body(np.random.default_rng(seed)) for seed in range(300)]
    statures = np.array([body.stature for body in bodies])
    assert 1.62 < statures.mean() < 1.75
    assert statures.min() > 1.4
    assert statures.max() < 2.0
    for body in bodies:
        assert all(value >= 0 for value in dataclasses.asdict(body).values())
        assert 0.47 < body.leg / body.stature < 0.60
        assert body.leg + body.trunk < 0.87 * body.stature
    waist = np.array([body.waist_depth / body.stature for body in bodies])
    chest = np.array([body.chest_depth / body.stature for body in bodies])
    assert np.corrcoef(waist, chest)[0, 1] > 0.4  # both follow the build
    assert 0.10 < waist.std() / waist.mean() < 0.35


def test_no_variation_leaves_two_kinds_of_proportions():
    bodies = [sample_body(np.random.default_rng(seed), 0.0) for seed in range(20)]
    assert len({round(body.waist_depth / body.stature, 9) for body in bodies}) == 2


def test_scaling_keeps_proportions():
    body = average_body(1.6)
    assert body.scaled(1.8).thigh == pytest.approx(body.thigh * 1.8 / 1.6)
    with pytest.raises(UsageError, match=r"0\.5\.\.2\.5"):
        body.scaled(17.0)


@pytest.mark.parametrize("target", [KINECT_V2_25, COCO_17])
def test_stature_is_recovered_from_legs(target):
    motion = walk(average_body(1.82), GaitStyle(), 20)
    joints, _ = convert_joints(motion.landmarks, LANDMARKS, target)
    assert estimate_stature(joints, target) == pytest.approx(1.82, abs=0.005)


def test_stature_needs_legs_in_metres():
    motion = walk(average_body(1.82), GaitStyle(), 3)
    joints, _ = convert_joints(motion.landmarks, LANDMARKS, COCO_17)
    with pytest.raises(UsageError, match="metres"):
        estimate_stature(joints * np.float32(100), COCO_17)
    bust = Skeleton("bust", ("left_shoulder", "right_shoulder"), (), ())
    with pytest.raises(UsageError, match="bust"):
        estimate_stature(joints[:, 5:7], bust)
